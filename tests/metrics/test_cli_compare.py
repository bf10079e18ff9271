"""`compare` on files of output: the tests of the library are the oracle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wa_metrics.gleu import GLEU
from wa_metrics.significance import (
    approximate_randomisation,
    bootstrap_interval,
    paired_bootstrap,
)

from .command import bad, good, run, write

SOURCES = ["He go home .", "The dog , it barks , loud .", "Well .", "She has a cats ."]
REFERENCES = [
    ["He goes home .", "The dog barks loudly .", "Well .", "She has cats ."],
    ["He went home .", "The dog is barking loudly .", "Fine .", "She has a cat ."],
]
TEXTS = ["He goes home .", "The dog barks , loudly .", "Well .", "She have a cat ."]
WORSE = ["He go a home .", "Dog .", "Well", "She has has a cats ."]
GOLD: dict[str, Any] = {
    "sources": SOURCES,
    "references": [list(texts) for texts in zip(*REFERENCES, strict=True)],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("texts")
    write(made / "src", *SOURCES)
    write(made / "hyp", *TEXTS)
    write(made / "worse", *WORSE)
    write(made / "short", "One .")
    for number, texts in enumerate(REFERENCES):
        write(made / f"ref{number}", *texts)
    return made


def test_systems_are_compared_with_the_first(folder: Path) -> None:
    gold = ["--src", folder / "src", "--ref", folder / "ref0", "--ref", folder / "ref1"]
    words = ["compare", "--metric", "gleu-py2", *gold, folder / "hyp", folder / "worse"]
    report = json.loads(good(*words, "--json", "--resamples", "300", "--seed", "5"))
    metric = GLEU()
    stats = [metric.stats(predictions=texts, **GOLD) for texts in (TEXTS, WORSE)]
    chosen: dict[str, Any] = {"resamples": 300, "seed": 5}
    first, second = report["systems"]
    assert report["n"] == 4
    assert "|rng:py2|" in report["signature"]
    assert first["system"] == str(folder / "hyp")
    assert first["score"] == metric.corpus_score(predictions=TEXTS, **GOLD).score
    assert second["delta"] == second["score"] - first["score"] < 0
    expected = bootstrap_interval(metric, stats[1], **chosen)
    assert (second["ci"]["low"], second["ci"]["high"]) == (expected.low, expected.high)
    assert (second["ci"]["seed"], second["ci"]["resamples"]) == (5, 300)
    assert second["paired_bootstrap"]["p"] == paired_bootstrap(metric, *stats, **chosen).p
    randomised = approximate_randomisation(metric, *stats, **chosen)
    assert second["approximate_randomisation"]["p"] == randomised.p
    assert "delta" not in first

    table = run(*words, "--resamples", "300", "--seed", "5")
    head, baseline, system = [line.split("\t") for line in table.stdout.splitlines()]
    assert head == "system|score|low|high|delta|p bootstrap|p randomisation".split("|")
    assert baseline[4:] == ["-", "-", "-"]
    assert system[1] == f"{second['score']:.2f}"
    assert system[4] == f"{second['delta']:+.2f}"
    assert system[6] == f"{randomised.p:.4f}"
    assert report["signature"] in table.stderr


def test_a_comparison_is_the_same_each_time_and_knows_its_seed(folder: Path) -> None:
    gold = ["--src", folder / "src", "--ref", folder / "ref0"]
    words = ["compare", "--metric", "sari-easse", *gold, folder / "hyp", folder / "worse"]
    assert good(*words, "--json") == good(*words, "--json")
    assert good(*words, "--json") != good(*words, "--json", "--seed", "1")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["compare", "{}/hyp", "{}/worse"], ["--metric with --src and --ref"]),
        (["compare", "--metric", "m2", "{}/hyp", "{}/worse"], ["--gold"]),
        (["compare", *"--metric m2 --src {}/src --ref {}/ref0 {}/hyp {}/worse".split()],
         ["m2 compares with edits; expected --gold FILE.m2"]),
        (["compare", *"--metric gleu-py --src {}/src --ref {}/ref0 {}/hyp {}/worse".split()],
         ["no metric is called 'gleu-py' (did you mean 'gleu-py3'?)"]),
        (["compare", *"--metric gleu-py2 --src {}/src --ref {}/ref0 {}/hyp".split()],
         ["two systems or more"]),
        (["compare", *"--metric m2 --gold {}/hyp --src {}/src {}/hyp {}/worse".split()],
         ["--metric with --src and --ref, or with --gold"]),
        (["compare", *"--metric bleu --gold {}/hyp {}/hyp {}/worse".split()],
         ["bleu compares with references; expected --src and --ref"]),
        (["compare", *"--metric bleu --src {}/src --ref {}/ref0 --tokenize spacy {}/hyp "
          "{}/worse".split()], ["bleu takes texts as they are; leave --tokenize out"]),
        (["compare", *"--metric none --src {}/src --ref {}/ref0 {}/hyp {}/worse".split()],
         ["'none' stands for rows that are not scored"]),
        (["compare", *"--metric gleu-py2 --src {}/src --ref {}/ref0 {}/hyp {}/hyp".split()],
         ["hyp: expected each system once, got it 2 times"]),
        (["compare", *"--metric gleu-py2 --src {}/src --ref {}/ref0 {}/hyp {}/short".split()],
         ["short: 1"]),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_error_on_stderr_and_exit_code_2(
    folder: Path, words: list[str], parts: list[str]
) -> None:
    said = bad(*(word.format(folder) for word in words))
    for part in parts:
        assert part in said
    assert "error: " in said.lower()
