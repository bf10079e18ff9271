"""ERRANT against reference results: made-up edits in all modes, and JFLEG from raw text.

The values were computed with errant_parallel and errant_compare 3.0.2; those of raw text hold for
spaCy 3.8 and its model 3.8.0.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from wa_metrics import M2Sentence
from wa_metrics.errant import ERRANT
from wa_metrics.errant.annotation import Annotator, annotate
from wa_metrics.errant.model import find_versions
from wa_metrics.m2 import read_m2, save_m2, write_m2

from .conftest import SOURCES
from .errant_pairs import load_plain, needs_errant

GOLDEN = SOURCES.parent / "golden"
FLAGS: dict[str, dict[str, Any]] = {
    "cs": {},
    "ds": {"mode": "ds"},
    "dt": {"mode": "dt"},
    "cse": {"mode": "cse"},
    "single": {"single": True},
    "multi": {"multi": True},
    "filt": {"filt": ("R:OTHER", "M:DET")},
    "beta1": {"beta": 1.0},
}
MODES = {(): "cs", ("-ds",): "ds", ("-dt",): "dt", ("-cse",): "cse"}
VERSIONS = {"errant": "3.0.2", "spacy": "3.8", "model": "en_core_web_sm-3.8.0"}

needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no golden files at {GOLDEN}")


def read_cases(kind: str) -> list[dict[str, Any]]:
    if not GOLDEN.is_dir():
        return []
    if kind == "fuzz":
        lines = (GOLDEN / "fuzz_errant_compare.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]
    cases = json.loads((GOLDEN / "real.json").read_text("utf-8"))
    return [case for case in cases if case["metric"] == "errant"]


def categories_of(details: Any) -> dict[str, list[int]]:
    return {
        kind: [rates["tp"], rates["fp"], rates["fn"]]
        for kind, rates in details["categories"].items()
    }


@needs_golden
@pytest.mark.parametrize("flag", FLAGS)
def test_made_up_edits_are_counted_as_errant_compare_does(flag: str) -> None:
    cases = read_cases("fuzz")
    assert len(cases) == 100
    metric = ERRANT(**FLAGS[flag])
    for case in cases:
        expected = case["expected"][flag]
        score = metric.corpus_score(predictions=case["hyp_m2"], references=case["ref_m2"])
        got = {name: score.parts[name] for name in ("tp", "fp", "fn")}
        assert got == {name: expected["best"].get(name, 0) for name in got}, case["id"]
        assert score.details["rounded"] == expected["prf"], case["id"]
        assert categories_of(score.details) == expected["cats"], case["id"]
        assert round(score.score / 100, 4) == expected["prf"][2], case["id"]


@cache
def annotate_files(source: str, *corrected: str) -> tuple[M2Sentence, ...]:
    texts = [read_lines(path) for path in (source, *corrected)]
    return tuple(annotator_of(source).annotate(texts[0], texts[1:]))


@cache
def annotator_of(source: str) -> Annotator:
    return Annotator()  # keeps what it parsed of this source


def read_lines(path: str) -> list[str]:
    return [line.strip() for line in (SOURCES.parent / path).read_text("utf-8").split("\n")][:-1]


def check_versions() -> None:
    found = find_versions()
    for name, version in VERSIONS.items():
        if not found.get(name, "none").startswith(version):
            pytest.skip(f"the values hold for {name} {version}, got {found.get(name, 'none')}")


@needs_golden
@pytest.mark.parametrize("case", read_cases("real"), ids=lambda case: str(case["id"]))
def test_jfleg_is_annotated_and_counted_as_errant_does(case: dict[str, Any]) -> None:
    check_versions()
    hypothesis = annotate_files(case["source"], case["hypothesis"])
    references = annotate_files(case["source"], *case["references"])
    for sentences, expected in ((hypothesis, case["hyp_m2"]), (references, case["ref_m2"])):
        text = "".join(write_m2(sentences))
        assert hashlib.sha256(text.encode()).hexdigest() == expected["sha256"]
    metric = ERRANT(mode=MODES[tuple(case["settings"]["flags"])])  # type: ignore[arg-type]
    score = metric.corpus_score(predictions=hypothesis, references=references)
    expected = case["expected"]
    got = [score.parts[name] for name in ("tp", "fp", "fn")]
    assert got == [expected[name] for name in ("tp", "fp", "fn")]
    assert score.details["rounded"] == expected["prf"]
    assert categories_of(score.details) == expected["cats"]


@needs_errant
@pytest.mark.parametrize("system", ["gector-roberta", "t5-large", "llama2-7b"])
def test_outputs_for_bea_dev_score_as_with_the_installed_errant(
    system: str, official_sources: Path, tmp_path: Path
) -> None:
    path = official_sources / "bea19/wi+locness/m2/ABCN.dev.gold.bea19.m2"
    output = SOURCES.parent / f"outputs/bea19-dev/{system}.txt"
    if not output.is_file():
        pytest.skip(f"the outputs are not here: {output}")
    gold = list(islice(read_m2(path), 120))
    texts = read_lines(str(output))[: len(gold)]
    save_m2(tmp_path / "gold.m2", gold)
    sources = [sentence.source for sentence in gold]
    theirs = "".join(load_plain().annotate_plainly(sources, [texts]))
    (tmp_path / "hyp.m2").write_text(theirs, "utf-8")
    printed = load_plain().compare_plainly(tmp_path / "hyp.m2", tmp_path / "gold.m2")

    assert "".join(write_m2(annotate(sources=sources, hypotheses=[texts]))) == theirs
    score = ERRANT().corpus_score(predictions=texts, references=tmp_path / "gold.m2")
    assert score.parts["tp"] > 50
    counts = [score.parts[name] for name in ("tp", "fp", "fn")]
    assert printed.strip().splitlines()[-2] == "\t".join(
        map(str, counts + score.details["rounded"])
    )
