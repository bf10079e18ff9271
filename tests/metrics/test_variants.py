"""The registry of metric words."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from wa_metrics.errors import InputError
from wa_metrics.metric import Metric
from wa_metrics.variants import METRICS, find_variant, load_metric

CONTRACTS = Path(__file__).resolve().parents[2] / "docs/contracts.md"
WORDS = (
    "sari-easse sari-easse-micro sari-easse-legacy sari-editeval sari-cocoxu sari-hf sari-iterater "
    "gleu-py2 gleu-py3 gleu-editeval m2 errant bleu chrf none"
).split()


def test_the_words_are_those_of_the_contract() -> None:
    assert list(METRICS) == WORDS
    documented = (
        CONTRACTS.read_text(encoding="utf-8").partition("### Metric words")[2].partition("\n## ")[0]
    )
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", documented, flags=re.MULTILINE) == WORDS


@pytest.mark.parametrize("word", [word for word in WORDS if word != "none"])
def test_a_word_loads_the_metric_of_that_name(word: str) -> None:
    metric = load_metric(word)
    assert isinstance(metric, Metric)
    assert metric.name == word


def test_metrics_of_tokens_can_be_told_how_natural_text_is_tokenised() -> None:
    natural = {word: item.natural for word, item in METRICS.items() if item.natural}
    assert natural == {
        "gleu-py2": "treebank",
        "gleu-py3": "treebank",
        "m2": "treebank",
        "errant": "spacy",
    }
    for word, how in natural.items():
        load_metric(word, tokenize=how)


def test_an_unknown_word_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(
        InputError, match=r"'sari-ease' \(did you mean 'sari-easse'\?\).*chrf, none"
    ):
        find_variant("sari-ease")
    with pytest.raises(InputError, match="no metric is called 'zzz'; expected one of"):
        load_metric("zzz")


def test_none_stands_for_no_metric() -> None:
    with pytest.raises(InputError, match="'none' stands for rows that are not scored"):
        load_metric("none")


def test_a_word_whose_packages_are_missing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("variants", "errant.model"):
        monkeypatch.setattr(f"wa_metrics.{module}.find_spec", lambda package: None)
    installed = {word for word, item in METRICS.items() if item.installed}
    assert set(WORDS) - installed == {"sari-editeval", "gleu-editeval", "errant", "bleu", "chrf"}


def test_errant_is_not_installed_without_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_variant("errant").installed
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "wa_metrics.errant.model.find_spec",
        lambda package: None if package.startswith("en_core") else find(package),
    )
    assert not find_variant("errant").installed
