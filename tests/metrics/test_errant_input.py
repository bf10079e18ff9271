"""What ERRANT takes: texts and edits in every form, options, and what does not fit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wa_metrics import Edit, InputError, M2Error, M2Sentence
from wa_metrics.errant import ERRANT
from wa_metrics.errant.annotation import annotate
from wa_metrics.m2 import write_m2

from .errant_pairs import CORRECTED, SOURCES, needs_errant

WORD = Edit(0, 1, 2, "R:NOUN", "x")
PHRASE = Edit(0, 2, 5, "R:OTHER", "x y")


def sentence(*edits: Edit, source: str = "a b c d e f") -> M2Sentence:
    return M2Sentence(source, edits, 1)


@needs_errant
def test_texts_score_as_their_edits_do(tmp_path: Path) -> None:
    references = list(annotate(sources=SOURCES, hypotheses=[CORRECTED], keep_empty=True))
    texts = [text.lower() for text in CORRECTED]
    metric = ERRANT()
    prepared = metric.prepare(references=references)
    expected = metric.corpus_score(predictions=texts, prepared=prepared)
    assert 0 < expected.score < 100
    found = list(annotate(sources=SOURCES, hypotheses=[texts], keep_empty=True))
    m2 = "".join(write_m2(found))
    path = tmp_path / "hyp.m2"
    path.write_text(m2)
    for predictions in (found, iter(found), m2, path, str(path)):
        score = metric.corpus_score(predictions=predictions, prepared=prepared)
        assert score.parts == expected.parts
        assert score.details["categories"] == expected.details["categories"]
        assert score.signature.partition("|version")[0] == (
            "ERRANT|mode:cs|beta:0.5|nrefs:1|hyp:m2"
        )
    assert metric.corpus_score(predictions=CORRECTED, prepared=prepared).score == 100


@needs_errant
def test_the_signature_of_texts_names_the_versions() -> None:
    metric = ERRANT(mode="dt", single=True, filt=["R:NOUN", "M:DET"], beta=1, tokenize="spacy")
    signature = metric.signature(metric.prepare(references=[sentence(WORD)]))
    assert signature.startswith(
        "ERRANT|mode:dt|single:yes|filt:M:DET,R:NOUN|beta:1|nrefs:1|tok:spacy|errant:3."
    )
    assert "|spacy:3." in signature and "|model:en_core_web_sm-3." in signature


@needs_errant
def test_predictions_of_natural_text_are_tokenised() -> None:
    gold = [sentence(Edit(0, 1, 2, "R:VERB:SVA", "goes"), source="She go home .")]
    assert ERRANT().corpus_score(predictions=["She goes home."], references=gold).score < 100
    metric = ERRANT(tokenize="spacy")
    assert metric.corpus_score(predictions=["She goes home."], references=gold).score == 100


@needs_errant
def test_a_source_may_be_empty_and_hold_other_blanks() -> None:
    gold = [sentence(source=""), sentence(source="It is\u00a0new .")]
    stats = ERRANT().stats(predictions=["x", "It is new ."], references=gold)
    assert stats.tolist() == [[0, 1, 0], [0, 0, 0]]
    m2 = "S \nA -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||0\n\nS It is new .\n"
    assert ERRANT().stats(predictions=m2, references=gold).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_statistics_are_whole_numbers_that_intervals_are_made_of() -> None:
    systems, gold = [sentence(WORD), sentence(), sentence(WORD, PHRASE)], [sentence(WORD)] * 3
    metric = ERRANT()
    stats = metric.stats(predictions=systems, references=gold)
    assert stats.dtype == np.int64 and stats.shape == (3, 3)
    scores = metric.sentence_scores(predictions=systems, references=gold)
    assert scores == pytest.approx([100, 0, 100 * 1.25 * 0.5 / (0.25 * 0.5 + 1)])
    score = metric.corpus_score(predictions=systems, references=gold, ci=True, resamples=50)
    assert score.ci is not None and score.ci.low <= score.score <= score.ci.high
    assert (score.ci.resamples, score.ci.seed) == (50, 12345)


def test_progress_wraps_the_sentences() -> None:
    seen = []

    def progress(rows: Any) -> Any:
        seen.append(len(rows))
        yield from rows

    gold = [sentence(WORD)] * 3
    assert ERRANT(progress=progress).corpus_score(predictions=gold, references=gold).score == 100
    assert seen == [3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "correction"}, "mode: expected one of cs, ds, dt, cse, got 'correction'"),
        ({"beta": 0}, "beta: expected a number above 0"),
        ({"beta": float("nan")}, "beta: expected a number above 0"),
        ({"beta": 1e200}, "beta: expected a number above 0, at most 1000, got 1e\\+200"),
        ({"beta": 1e-200}, "beta: expected a number above 0"),
        ({"filt": "R:OTHER"}, "filt: expected a list of error types"),
        ({"tokenize": "moses"}, "tokenize: expected one of none, treebank, spacy, got 'moses'"),
        ({"workers": 0}, "workers: expected a number of processes, 1 or more, got 0"),
        ({"workers": True}, "workers: expected"),
    ],
)
def test_an_option_that_is_none_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ERRANT(**options)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (["a", "b"], "predictions: expected 3 texts, one for each source, got 2"),
        ([sentence()] * 2, "predictions: expected 3 sentences, as the gold has, got 2"),
        (
            [sentence(), sentence(source="a b"), sentence()],
            r"predictions\[1\]: expected edits of the gold's source, 'a b c d e f', got 'a b'",
        ),
        ([sentence(), "a", sentence()], r"predictions\[1\]: expected an M2Sentence as the others"),
        ("no/such.m2", "predictions: expected a list of corrected texts, .*no file 'no/such.m2'"),
        (Path("no.m2"), "predictions: .*no file 'no.m2'"),
        (3, "predictions: expected a list of texts"),
        ([sentence(), 3, None], r"predictions\[1\]: expected an M2Sentence"),
        ([None, "a", "b"], r"predictions\[0\]: expected a str"),
    ],
)
def test_predictions_that_do_not_fit_are_named(predictions: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ERRANT().corpus_score(predictions=predictions, references=[sentence(WORD)] * 3)


def test_a_bad_line_of_the_hypothesis_is_named() -> None:
    with pytest.raises(M2Error, match="predictions:2: expected"):
        ERRANT().corpus_score(predictions="S a b\nB 0 1\n", references=[sentence(source="a b")])


def test_scoring_edits_imports_neither_spacy_nor_errant() -> None:
    script = (
        "import sys\n"
        "from wa_metrics.errant import ERRANT\n"
        "gold = 'S a b\\nA 0 1|||R:NOUN|||x|||REQUIRED|||-NONE-|||0\\n'\n"
        "assert ERRANT().corpus_score(predictions=gold, references=gold).score == 100\n"
        "assert not {'spacy', 'errant', 'wa_metrics.errant.workers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
