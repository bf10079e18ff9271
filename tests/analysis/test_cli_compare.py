"""`compare` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wa_metrics import ERRANT, M2Sentence
from wa_metrics.edits import Edit

from .command import bad, edit, good, row, run, write, write_rows
from .made_up import needs_spacy
from .two_systems import write_system

GOLD = [
    ("She go to school every day .", [edit(1, 2, "R:VERB:SVA", "goes")]),
    ("I like apple .", [edit(2, 3, "R:NOUN:NUM", "apples")]),
    ("He is here .", [edit(-1, -1, "noop", "-NONE-")]),
]
A = ["She goes to school every day .", "I like apple .", "He is here ."]
B = ["She go to school every day .", "I like apples .", "He was here ."]


def write_edited(path: Path, texts: list[str], model: str) -> Path:
    """Write predictions of a set with gold edits."""
    return write_rows(
        path,
        *(
            row(
                number,
                **{
                    "metric": "errant",
                    "task": "grammaticality",
                    "input": source,
                    "references": [source],
                    "edits": edits,
                    "prediction": text,
                    "model": model,
                },
            )
            for number, ((source, edits), text) in enumerate(zip(GOLD, texts, strict=True))
        ),
    )


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("compare")
    a = write_system(folder / "a.jsonl", range(8), model="first")
    return a, write_system(folder / "b.jsonl", range(6, 12), model="second")


def test_text_has_scores_lengths_ngrams_and_examples(pair: tuple[Path, Path]) -> None:
    text = good("compare", *pair, "-n", "1", "--ngrams", "2")
    blocks = text.strip().split("\n\n")
    heads = [block.split("\n")[0].split("\t")[0] for block in blocks]
    assert heads == [
        "A",
        "test set",
        "jfleg: tokens",
        "jfleg: n-gram of A alone",
        "jfleg: n-gram of B alone",
        "jfleg: A wins",
        "jfleg: A loses",
    ]
    assert blocks[0] == "A\tfirst\nB\tsecond"
    name, n, a, b, delta, *_ = blocks[1].split("\n")[1].split("\t")
    assert (name, n) == ("jfleg", "12")
    assert float(delta) == pytest.approx(float(a) - float(b), abs=0.011)
    assert "reference\t\t" in blocks[-1]


def test_json_holds_the_same_in_full(pair: tuple[Path, Path]) -> None:
    report = json.loads(good("compare", *pair, "--json", "--resamples", "50", "--seed", "3"))
    assert (report["a"], report["b"], report["resamples"], report["seed"]) == (
        "first", "second", 50, 3,
    )  # fmt: skip
    (only,) = report["sets"]
    assert only["delta"] == only["a"] - only["b"]
    assert only["won"] + only["lost"] + only["equal"] == only["n"] == 12
    assert len(only["wins"]) == 5
    assert set(only["wins"][0]) == {"id", "source", "a_text", "b_text", "references", "a", "b"}


@needs_spacy
def test_sets_with_edits_are_compared_by_error_type_and_scored_as_wa_metrics_does(
    tmp_path: Path,
) -> None:
    files = write_edited(tmp_path / "a.jsonl", A, "a"), write_edited(tmp_path / "b.jsonl", B, "b")
    (only,) = json.loads(good("compare", *files, "--json", cache=tmp_path))["sets"]
    gold = [
        M2Sentence(source, tuple(Edit(**each) for each in edits), number)
        for number, (source, edits) in enumerate(GOLD, 1)
    ]
    expected = [ERRANT().corpus_score(predictions=texts, references=gold) for texts in (A, B)]
    assert [only["a"], only["b"]] == [score.score for score in expected]
    assert only["signature"] == expected[0].signature
    types = {each["name"]: each for each in only["types"]}
    assert types["VERB:SVA"]["a_counts"] == [1, 0, 0]
    assert types["VERB:SVA"]["b_counts"] == [0, 0, 1]
    assert types["NOUN:NUM"]["delta"] == -100.0
    assert (only["won"], only["lost"], only["equal"]) == (2, 1, 0)
    text = good("compare", *files, cache=tmp_path)
    assert "set: error type\tgold\tA P\tA R\tA F0.5\tB P\tB R\tB F0.5\tA - B\tp" in text
    assert "VERB:SVA\t1\t100.0\t100.0\t100.0\t100.0\t0.0\t0.0\t+100.00\t-" in text


@needs_spacy
def test_types_of_another_scheme_are_errant_s_as_in_edits(tmp_path: Path) -> None:
    gold = [edit(1, 2, "SVA", "goes")]
    files = [
        write_rows(
            tmp_path / f"{model}.jsonl",
            row(edits=gold, metric="m2", model=model, prediction=prediction),
        )
        for model, prediction in (("right", "He goes home ."), ("wrong", "He gone home ."))
    ]
    (only,) = json.loads(good("compare", *files, "--json", cache=tmp_path))["sets"]
    assert [(each["name"], each["a"], each["b"]) for each in only["types"]] == [
        ("VERB:SVA", 100.0, 0.0)
    ]
    assert [(each["name"], each["a"], each["b"]) for each in only["actions"]] == [
        ("replace", 100.0, 0.0)
    ]


@needs_spacy
def test_plain_texts_are_compared_with_their_gold(tmp_path: Path) -> None:
    lines = [
        line
        for source, edits in GOLD
        for line in (
            f"S {source}",
            *(
                f"A {each['start']} {each['end']}|||{each['type']}|||{each['correction']}"
                "|||REQUIRED|||-NONE-|||0"
                for each in edits
            ),
            "",
        )
    ]
    gold = write(tmp_path / "gold.m2", *lines)
    a, b = write(tmp_path / "a.txt", *A), write(tmp_path / "b.txt", *B)
    report = json.loads(good("compare", a, b, "--gold", gold, "--json", cache=tmp_path))
    assert report["sets"][0]["won"] == 2


BAD: dict[str, tuple[list[dict[str, Any]], str]] = {
    "other rows": ([row(0), row(7)], "b.jsonl"),
    "a row twice": ([row(0), row(0)], "b.jsonl:2: expected each id once"),
    "other references": (
        [row(0, references=["No ."]), row(1)],
        "b.jsonl:1: expected the same references",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_systems_that_do_not_fit_are_one_line_with_the_next_command(
    tmp_path: Path, case: str
) -> None:
    rows, words = BAD[case]
    a = write_rows(tmp_path / "a.jsonl", row(0, model="a"), row(1, model="a"))
    b = write_rows(tmp_path / "b.jsonl", *({**each, "model": "b"} for each in rows))
    said = bad("compare", a, b)
    assert words in said
    assert said.count("\n") == 1


def test_sets_that_only_one_system_has_are_named(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    more = write_system(tmp_path / "more.jsonl", [1], model="second", sets=["other"])
    done = run("compare", *pair, more)
    assert done.returncode == 0
    assert "left out: other test: only second has predictions" in done.stderr
