"""GLEU against what the reference scorers themselves said, of Python 2 and of Python 3."""

from __future__ import annotations

import functools
import json
import lzma
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from wa_metrics.gleu import GLEU
from wa_metrics.gleu.gleu import PreparedGLEU

from .conftest import SOURCES

SHARED = SOURCES.parent
FUZZ = SHARED / "golden/fuzz_gleu.jsonl"
REAL = SHARED / "golden/real.json"
TOLERANCE = 1e-12  # on 0-1


def read_cases() -> list[dict[str, Any]]:
    if not REAL.is_file():
        return []
    cases: list[dict[str, Any]] = json.loads(REAL.read_text(encoding="utf-8"))
    return [case for case in cases if case["metric"] == "gleu"]


@functools.cache
def read_texts(name: str) -> list[str]:
    path = SHARED / name
    if path.is_file():
        text = path.read_text(encoding="utf-8")
    else:
        text = lzma.decompress(Path(f"{path}.xz").read_bytes()).decode("utf-8")
    return [line.strip() for line in text.removesuffix("\n").split("\n")]


def read_case(case: dict[str, Any]) -> dict[str, Any]:
    return {
        "sources": read_texts(case["source"]),
        "predictions": read_texts(case["hypothesis"]),
        "references": list(zip(*map(read_texts, case["references"]), strict=True)),
    }


@functools.cache
def prepare_editeval(source: str, references: tuple[str, ...], normalize: bool) -> PreparedGLEU:
    """Tokenise the gold once for all of its systems: that is what takes the time."""
    metric = GLEU(variant="editeval", detokenise=normalize)
    return metric.prepare(
        sources=read_texts(source),
        references=list(zip(*map(read_texts, references), strict=True)),
    )


def name_case(case: dict[str, Any]) -> str:
    return f"{case['id']}-{case['variant']}"


CASES = read_cases()
NAPOLES = [case for case in CASES if case["variant"] == "napoles2016"]
EDITEVAL = [case for case in CASES if case["variant"] == "editeval"]


@pytest.mark.parametrize("rng", ["py2", "py3"])
def test_made_up_sentences(official_sources: Path, rng: Literal["py2", "py3"]) -> None:
    lines = FUZZ.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 100
    for case in map(json.loads, lines):
        metric = GLEU(rng=rng, iterations=case["iterations"], order=case["n"])
        texts = {name: case[name] for name in ("sources", "predictions", "references")}
        expected = case["expected"][rng]
        draws = metric.draw_scores(**texts) / 100
        score = metric.corpus_score(**texts)
        each = metric.reference_scores(metric.stats(**texts)) / 100
        found = [score.score / 100, score.parts["std"] / 100, *draws[:5]]
        wanted = [expected["mean"], expected["std"], *expected["first5"]]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE, err_msg=str(case["id"]))
        np.testing.assert_allclose(
            np.stack([each.mean(axis=1), each.std(axis=1)], axis=1),
            expected["sentence"],
            rtol=0,
            atol=TOLERANCE,
        )


@pytest.mark.parametrize("case", NAPOLES, ids=name_case)
def test_jfleg(case: dict[str, Any]) -> None:
    settings, expected = case["settings"], case["expected"]
    metric = GLEU(rng=settings["rng"], iterations=settings["iterations"], order=settings["n"])
    texts = read_case(case)
    score = metric.corpus_score(**texts)
    draws = metric.draw_scores(**texts)[:5] / 100
    found = [score.score / 100, score.parts["std"] / 100, *draws]
    wanted = [expected["gleu"], expected["std"], *expected["first5"]]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("case", EDITEVAL, ids=name_case)
def test_jfleg_as_editeval_scores_it(case: dict[str, Any]) -> None:
    nltk = pytest.importorskip("nltk")
    try:
        nltk.word_tokenize("One word.")
    except LookupError:
        pytest.skip("NLTK's model punkt_tab is not here: python -m nltk.downloader punkt_tab")
    settings = case["settings"]
    metric = GLEU(
        variant="editeval",
        rng=settings["rng"],
        iterations=settings["iterations"],
        detokenise=settings["normalize"],
    )
    prepared = prepare_editeval(case["source"], tuple(case["references"]), settings["normalize"])
    score = metric.corpus_score(prepared=prepared, predictions=read_texts(case["hypothesis"]))
    assert score.score / 100 == pytest.approx(case["expected"]["gleu"], abs=TOLERANCE)


def test_the_published_figures(official_sources: Path) -> None:
    """JFLEG's README: sources 38.21 (dev) and 40.54 (test), people 62.37 (test)."""
    assert (len(NAPOLES), len(EDITEVAL)) == (44, 12)
    for part, published in (("dev", 38.21), ("test", 40.54)):
        names = [f"sources/jfleg/{part}/{part}.ref{ref}" for ref in range(4)]
        sources = read_texts(f"sources/jfleg/{part}/{part}.src")
        references = list(zip(*map(read_texts, names), strict=True))
        score = GLEU().corpus_score(sources=sources, predictions=sources, references=references)
        assert score.score == pytest.approx(published, abs=0.006)
    people = [
        GLEU()
        .corpus_score(
            sources=sources,
            predictions=[row[one] for row in references],
            references=[[*row[:one], *row[one + 1 :]] for row in references],
        )
        .score
        for one in range(4)
    ]
    assert np.mean(people) == pytest.approx(62.37, abs=0.02)
