"""Groups to records of the scores contract: the metric's own figures are the oracle."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from wa_metrics.beside import BLEU
from wa_metrics.errors import InputError
from wa_metrics.gleu import GLEU
from wa_metrics.groups import Group, read_groups
from wa_metrics.rows import parse_row
from wa_metrics.sari import SARI
from wa_metrics.scoring import Scorer, score_groups

from .command import row

FIELDS = (
    "run model decoding seed task benchmark abbrev split metric score parts n ci signature "
    "predictions_sha256"
).split()
SOURCES = ["He go home .", "The dog , it barks , loud .", "Well ."]
REFERENCES = [
    ["He goes home .", "He went home ."],
    ["The dog barks loudly .", "The dog is barking loudly ."],
    ["Well .", "Fine ."],
]
TEXTS = ["He goes home .", "The dog barks , loudly .", "Well ."]


def groups_of(*rows: dict[str, Any]) -> list[Group]:
    return read_groups(
        parse_row(record, place=f"x:{number}") for number, record in enumerate(rows, 1)
    )


def rows_of(texts: list[str], **fields: Any) -> list[dict[str, Any]]:
    return [
        row(number, input=source, references=references, prediction=text, **fields)
        for number, (source, references, text) in enumerate(
            zip(SOURCES, REFERENCES, texts, strict=True)
        )
    ]


def records_of(groups: list[Group], scorer: Scorer, **options: Any) -> list[dict[str, Any]]:
    found = list(score_groups(groups, scorer, **options))
    assert all(isinstance(record, dict) for record in found), found
    return found  # type: ignore[return-value]


def test_a_record_has_the_fields_of_the_contract_and_the_metrics_figures() -> None:
    groups = groups_of(*rows_of(TEXTS))
    (record,) = records_of(groups, Scorer(ci=True, resamples=50, seed=7))
    expected = GLEU(rng="py2").corpus_score(
        sources=SOURCES, references=REFERENCES, predictions=TEXTS, ci=True, resamples=50, seed=7
    )
    assert list(record) == FIELDS
    assert record == {
        **dict(zip(FIELDS, ["first", "tiny", "greedy", 1, "fluency", "set", "SET"], strict=False)),
        "split": "test",
        "metric": "gleu-py2",
        "score": expected.score,
        "parts": expected.parts,
        "n": 3,
        "ci": asdict(expected.ci),  # type: ignore[arg-type]
        "signature": expected.signature,
        "predictions_sha256": groups[0].digest(),
    }
    assert 0 < record["score"] < 100
    assert json.loads(json.dumps(record)) == record


def test_other_metrics_are_added_behind_the_metric_of_the_rows() -> None:
    groups = groups_of(*rows_of(TEXTS, run="a"), *rows_of(SOURCES, run="b", metric="sari-easse"))
    records = records_of(groups, Scorer(), also=["sari-easse", "bleu"])
    assert [(record["run"], record["metric"]) for record in records] == [
        ("a", "gleu-py2"),
        ("a", "sari-easse"),
        ("a", "bleu"),
        ("b", "sari-easse"),
        ("b", "bleu"),
    ]
    gold: dict[str, Any] = {"sources": SOURCES, "references": REFERENCES}
    assert records[1]["score"] == SARI().corpus_score(predictions=TEXTS, **gold).score
    assert records[2]["score"] == BLEU().corpus_score(predictions=TEXTS, **gold).score
    assert records[3]["score"] == SARI().corpus_score(predictions=SOURCES, **gold).score
    assert len({record["predictions_sha256"] for record in records}) == 2


def test_equal_gold_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    prepare = SARI.prepare

    def counted(self: SARI, **texts: Any) -> Any:
        calls.append(texts)
        return prepare(self, **texts)

    monkeypatch.setattr(SARI, "prepare", counted)
    runs = [record for run in "abc" for record in rows_of(TEXTS, run=run, metric="sari-easse")]
    turned = rows_of(TEXTS, run="turned", metric="sari-easse")[::-1]
    records = records_of(groups_of(*runs, *turned), Scorer())
    assert len(calls) == 2
    assert [record["score"] for record in records] == [records[0]["score"]] * 4


def test_a_metric_is_made_once_and_told_the_number_of_processes() -> None:
    scorer = Scorer(workers=2)
    errant: Any = scorer.metric("errant", "natural")
    assert (errant.name, errant.workers, errant.tokenize) == ("errant", 2, "spacy")
    assert scorer.metric("errant", "natural") is errant
    assert scorer.metric("errant", "tokenised") is not errant


NATURAL = ["He goes home.", "The dog barks, loudly.", "Well."]


@pytest.mark.parametrize(
    ("input_format", "tokenize", "signed"),
    [
        ("natural", None, "treebank"),
        ("natural", "none", "none"),
        ("natural", "spacy", "spacy"),
        ("tokenised", None, "none"),
        (None, None, "none"),
        ("tokenised", "treebank", "treebank"),
    ],
)
def test_natural_text_is_tokenised_for_metrics_of_tokens_and_signed(
    input_format: str | None, tokenize: str | None, signed: str
) -> None:
    groups = groups_of(*rows_of(NATURAL, input_format=input_format))
    (record,) = records_of(groups, Scorer(tokenize=tokenize))
    (as_tokens,) = records_of(groups_of(*rows_of(TEXTS)), Scorer())
    assert (record["score"] == as_tokens["score"]) == (signed != "none")
    assert f"tok:{signed}" in record["signature"]


@pytest.mark.parametrize("word", ["sari-easse", "sari-editeval", "bleu", "gleu-editeval"])
def test_no_other_metric_is_retokenised_for(word: str) -> None:
    groups = groups_of(*rows_of(NATURAL, input_format="natural", metric=word))
    told = records_of(groups, Scorer(tokenize="treebank"))
    assert told == records_of(groups, Scorer())


@pytest.mark.parametrize("metric", ["gleu-py2", "gleu-py3"])
def test_tokenised_text_is_scored_as_it_stands_though_its_rows_are_natural(metric: str) -> None:
    first = [references[0] for references in REFERENCES]
    (natural,) = records_of(
        groups_of(*rows_of(first, input_format="natural", metric=metric)), Scorer()
    )
    (tokenised,) = records_of(groups_of(*rows_of(first, metric=metric)), Scorer())
    assert natural["score"] == tokenised["score"]


def test_what_has_no_score_gives_the_reason_in_its_place() -> None:
    groups = groups_of(row(metric="none", references=[]), *rows_of(TEXTS))
    found = list(score_groups(groups, Scorer(), also=["bleu"]))
    assert (
        found[:2]
        == ["set (run first, model tiny, decoding greedy, seed 1): 1 rows have no references"] * 2
    )
    assert [record["metric"] for record in found[2:]] == ["gleu-py2", "bleu"]  # type: ignore[index]


def test_a_metric_that_was_asked_for_all_groups_passes_over_those_it_does_not_fit() -> None:
    ragged = [row(0, metric="bleu"), row(1, metric="bleu", references=["a ."])]
    with pytest.raises(InputError, match="x:2: references: expected 2"):
        list(score_groups(groups_of(*ragged), Scorer()))
    for record in ragged:
        record["metric"] = "none"
    _, reason = score_groups(groups_of(*ragged), Scorer(), also=["bleu"])
    assert isinstance(reason, str)
    assert reason.startswith("not scored by bleu: x:2: references: expected 2")


def test_a_failed_prediction_is_an_error() -> None:
    with pytest.raises(InputError, match="x:1: expected a prediction, got null; 1 of 1 rows"):
        list(score_groups(groups_of(row(prediction=None)), Scorer()))
