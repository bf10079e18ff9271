"""The sentences of a page: everything that was read is there, packed and safe."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_analysis.errors import InputError
from wa_analysis.report import sentences
from wa_analysis.report.page import escape_json
from wa_analysis.report.sentences import COLUMNS, GOLD, NUMBER, Packer
from wa_analysis.report.study import make_studies

from .report_pages import CAREFUL, HOSTILE, drop_prediction, make_annotated

GRAMMAR, FLUENCY = make_studies(make_annotated())


def read_outputs(packed: dict[str, Any]) -> list[list[str | None]]:
    """Unpack what each system wrote, as the page's script does."""
    read: list[list[str | None]] = []
    for _, source, _, outputs, which in packed["rows"]:
        texts = [source if text == 0 else text for text, *_ in outputs]
        read.append([None if place < 0 else texts[place] for place in which])
    return read


def test_every_output_comes_back() -> None:
    for study in (GRAMMAR, FLUENCY):
        expected = zip(*(member.output.predictions for member in study.members), strict=True)
        assert read_outputs(Packer().pack_set(study)) == [list(row) for row in expected]


def test_a_text_that_systems_share_is_kept_once_and_the_source_as_0() -> None:
    _, shared = Packer().pack_set(FLUENCY)["rows"]
    assert (shared[3][0][0], len(shared[3]), shared[4]) == (0, 1, [0, 0])


def test_a_missing_prediction_has_no_place() -> None:
    careful, hostile = make_annotated()[:2]
    (study,) = make_studies([drop_prediction(careful, 3), hostile])
    packed = Packer().pack_set(study)
    assert packed["rows"][3][4] == [-1, 0]
    assert packed["rows"][2][3][0][2] is None  # a system without a score has none of a sentence


def test_a_text_that_systems_share_has_the_score_of_the_one_that_has_scores() -> None:
    careful, hostile = make_annotated()[2:]
    (study,) = make_studies([drop_prediction(careful, 0), hostile])
    (whole,) = make_studies([careful, hostile])
    assert Packer().pack_set(study)["rows"][1][3] == Packer().pack_set(whole)["rows"][1][3]
    assert Packer().pack_set(study)["rows"][1][3][0][2] is not None


def flags_of(index: int, system: str) -> list[int]:
    packed = Packer().pack_set(GRAMMAR)
    *_, outputs, which = packed["rows"][index]
    return [edit[4] for edit in outputs[which[packed["systems"].index(system)]][1]]


def test_the_papers_hallucination_carries_every_entity_flag() -> None:
    """LLaMA inserts Kate before Ashby (arXiv 2305.13225, the case of the analysis)."""
    assert flags_of(0, HOSTILE) == [sum(COLUMNS.values())]
    assert flags_of(0, CAREFUL) == []


def test_an_edit_of_the_gold_is_marked_and_so_is_a_changed_number() -> None:
    assert flags_of(1, CAREFUL) == [GOLD]
    assert flags_of(2, HOSTILE)[0] & NUMBER
    assert not flags_of(2, HOSTILE)[0] & GOLD


def test_references_carry_the_edits_of_their_annotator() -> None:
    _, _, ((text, edits, score),), _, _ = Packer().pack_set(GRAMMAR)["rows"][1]
    assert (text, [edit[:3] + edit[4:] for edit in edits], score) == (
        "She goes home .",
        [[1, 2, "goes", GOLD]],
        None,
    )
    first, _ = Packer().pack_set(FLUENCY)["rows"]
    assert [[edit[2] for edit in edits] for _, edits, _ in first[2]] == [["went"], ["goes"]]


def test_types_are_counted_over_all_sets_the_most_frequent_first() -> None:
    packer = Packer()
    packed = packer.pack([packer.pack_set(GRAMMAR), packer.pack_set(FLUENCY)])
    assert [each["name"] for each in packed["types"]] == ["R:OTHER", "M:OTHER"]
    assert packed["titles"] == ["BEA", "JFL"]
    assert packed["tasks"] == ["grammaticality", "fluency"]


def test_more_text_than_a_browser_can_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "MOST_TEXT", 10)
    packer = Packer()
    with pytest.raises(InputError, match="make a report for each test set"):
        packer.pack([packer.pack_set(FLUENCY)])


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_escaped_json_is_the_same_json_without_a_sign_of_markup(value: Any) -> None:
    text = escape_json(value)
    assert json.loads(text) == value
    assert not re.search("[<>&\u2028\u2029]", text)
