"""Outputs of made-up systems, annotated by hand or by spaCy."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import pytest

from wa_analysis.annotation import Annotated, Correction, GoldKind, annotate_outputs
from wa_analysis.facts import Entity, Facts
from wa_analysis.outputs import Output, Sentence, TestSet
from wa_metrics.edits import Edit, corrected_references
from wa_metrics.errant.model import find_versions

needs_spacy = pytest.mark.skipif(
    find_spec("spacy") is None or "model" not in find_versions(),
    reason="spaCy with its small English model is not installed",
)

NO_FACTS = Facts((), ())


def make_set(
    sources: Sequence[str],
    *,
    edits: Sequence[Sequence[Edit]] = (),
    references: Sequence[Sequence[str]] = (),
    metric: str = "",
    input_format: str = "tokenised",
) -> TestSet:
    """Make a test set: an M2 set if there are edits, else one with references or with nothing."""
    rows = []
    for number, source in enumerate(sources):
        gold = tuple(edits[number]) if edits else ()
        texts = corrected_references(source, gold) if edits else ()
        rows.append(
            Sentence(
                f"set-test-{number}",
                source,
                tuple(references[number]) if references else texts,
                gold,
            )
        )
    word = metric or ("errant" if edits else "none")
    return TestSet("fluency", "set", "SET", "test", word, input_format, tuple(rows))


def make_output(test_set: TestSet, predictions: Sequence[str | None], system: str = "a") -> Output:
    return Output(system, None, system, None, None, test_set, tuple(predictions), "a.jsonl")


def correct(source: str, output: str, *edits: Edit) -> Correction:
    """Make a correction with these edits, and no entities."""
    facts = NO_FACTS if source != output else None
    return Correction(tuple(source.split()), tuple(output.split()), tuple(edits), facts, facts)


def annotate_by_hand(
    *corrections: Correction | None,
    gold: Sequence[Sequence[Sequence[Edit]]] = (),
    kind: GoldKind = "none",
) -> Annotated:
    """Make an annotated output; `gold[sentence][annotator]` are edits, none being a noop."""
    sources = [" ".join(each.source) if each else "x " * 9 for each in corrections]
    rows = [
        [
            edit._replace(annotator=annotator)
            for annotator, edits in enumerate(row)
            for edit in edits or [Edit(annotator, -1, -1, "noop", "-NONE-")]
        ]
        for row in gold
    ]
    predictions = [" ".join(each.output) if each else None for each in corrections]
    return Annotated(
        make_output(make_set(sources, edits=rows if kind == "edits" else ()), predictions),
        tuple(corrections),
        tuple(tuple(map(tuple, row)) for row in gold) or ((),) * len(corrections),
        kind,
        "by_hand-1.0",
        "none",
    )


def annotate(*pairs: tuple[str, str], references: Sequence[Sequence[str]] = ()) -> Annotated:
    """Annotate sources and predictions by spaCy."""
    test_set = make_set([source for source, _ in pairs], references=references)
    output = make_output(test_set, [text for _, text in pairs])
    return annotate_outputs([output])[0]


def find(words: str, tokens: str, label: str) -> Entity:
    """Make an entity of some words of a text."""
    part, whole = words.split(), tokens.split()
    starts = [at for at in range(len(whole)) if whole[at : at + len(part)] == part]
    return Entity(starts[0], starts[0] + len(part), label)
