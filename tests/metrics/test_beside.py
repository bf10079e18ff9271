"""BLEU and chrF: the figures of sacrebleu's own interface are the oracle."""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest
import sacrebleu

from wa_metrics.beside import BLEU, ChrF
from wa_metrics.errors import InputError, MissingExtraError

WORDS = 'the a cat dog sat sits on mat , . red runs ran café 3.5% $ 1,000 end."'.split()


def make(seed: int, refs: int) -> tuple[list[str], list[list[str]]]:
    draw = random.Random(seed)

    def sentence() -> str:
        return " ".join(draw.choice(WORDS) for _ in range(draw.randint(0, 12)))

    return [sentence() for _ in range(40)], [[sentence() for _ in range(refs)] for _ in range(40)]


@pytest.mark.parametrize("refs", [1, 3])
def test_corpus_scores_are_those_of_sacrebleu(refs: int) -> None:
    predictions, references = make(refs, refs)
    turned = [list(texts) for texts in zip(*references, strict=True)]
    bleu = BLEU().corpus_score(predictions=predictions, references=references)
    assert bleu.score == sacrebleu.corpus_bleu(predictions, turned).score > 0
    chrf = ChrF().corpus_score(predictions=predictions, references=references)
    assert chrf.score == sacrebleu.corpus_chrf(predictions, turned).score > 0
    assert f"nrefs:{refs}|" in bleu.signature
    assert f"|sacrebleu:{sacrebleu.__version__}|version:" in chrf.signature


def test_signatures_hold_what_sacrebleus_hold() -> None:
    predictions, references = make(1, 2)
    turned = [list(texts) for texts in zip(*references, strict=True)]
    for ours, theirs in ((BLEU(), sacrebleu.BLEU()), (ChrF(), sacrebleu.CHRF())):
        theirs.corpus_score(predictions, turned)
        expected = str(theirs.get_signature()).rpartition("|version:")[0]
        prepared = ours.prepare(references=references)
        assert ours.signature(prepared).partition("|")[2].startswith(f"{expected}|")


def test_sentence_scores_are_those_of_sacrebleu() -> None:
    predictions, references = make(7, 2)
    bleu = BLEU().sentence_scores(predictions=predictions, references=references)
    chrf = ChrF().sentence_scores(predictions=predictions, references=references)
    for row, (text, texts) in enumerate(zip(predictions, references, strict=True)):
        assert bleu[row] == pytest.approx(sacrebleu.sentence_bleu(text, texts).score, abs=1e-9)
        assert chrf[row] == pytest.approx(sacrebleu.sentence_chrf(text, texts).score, abs=1e-9)


def test_sums_of_resampled_sentences_are_scores_of_the_resampled_corpus() -> None:
    predictions, references = make(3, 2)
    metric = BLEU()
    stats = metric.stats(predictions=predictions, references=references)
    weights = np.array([[float(number % 3) for number in range(40)]])
    rows = [number for number in range(40) for _ in range(number % 3)]
    turned = [[references[number][ref] for number in rows] for ref in range(2)]
    expected = sacrebleu.corpus_bleu([predictions[number] for number in rows], turned).score
    assert metric.finish(metric.totals(stats, weights))[0] == pytest.approx(expected, abs=1e-9)


def test_output_that_ends_in_a_blank_and_a_full_stop_is_nothing_to_warn_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    texts = ["A cat sat ."] * 150
    assert BLEU().corpus_score(predictions=texts, references=[[text] for text in texts]).n == 150
    assert caplog.text == ""


def test_ragged_references_are_refused() -> None:
    with pytest.raises(InputError, match=r"references\[1\]"):
        BLEU().prepare(references=[["a"], ["a", "b"]])


def test_without_sacrebleu_the_install_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sacrebleu", "sacrebleu.metrics.bleu", "sacrebleu.metrics.chrf"):
        monkeypatch.setitem(sys.modules, name, None)
    for metric in (BLEU(), ChrF()):
        with pytest.raises(MissingExtraError, match=r"pip install 'wa-metrics\[sacrebleu\]'"):
            metric.prepare(references=[["a"]])
