"""Outputs to annotated outputs: the edits of every sentence, and what spaCy says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wa_analysis.facts import GoldEdits
from wa_analysis.outputs import gather_outputs
from wa_analysis.spacy_model import find_spacy_model
from wa_analysis.survey import survey
from wa_analysis.tokens import make_tokeniser
from wa_metrics.edits import NOOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from wa_analysis.facts import Facts, Found, Pair
    from wa_analysis.outputs import Output, TestSet
    from wa_analysis.store import Store
    from wa_analysis.survey import Progress
    from wa_metrics.edits import Edit

GoldKind = Literal["edits", "references", "none"]


@dataclass(frozen=True, slots=True)
class Correction:
    """Hold one sentence as one system wrote it.

    `source` and `output` are tokens, `edits` ERRANT's from the one to the other, from left to
    right, without `noop`. The facts are None where nothing was changed.
    """

    source: tuple[str, ...]
    output: tuple[str, ...]
    edits: tuple[Edit, ...]
    source_facts: Facts | None
    output_facts: Facts | None


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """Hold the corrections of one output, None where there is no prediction, and the gold.

    `gold[sentence][annotator]` are the gold edits of an M2 set, or ERRANT's edits to each reference
    of another set (`gold_kind`), without `noop`. Where they are of another scheme, such as
    CoNLL-2014's, they have the types that ERRANT gives them, and their own spans and corrections.
    `model` is the spaCy model that found the entities, with its version; `tokens` is how
    predictions became tokens: none (as they are), treebank or spacy.
    """

    output: Output
    corrections: tuple[Correction | None, ...]
    gold: tuple[tuple[tuple[Edit, ...], ...], ...]
    gold_kind: GoldKind
    model: str
    tokens: str


@dataclass(frozen=True, slots=True)
class _Texts:
    """Hold the texts of one test set as tokens between blanks, its systems' in their order."""

    test_set: TestSet
    outputs: Sequence[Output]
    sources: Sequence[str]
    references: Sequence[Sequence[str]]
    predictions: Sequence[Sequence[str | None]]
    tokens: str

    def system_pairs(self) -> Iterator[Pair]:
        """Yield each source with each prediction that changes it."""
        for source, *row in zip(self.sources, *self.predictions, strict=True):
            yield from ((source, text) for text in row if text is not None and text != source)

    def reference_pairs(self) -> Iterator[Pair]:
        """Yield each source with each reference that changes it, where references are the gold."""
        for source, row in zip(self.sources, self.references, strict=True):
            yield from ((source, text) for text in row if text != source)

    def foreign_gold(self) -> Iterator[GoldEdits]:
        """Yield the edits of each annotator where their types are not ERRANT's."""
        if not self.test_set.has_errant_types:
            for source, row in zip(self.sources, self.test_set.sentences, strict=True):
                yield from (GoldEdits(source, edits) for edits in group_edits(row.edits) if edits)


def annotate_outputs(
    outputs: Sequence[Output],
    *,
    spacy_model: str = "",
    workers: int = 1,
    store: Store | None = None,
    progress: Progress | None = None,
) -> list[Annotated]:
    """Annotate outputs, in their order, in one pass of spaCy over all of them.

    Only what the store does not hold is parsed, and of that only texts that differ from their
    source, and these sources; each once. Edits are ERRANT's on its own model, whichever
    `spacy_model` finds the entities (the name of a package or the path of a folder; by default
    ERRANT's). With more than one of `workers` the texts are read in as many processes.

    Raises:
        InputError: `spacy_model` is no pipeline that finds entities.
        MissingExtraError: spaCy, errant or a model is not installed.
        WorkerError: a worker process failed.
    """
    model = find_spacy_model(spacy_model)
    sets = []
    for test_set, members in gather_outputs(outputs):
        tokeniser = make_tokeniser(test_set, model, store)
        is_gold = find_gold_kind(test_set) == "references"
        sets.append(
            _Texts(
                test_set,
                members,
                tokeniser.sources(),
                tokeniser.references() if is_gold else [()] * len(test_set.sentences),
                [tokeniser.predictions(output) for output in members],
                tokeniser.how,
            )
        )
    changed = [pair for texts in sets for pair in texts.system_pairs()]
    pairs = dict.fromkeys([*changed, *(pair for texts in sets for pair in texts.reference_pairs())])
    texts = dict.fromkeys(text for pair in changed for text in pair)
    golds = dict.fromkeys(gold for texts in sets for gold in texts.foreign_gold())
    found = survey(pairs, texts, golds, model, workers=workers, store=store, progress=progress)
    made = {
        id(annotated.output): annotated
        for texts in sets
        for annotated in _assemble(texts, found, model.label)
    }
    return [made[id(output)] for output in outputs]


def find_gold_kind(test_set: TestSet) -> GoldKind:
    """Tell what the gold of a test set is."""
    if test_set.has_gold_edits:
        return "edits"
    return "references" if any(row.references for row in test_set.sentences) else "none"


def _assemble(texts: _Texts, found: Found, model: str) -> Iterator[Annotated]:
    kind = find_gold_kind(texts.test_set)
    if kind == "edits":
        gold = tuple(
            tuple(_retype(source, edits, found) for edits in group_edits(row.edits))
            for source, row in zip(texts.sources, texts.test_set.sentences, strict=True)
        )
    else:
        gold = tuple(
            tuple(found.edits.get((source, text), ()) for text in row)
            for source, row in zip(texts.sources, texts.references, strict=True)
        )
    sources = [tuple(source.split()) for source in texts.sources]
    for output, predictions in zip(texts.outputs, texts.predictions, strict=True):
        corrections: list[Correction | None] = []
        for source, words, text in zip(texts.sources, sources, predictions, strict=True):
            if text is None:
                corrections.append(None)
            elif text == source:
                corrections.append(Correction(words, words, (), None, None))
            else:
                corrections.append(
                    Correction(
                        words,
                        tuple(text.split()),
                        found.edits[source, text],
                        found.facts[source],
                        found.facts[text],
                    )
                )
        yield Annotated(output, tuple(corrections), gold, kind, model, texts.tokens)


def _retype(source: str, edits: tuple[Edit, ...], found: Found) -> tuple[Edit, ...]:
    types = found.types.get(GoldEdits(source, edits))
    if types is None:
        return edits
    return tuple(edit._replace(type=kind) for edit, kind in zip(edits, types, strict=True))


def group_edits(edits: Iterable[Edit]) -> tuple[tuple[Edit, ...], ...]:
    """Return the edits of each annotator, in order of appearance; one who changed nothing stays."""
    by_annotator: dict[int, list[Edit]] = {}
    for edit in edits:
        kept = by_annotator.setdefault(edit.annotator, [])
        if edit.type != NOOP:
            kept.append(edit)
    return tuple(map(tuple, by_annotator.values())) or ((),)
