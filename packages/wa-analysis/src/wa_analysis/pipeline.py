"""One spaCy pipeline for ERRANT's edits and for entities, so that a text is parsed once.

ERRANT's parse is that of wa-metrics, on spaCy's small English model. Entities come from the same
model's own component, run behind that parse, or from another pipeline that the user names.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from wa_analysis.errors import InputError
from wa_analysis.facts import Entity, Facts, Found, Pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spacy.language import Language
    from spacy.tokens import Doc

    from wa_analysis.spacy_model import SpacyModel
    from wa_metrics.errant.model import Sentence

_AT_ONCE = 96


class Block(NamedTuple):
    """Hold what is to be found out at once: the edits of pairs, and the facts of texts."""

    pairs: Sequence[Pair]
    texts: Sequence[str]


class Pipeline:
    """Parse texts as ERRANT does, find their entities, and extract the edits of pairs."""

    def __init__(self, model: SpacyModel) -> None:
        from wa_metrics.errant.extraction import Extractor
        from wa_metrics.errant.model import load_parser

        self._parser = load_parser()
        self._extractor = Extractor()
        self._other = None if model.is_errants else _load_other(model)

    def tokenise(self, text: str) -> str:
        """Return the tokens of natural text, between single blanks."""
        return " ".join(self._parser.read(" ".join(text.split()), tok=True).words)

    def read(self, block: Block) -> Found:
        """Find out a block; each text is parsed once, and only where something needs it."""
        sentences: dict[str, Sentence] = {}
        for text in (*(text for pair in block.pairs for text in pair), *block.texts):
            if text not in sentences:
                sentences[text] = self._parser.read(text)
        described = [sentences[text] for text in block.texts]
        needed = [] if self._other else list(described)
        plans = []
        for source, text in block.pairs:
            orig, cor = sentences[source], sentences[text]
            plan = self._extractor.plan(orig.words, cor.words)
            needed += [orig] * plan.needs_orig + [cor] * plan.needs_cor
            plans.append((orig, cor, plan))
        self._parser.parse(needed)
        edits = [tuple(self._extractor.extract(*each)) for each in plans]
        facts = self._find_facts(described)
        return Found(
            dict(zip(block.pairs, edits, strict=True)),
            dict(zip(block.texts, facts, strict=True)),
        )

    def _find_facts(self, sentences: Sequence[Sentence]) -> Iterator[Facts]:
        if self._other:
            from spacy.tokens import Doc

            docs = [Doc(self._other.vocab, sentence.words) for sentence in sentences]
            return map(_describe, self._other.pipe(docs, batch_size=_AT_ONCE))
        # Loaded with the model, if not run by it; it changes nothing of the parse before it.
        ner: Any = self._parser.nlp.get_pipe("ner")
        docs = [sentence.doc for sentence in sentences]
        return map(_describe, ner.pipe(docs, batch_size=_AT_ONCE))


@contextmanager
def without_torch() -> Iterator[None]:
    """Import spaCy inside without torch, which takes longer than the work on a thousand sentences.

    spaCy imports torch wherever it is installed; the small English model does not use it. For
    processes of our own alone: what is imported so can load no model that needs torch.
    """
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["torch"]


def _load_other(model: SpacyModel) -> Language:
    import spacy

    try:
        nlp = spacy.load(model.name)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(
            f"--spacy-model {model.name}: expected a pipeline that this spaCy can load, got "
            f"{' '.join(str(error).split())}; install one made for it"
        ) from error
    if not any("doc.ents" in nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names):
        raise InputError(
            f"--spacy-model {model.name}: expected a pipeline that finds entities (ner), got the "
            f"components {', '.join(nlp.pipe_names) or 'none'}; name another model"
        )
    return nlp


def _describe(doc: Doc) -> Facts:
    entities = tuple(Entity(span.start, span.end, span.label_) for span in doc.ents)
    return Facts(entities, tuple(token.i for token in doc if token.pos_ == "PROPN"))
