"""The tokens that edits and entities count: those of the gold, or spaCy's of natural text.

A test set is tokenised (M2 sets always are; else `wa_metrics.retokenisation` sees it from how its
sources end) or natural. Of a tokenised set the sources and references stay as they are, and the
predictions are brought to its tokens where systems saw natural text. Of a natural set all texts
become spaCy's tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from wa_analysis.store import make_key
from wa_metrics.retokenisation import is_tokenised, retokenise
from wa_metrics.variants import find_variant

if TYPE_CHECKING:
    from wa_analysis.outputs import Output, TestSet
    from wa_analysis.spacy_model import SpacyModel
    from wa_analysis.store import Store

_SEPARATORS = (",", ":")
Texts = list[str | None]
How = Literal["none", "treebank", "spacy"]


@dataclass(frozen=True, slots=True)
class Tokeniser:
    """Tokenise the texts of one test set; texts between single blanks come out.

    `how` is what makes tokens of predictions: none, treebank or spacy.
    """

    test_set: TestSet
    versions: str
    store: Store | None
    how: How
    is_natural: bool

    def sources(self) -> list[str]:
        """Return the sources."""
        return self._tokenise([row.source for row in self.test_set.sentences])

    def references(self) -> list[list[str]]:
        """Return the references of each sentence."""
        rows = [row.references for row in self.test_set.sentences]
        flat = iter(self._tokenise([text for row in rows for text in row]))
        return [[next(flat) for _ in row] for row in rows]

    def predictions(self, output: Output) -> Texts:
        """Return the predictions of a system; None stays."""
        given = [text for text in output.predictions if text is not None]
        if self.is_natural or self.how == "none":
            made = iter(self._tokenise(given))
        else:
            rows = zip(self.test_set.sentences, output.predictions, strict=True)
            sources = [row.source for row, text in rows if text is not None]
            made = iter(
                self._kept(
                    ["retokenise", self.how, *sources, "to", *given],
                    lambda: retokenise(given, sources=sources, how=self.how),
                )
            )
        return [
            None if text is None else " ".join(next(made).split()) for text in output.predictions
        ]

    def _tokenise(self, texts: Sequence[str]) -> list[str]:
        if not self.is_natural:
            return [" ".join(text.split()) for text in texts]
        return self._kept(["tokenise", *texts], lambda: list(map(_by_spacy(), texts)))

    def _kept(self, key_of: Sequence[str], make: Callable[[], list[str]]) -> list[str]:
        """Return what the store keeps, or make it: a tokeniser takes seconds to import."""
        if self.store is None:
            return make()
        key = make_key("tokens", self.versions, *key_of)
        kept = self.store.recall([key]).get(key)
        if kept is not None:
            return list(map(str, json.loads(kept)))
        made = make()
        self.store.keep({key: json.dumps(made, separators=_SEPARATORS).encode()})
        return made


def make_tokeniser(test_set: TestSet, model: SpacyModel, store: Store | None) -> Tokeniser:
    """Return what tokenises the texts of a test set."""
    sources = [row.source for row in test_set.sentences]
    is_natural = not test_set.has_gold_edits and not is_tokenised(sources)
    how: How = "none"
    if is_natural:
        how = "spacy"
    elif test_set.input_format == "natural":
        how = find_variant(test_set.metric).natural or "treebank"
    return Tokeniser(test_set, model.versions, store, how, is_natural)


@cache
def _by_spacy() -> Callable[[str], str]:
    import spacy

    tokenizer = spacy.blank("en").tokenizer
    return lambda text: " ".join(token.text for token in tokenizer(" ".join(text.split())))
