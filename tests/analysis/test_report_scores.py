"""Scores of a report: those of wa-metrics, with baselines, records, and the paper's beside them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from wa_analysis.report.score_tables import describe_scores
from wa_analysis.report.scoring import COPY
from wa_analysis.report.study import Study, cite_scores, make_studies
from wa_analysis.scores import Bounds, ScoreRecord
from wa_metrics.errant import ERRANT
from wa_metrics.gleu import GLEU
from wa_metrics.m2 import M2Sentence

from .report_pages import CAREFUL, HOSTILE, drop_prediction, make_annotated

GRAMMAR, FLUENCY = make_studies(make_annotated())


def record(**fields: Any) -> ScoreRecord:
    own = GRAMMAR.own_scores()[CAREFUL]
    made: dict[str, Any] = {
        "run": None, "model": CAREFUL, "decoding": None, "seed": None, "task": "grammaticality",
        "benchmark": "bea19_dev", "abbrev": "BEA", "split": "test", "metric": "errant",
        "score": own.score, "parts": {"p": 1.0, "r": 1.0, "f": 1.0}, "n": 30, "ci": None,
        "signature": own.signature, "predictions_sha256": "00", "place": "scores.jsonl:1",
    }  # fmt: skip
    return ScoreRecord(**(made | fields))


def study_with(*records: ScoreRecord) -> Study:
    return make_studies(make_annotated(), records=records)[0]


def test_errant_is_that_of_wa_metrics_for_the_same_edits() -> None:
    member = GRAMMAR.members[1]
    rows = GRAMMAR.test_set.sentences
    edits = [
        M2Sentence(row.source, correction.edits if correction else (), number)
        for number, (row, correction) in enumerate(zip(rows, member.corrections, strict=True), 1)
    ]
    gold = [M2Sentence(row.source, row.edits, number) for number, row in enumerate(rows, 1)]
    expected = ERRANT().corpus_score(predictions=edits, references=gold, ci=True)
    own = GRAMMAR.own_scores()[HOSTILE]
    assert (own.score, dict(own.parts)) == (expected.score, dict(expected.parts))
    assert expected.ci is not None
    assert (own.low, own.high) == (expected.ci.low, expected.ci.high)
    assert own.signature == expected.signature.replace("hyp:m2", "tok:none|" + own_versions(own))


def own_versions(scored: Any) -> str:
    """Give what the signature of texts says of ERRANT beside that of edits."""
    return str(scored.signature).partition("tok:none|")[2].partition("|version")[0]


def test_gleu_is_that_of_wa_metrics_for_the_same_texts() -> None:
    rows = FLUENCY.test_set.sentences
    expected = GLEU(rng="py2").corpus_score(
        predictions=["He went there .", "A good day ."],
        sources=[row.source for row in rows],
        references=[list(row.references) for row in rows],
    )
    own = FLUENCY.own_scores()[CAREFUL]
    assert (own.score, own.signature) == (expected.score, expected.signature)


def test_copying_the_input_is_a_row_of_its_own() -> None:
    copied = next(each for each in GRAMMAR.scored if each.system == COPY)
    assert (copied.kind, copied.score, copied.parts["fn"]) == ("baseline", 0.0, 29)


def test_several_references_are_scored_each_against_the_others() -> None:
    (references,) = [each for each in FLUENCY.scored if each.system.startswith("references")]
    assert references.system == "references, each against the other 1 (mean)"
    rows = FLUENCY.test_set.sentences
    each = [
        GLEU(rng="py2").corpus_score(
            predictions=[row.references[own] for row in rows],
            sources=[row.source for row in rows],
            references=[[row.references[1 - own]] for row in rows],
        )
        for own in (0, 1)
    ]
    assert references.score == pytest.approx(sum(score.score for score in each) / 2)
    assert not any(each.system.startswith("references") for each in GRAMMAR.scored)
    (table,) = describe_scores([FLUENCY], {}).tables
    assert f"References against each other: {references.signature}" in table.notes


def test_a_system_that_left_a_sentence_out_has_no_score_and_is_named() -> None:
    careful, hostile = make_annotated()[:2]
    (study,) = make_studies([drop_prediction(careful, 3), hostile])
    assert list(study.own_scores()) == [HOSTILE]
    (table,) = describe_scores([study], {}).tables
    assert f"Left sentences out, so without a score: {CAREFUL}." in table.notes


def test_sentences_and_lengths_add_up_to_the_score() -> None:
    own = GRAMMAR.own_scores()[CAREFUL]
    assert own.sentences is not None
    assert own.stats is not None
    assert own.sentences[3] == 0.0  # the tea
    assert own.sentences[0] == 100.0  # nothing to do, nothing done
    bins = GRAMMAR.by_length()
    assert [(each.name, each.sentences) for each in bins] == [("1-10", 30)]
    assert bins[0].scores[CAREFUL] == pytest.approx(own.score)


def test_a_record_of_what_was_scored_here_is_not_shown_again() -> None:
    assert [each.kind for each in study_with(record()).scored] == ["system", "system", "baseline"]


def test_a_record_that_says_another_score_is_shown_with_its_place() -> None:
    study = study_with(record(score=12.0))
    assert study.scored[-1].system == f"{CAREFUL}, as scores.jsonl:1 says"


def test_a_record_of_another_system_stands_in_the_same_table() -> None:
    bounds = Bounds(40.0, 60.0, 0.95)
    study = study_with(record(model="elsewhere", score=50.0, ci=bounds))
    (table,) = describe_scores([study], {}).tables
    cells = next(row.cells for row in table.rows if row.cells[0].text == "model elsewhere")
    assert [cell.text for cell in cells[:3]] == ["model elsewhere", "50.00", "40.00 - 60.00"]


def test_two_signatures_never_share_a_column() -> None:
    other = record(model="elsewhere", signature="ERRANT|version:9")
    tables = describe_scores([study_with(other)], {}).tables
    assert [len(table.rows) for table in tables] == [3, 1]
    assert tables[1].notes[0] == "Signature: ERRANT|version:9"


def test_a_record_of_another_test_set_is_not_looked_at() -> None:
    assert len(study_with(record(benchmark="conll14")).scored) == 3


def test_the_best_system_is_bold_and_the_second_underlined() -> None:
    (table,) = describe_scores([GRAMMAR], {}).tables
    kinds = {row.cells[0].text: row.cells[1].kind for row in table.rows}
    assert kinds == {CAREFUL: "best", HOSTILE: "second", COPY: ""}


def test_the_paper_is_cited_for_its_own_test_set_alone() -> None:
    """Made-up sentences under the name of a benchmark are another set."""
    assert GRAMMAR.cited == []
    row = GRAMMAR.test_set.sentences[0]
    whole = replace(GRAMMAR.test_set, sentences=(row,) * 4384)
    cited = {each.system: each for each in cite_scores(whole)}
    assert (cited["T5-Large (770M)"].p, cited["T5-Large (770M)"].score) == (
        Decimal("60.5"),
        Decimal("56.0"),
    )
    assert cited["previous best"].source == "arXiv 2305.13225 v2 Table 5"
    assert cite_scores(replace(whole, metric="m2")) == []
    assert cite_scores(replace(whole, split="validation")) == []


def test_cited_rows_keep_the_papers_decimals() -> None:
    row = GRAMMAR.test_set.sentences[0]
    cited = cite_scores(replace(GRAMMAR.test_set, sentences=(row,) * 4384))
    (table,) = describe_scores([replace(GRAMMAR, cited=cited)], {}).tables
    shown = {row.cells[0].text: [cell.text for cell in row.cells[1:5]] for row in table.rows}
    assert shown["LLaMA-7B-GEC *"] == ["54.6", "-", "58.5", "43.1"]
    assert shown["full fine-tuning *"] == ["47.66", "-", "-", "-"]
