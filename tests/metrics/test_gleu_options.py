"""The options of GLEU: names, signatures, errors, tokens, and EditEval's form."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from wa_metrics.errors import InputError, MissingExtraError
from wa_metrics.gleu import GLEU


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "google"}, "variant: expected napoles2016 or editeval, got 'google'"),
        ({"rng": "py1"}, "rng: expected py2 or py3, got 'py1'"),
        ({"iterations": 0}, "iterations: expected at least 1, got 0"),
        ({"order": 0}, "order: expected at least 1, got 0"),
        ({"tokenize": "13a"}, "tokenize: expected none or treebank or spacy, got '13a'"),
        ({"variant": "editeval", "tokenize": "spacy"}, "tokenises itself, got 'spacy'"),
        ({"detokenise": True}, "with variant='editeval' alone, got it with 'napoles2016'"),
    ],
)
def test_an_unknown_option_is_an_error_that_names_what_is_known(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        GLEU(**options)
    assert message in str(caught.value)


def test_names_and_signatures_say_what_a_score_depends_on() -> None:
    one, two = (GLEU().prepare(sources=["a"], references=[["a"] * refs]) for refs in (1, 2))
    assert GLEU().name == "gleu-py2"
    assert GLEU(rng="py3").name == "gleu-py3"
    metric = GLEU()
    assert metric.signature(two).startswith(
        "GLEU|variant:napoles2016|nrefs:2|rng:py2|iter:500|order:4|tok:none|version:"
    )
    assert "|nrefs:1|rng:py2|iter:1|" in metric.signature(one)
    assert "|rng:py3|iter:20|order:2|" in GLEU(rng="py3", iterations=20, order=2).signature(two)


def test_natural_predictions_are_tokenised_first_where_that_is_asked_for() -> None:
    pytest.importorskip("nltk")
    texts: dict[str, Any] = {
        "sources": ["I do n't know alot ."],
        "predictions": ["I don't know a lot."],
        "references": [["I do n't know a lot ."]],
    }
    assert GLEU().corpus_score(**texts).score == 0
    score = GLEU(tokenize="treebank").corpus_score(**texts)
    assert score.score == pytest.approx(100)
    assert "|tok:treebank|nltk:" in score.signature


def test_sources_are_needed_and_lengths_are_checked() -> None:
    with pytest.raises(InputError, match="sources: expected a list of texts"):
        GLEU().prepare(sources=None, references=[["a"]])
    with pytest.raises(InputError, match="references: expected 2 lists"):
        GLEU().prepare(sources=["a", "b"], references=[["a"]])
    with pytest.raises(InputError, match="predictions: expected 1 texts"):
        GLEU().corpus_score(sources=["a"], references=[["a"]], predictions=["a", "b"])


@pytest.fixture
def _punkt() -> None:
    nltk = pytest.importorskip("nltk")
    try:
        nltk.word_tokenize("One word.")
    except LookupError:
        pytest.skip("NLTK's model punkt_tab is not here: python -m nltk.downloader punkt_tab")


@pytest.mark.usefixtures("_punkt")
def test_editeval_detokenises_and_tokenises_again() -> None:
    texts: dict[str, Any] = {
        "sources": ["We ca n't go . OK ?"],
        "predictions": ["We cannot go. OK?"],
        "references": [["We can not go . OK ?"]],
    }
    metric = GLEU(variant="editeval")
    score = metric.corpus_score(**texts)
    assert score.metric == "gleu-editeval"
    assert score.score == pytest.approx(100)
    # "We can not go . OK ?": the full stop inside the line is a token, which Treebank's is not
    assert metric.stats(**texts)[0, 0, :2].tolist() == [7, 7]
    assert "|variant:editeval|nrefs:1|rng:py3|iter:1|order:4|detok:yes|tok:word_tokenize|nltk:" in (
        score.signature
    )


@pytest.mark.usefixtures("_punkt")
def test_editeval_may_leave_out_the_detokenisation() -> None:
    # Joined to its word, the full stop of a title is no token of its own.
    texts: dict[str, Any] = {"sources": [""], "predictions": ["Mr . Old"], "references": [["a"]]}
    joined, apart = (GLEU(variant="editeval", detokenise=choice) for choice in (None, False))
    assert joined.stats(**texts)[0, 0, 0] == 2
    assert apart.stats(**texts)[0, 0, 0] == 3
    assert "|detok:no|" in apart.corpus_score(**texts).signature


def test_a_model_that_is_not_there_is_an_error_that_says_how_to_get_it() -> None:
    pytest.importorskip("nltk")
    code = (
        "import nltk\n"
        "nltk.data.path[:] = []\n"
        "from wa_metrics.gleu import GLEU\n"
        "from wa_metrics.errors import MissingExtraError\n"
        "try:\n"
        "    GLEU(variant='editeval').prepare(sources=['a'], references=[['a']])\n"
        "except MissingExtraError as error:\n"
        "    print(error)\n"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.endswith("install it with: python -m nltk.downloader punkt_tab\n")


def test_a_package_that_is_not_there_is_an_error_that_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from wa_metrics.gleu.tokens import _load_word_tokenize

    _load_word_tokenize.cache_clear()
    monkeypatch.setitem(sys.modules, "nltk.tokenize", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'wa-metrics\[nltk\]'"):
        GLEU(variant="editeval").prepare(sources=["a"], references=[["a"]])
