"""SARI equals the reference programs: their values on made-up texts and on official files.

Each golden value was given by the program that the variant is named after.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from wa_metrics import Score
from wa_metrics.sari import SARI

# column of the golden file -> the SARI that gives it; [add, keep, delete, sari]
COLUMNS = {
    "easse": SARI(),
    "easse_micro": SARI("easse-micro"),
    "easse_del_precision": SARI(delete="precision"),
    "easse_micro_del_precision": SARI("easse-micro", delete="precision"),
    "easse_none": SARI(tokenize="none"),
    "easse_none_cased": SARI(tokenize="none", lowercase=False),
    "easse_cased": SARI(lowercase=False),
    "easse_intl": SARI(tokenize="intl"),
    "easse_legacy": SARI("easse-legacy"),
}
CLOSE = 1e-9


@pytest.fixture(scope="module")
def golden(official_sources: Path) -> Path:
    folder = official_sources.parent / "golden"
    if not folder.is_dir():
        pytest.skip(f"the golden files are not here: {folder}")
    return folder


@pytest.fixture(scope="module")
def fuzz(golden: Path) -> list[dict[str, Any]]:
    lines = (golden / "fuzz_sari.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def texts_of(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("sources", "predictions", "references")}


def values_of(score: Score) -> list[float]:
    return [score.parts["add"], score.parts["keep"], score.parts["delete"], score.score]


def wrong(
    cases: Iterator[tuple[str, Sequence[float], Sequence[float]]],
) -> list[tuple[str, Sequence[float], Sequence[float]]]:
    """Return the cases whose values differ from what was expected."""
    seen = list(cases)
    assert seen
    return [
        (name, expected, got)
        for name, expected, got in seen
        if list(got) != pytest.approx(list(expected), rel=0, abs=CLOSE)
    ]


@pytest.mark.parametrize("column", COLUMNS)
def test_easse_with_all_its_options(fuzz: list[dict[str, Any]], column: str) -> None:
    metric = COLUMNS[column]
    assert not wrong(
        (row["id"], row["expected"][column], values_of(metric.corpus_score(**texts_of(row))))
        for row in fuzz
    )


def test_hugging_face(fuzz: list[dict[str, Any]]) -> None:
    metric = SARI("hf-evaluate")
    assert not wrong(
        (row["id"], [row["expected"]["hf_evaluate"]], [metric.corpus_score(**texts_of(row)).score])
        for row in fuzz
    )
    assert not wrong(
        (
            row["id"],
            row["expected"]["hf_evaluate_sentences"],
            metric.sentence_scores(**texts_of(row)).tolist(),
        )
        for row in fuzz
    )


def test_cocoxu(fuzz: list[dict[str, Any]]) -> None:
    metric = SARI("cocoxu")
    scores = [[100 * score for score in row["expected"]["cocoxu"]] for row in fuzz]
    assert not wrong(
        (row["id"], expected, metric.sentence_scores(**texts_of(row)).tolist())
        for row, expected in zip(fuzz, scores, strict=True)
    )
    assert not wrong(
        (
            row["id"],
            [sum(expected) / len(expected)],
            [metric.corpus_score(**texts_of(row)).score],
        )
        for row, expected in zip(fuzz, scores, strict=True)
    )


def test_iterater(fuzz: list[dict[str, Any]]) -> None:
    def points(sari: float, keep: float, delete: float, add: float) -> list[float]:
        return [100 * add, 100 * keep, 100 * delete, sari]

    metric = SARI("iterater")
    assert not wrong(
        (
            row["id"],
            points(*row["expected"]["iterater"]),
            values_of(metric.corpus_score(**texts_of(row))),
        )
        for row in fuzz
    )


def read_lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [line.strip() for line in text.removesuffix("\n").split("\n")]


@pytest.mark.parametrize("variant", ["easse", "editeval", "hf-evaluate"])
def test_official_files(golden: Path, variant: str) -> None:
    cases = json.loads((golden / "real.json").read_text(encoding="utf-8"))
    metrics = {"easse": SARI(), "editeval": SARI("editeval"), "hf-evaluate": SARI("hf")}

    def scored() -> Iterator[tuple[str, list[float], list[float]]]:
        for case in cases:
            if case["metric"] != "sari" or case["variant"] != variant:
                continue
            # EditEval does not detokenise every set: it is EASSE's SARI then.
            used = "easse" if case["settings"].get("normalize") is False else variant
            references = [read_lines(golden.parent / path) for path in case["references"]]
            score = metrics[used].corpus_score(
                sources=read_lines(golden.parent / case["source"]),
                predictions=read_lines(golden.parent / case["hypothesis"]),
                references=list(zip(*references, strict=True)),
            )
            names = {"sari": score.score, **score.parts, "del": score.parts["delete"]}
            expected = case["expected"]
            yield case["id"], list(expected.values()), [names[name] for name in expected]

    assert not wrong(scored())


@pytest.mark.parametrize(
    ("variant", "source", "reference", "k", "published"),
    [
        ("editeval", "turkcorpus/test.8turkers.tok.norm", "turk", 8, 26.3),
        ("easse", "asset/dataset/asset.test.orig", "simp", 10, 20.7),
    ],
)
def test_copying_the_source_gives_the_published_figure(
    official_sources: Path, variant: str, source: str, reference: str, k: int, published: float
) -> None:
    # Dwivedi-Yu et al. 2022, "EditEval", the row of the copy baseline
    sources = read_lines(official_sources / source)
    stem = source.rpartition(".")[0]
    references = [read_lines(official_sources / f"{stem}.{reference}.{ref}") for ref in range(k)]
    score = SARI(variant).corpus_score(
        sources=sources, predictions=sources, references=list(zip(*references, strict=True))
    )
    assert score.n == 359
    assert round(score.score, 1) == published
