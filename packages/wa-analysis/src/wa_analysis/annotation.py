"""Outputs to annotated outputs: the edits of every sentence, and what spaCy says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wa_analysis.pipeline import Pipeline, find_pipeline
from wa_metrics.edits import NOOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wa_analysis.facts import Facts
    from wa_analysis.outputs import Output, TestSet
    from wa_metrics.edits import Edit


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
    of another set (`gold_kind`), without `noop`. `model` is the spaCy model with its version.
    """

    output: Output
    corrections: tuple[Correction | None, ...]
    gold: tuple[tuple[tuple[Edit, ...], ...], ...]
    gold_kind: Literal["edits", "references", "none"]
    model: str


def annotate_outputs(
    outputs: Sequence[Output],
    *,
    spacy_model: str = "",
    workers: int = 1,
    store: None = None,
) -> list[Annotated]:
    """Annotate outputs in one pass of spaCy over all of them; each text is parsed once.

    Raises:
        InputError: `spacy_model` names no pipeline that finds entities.
        MissingExtraError: spaCy, errant or a model is not installed.
    """
    model = find_pipeline(spacy_model)
    pipeline = Pipeline(model)
    golds: dict[int, tuple[tuple[tuple[Edit, ...], ...], ...]] = {}
    annotated = []
    for output in outputs:
        test_set = output.test_set
        if id(test_set) not in golds:
            golds[id(test_set)] = tuple(_find_gold(test_set, pipeline))
        corrections = tuple(
            None if prediction is None else _correct(row.source, prediction, pipeline)
            for row, prediction in zip(test_set.sentences, output.predictions, strict=True)
        )
        kind = _kind_of_gold(test_set)
        annotated.append(Annotated(output, corrections, golds[id(test_set)], kind, model.label))
    return annotated


def _kind_of_gold(test_set: TestSet) -> Literal["edits", "references", "none"]:
    if test_set.has_gold_edits:
        return "edits"
    return "references" if any(row.references for row in test_set.sentences) else "none"


def _find_gold(test_set: TestSet, pipeline: Pipeline):  # type: ignore[no-untyped-def]
    for row in test_set.sentences:
        if test_set.has_gold_edits:
            by_annotator: dict[int, list[Edit]] = {}
            for edit in row.edits:
                found = by_annotator.setdefault(edit.annotator, [])
                if edit.type != NOOP:
                    found.append(edit)
            yield tuple(map(tuple, by_annotator.values())) or ((),)
        else:
            yield tuple(_extract(row.source, text, pipeline) for text in row.references)


def _extract(source: str, text: str, pipeline: Pipeline) -> tuple[Edit, ...]:
    orig, cor = pipeline.read(source), pipeline.read(text)
    if orig.words == cor.words:
        return ()
    pipeline.parse([orig, cor])
    return pipeline.extract(orig, cor, pipeline.plan(orig, cor))


def _correct(source: str, text: str, pipeline: Pipeline) -> Correction:
    orig, cor = pipeline.read(source), pipeline.read(text)
    if orig.words == cor.words:
        return Correction(tuple(orig.words), tuple(cor.words), (), None, None)
    facts = pipeline.find_facts([orig, cor])
    edits = pipeline.extract(orig, cor, pipeline.plan(orig, cor))
    return Correction(tuple(orig.words), tuple(cor.words), edits, *facts)
