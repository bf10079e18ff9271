"""One spaCy pipeline for ERRANT's edits and for entities, so that a text is parsed once.

ERRANT's parse is that of wa-metrics, on spaCy's small English model. Entities come from the same
model's own component, run behind that parse, or from another pipeline that the user names.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from wa_analysis.errors import InputError
from wa_analysis.facts import Entity, Facts, Found, GoldEdits, Pair
from wa_analysis.retyping import apply_gold, type_edits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spacy.language import Language
    from spacy.tokens import Doc

    from wa_analysis.spacy_model import SpacyModel
    from wa_metrics.errant.model import Parser, Sentence

_AT_ONCE = 96


class Block(NamedTuple):
    """Hold what is to be found out at once: edits of pairs, facts of texts, types of gold edits."""

    pairs: list[Pair]
    texts: list[str]
    golds: list[GoldEdits]

    @property
    def size(self) -> int:
        """How much there is to find out."""
        return len(self.pairs) + len(self.texts) + len(self.golds)

    def extend(self, other: Block) -> None:
        """Add what another block holds."""
        self.pairs.extend(other.pairs)
        self.texts.extend(other.texts)
        self.golds.extend(other.golds)


class Pipeline:
    """Parse texts as ERRANT does, find their entities, and extract the edits of pairs."""

    def __init__(self, model: SpacyModel) -> None:
        from wa_metrics.errant.extraction import Extractor
        from wa_metrics.errant.model import load_parser

        self._parser = load_parser()
        self._extractor = Extractor()
        self._annotator: Any = None
        self._other = None if model.is_errants else _load_other(model)

    def tokenise(self, text: str) -> str:
        """Return the tokens of natural text, between single blanks."""
        return " ".join(self._parser.read(" ".join(text.split()), tok=True).words)

    def read(self, block: Block) -> Found:
        """Find out a block; each text is parsed once, and only where something needs it."""
        sentences = _Sentences(self._parser)
        described = [sentences[text] for text in block.texts]
        needed = [] if self._other else list(described)
        plans = []
        for source, text in block.pairs:
            orig, cor = sentences[source], sentences[text]
            plan = self._extractor.plan(orig.words, cor.words)
            needed += [orig] * plan.needs_orig + [cor] * plan.needs_cor
            plans.append((orig, cor, plan))
        applied = []
        for gold in block.golds:
            places, text = apply_gold(gold)
            orig, cor = sentences[gold.source], sentences[text]
            needed += [orig, cor]
            applied.append((gold, places, orig, cor))
        self._parser.parse(needed)
        edits = [tuple(self._extractor.extract(*each)) for each in plans]
        facts = self._find_facts(described)
        types = [type_edits(*each, self._errant()) for each in applied]
        return Found(
            dict(zip(block.pairs, edits, strict=True)),
            dict(zip(block.texts, facts, strict=True)),
            dict(zip(block.golds, types, strict=True)),
        )

    def _errant(self) -> Any:
        """Return an annotator of errant that classifies what the parser parsed."""
        if self._annotator is None:
            import errant  # type: ignore[import-untyped]

            self._annotator = errant.load("en", self._parser.nlp)
        return self._annotator

    def _find_facts(self, sentences: Sequence[Sentence]) -> Iterator[Facts]:
        if self._other:
            from spacy.tokens import Doc

            docs = [Doc(self._other.vocab, sentence.words) for sentence in sentences]
            return map(_describe, self._other.pipe(docs, batch_size=_AT_ONCE))
        # Loaded with the model, if not run by it; it changes nothing of the parse before it.
        ner: Any = self._parser.nlp.get_pipe("ner")
        docs = [sentence.doc for sentence in sentences]
        return map(_describe, ner.pipe(docs, batch_size=_AT_ONCE))


class _Sentences(dict[str, "Sentence"]):
    """Make a sentence of a text when it is first asked for."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self._parser = parser

    def __missing__(self, text: str) -> Sentence:
        made = self[text] = self._parser.read(text)
        return made


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
