"""What one metric prepared is not taken by another that reads texts otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wa_metrics import (
    ERRANT,
    GLEU,
    M2,
    SARI,
    InputError,
    approximate_randomisation,
    paired_bootstrap,
)

SOURCES, OUTPUT = ["He go home .", "All well ."], ["He goes home .", "All well ."]
REFERENCES = [["He goes home ."], ["All is well ."]]
GOLD = "S He go home .\nA 1 2|||R:VERB:SVA|||goes|||REQUIRED|||-NONE-|||0\n\nS All well .\n"
PREPARED: dict[str, Any] = {
    "SARI": SARI().prepare(sources=SOURCES, references=REFERENCES),
    "GLEU": GLEU().prepare(sources=SOURCES, references=REFERENCES),
    "M2": M2().prepare(references=GOLD),
    "ERRANT": ERRANT().prepare(references=GOLD),
    "a number": 3,
}
METRICS: dict[str, Any] = {"SARI": SARI(), "GLEU": GLEU(), "M2": M2(), "ERRANT": ERRANT()}


@pytest.mark.parametrize("made_by", PREPARED)
@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_takes_what_its_kind_prepared(metric: str, made_by: str) -> None:
    predictions = GOLD if metric == "ERRANT" else OUTPUT
    if metric == made_by:
        METRICS[metric].corpus_score(predictions=predictions, prepared=PREPARED[made_by])
        return
    with pytest.raises(InputError, match=r"expected prepared= from prepare\(\) of such a metric"):
        METRICS[metric].corpus_score(predictions=predictions, prepared=PREPARED[made_by])


@pytest.mark.parametrize("other", [GLEU(rng="py3"), GLEU(order=2), GLEU(order=6)])
def test_gleu_takes_what_a_gleu_that_reads_alike_prepared(other: GLEU) -> None:
    prepared = PREPARED["GLEU"]
    more_draws = GLEU(iterations=7).corpus_score(predictions=OUTPUT, prepared=prepared)
    assert more_draws.score == GLEU().corpus_score(predictions=OUTPUT, prepared=prepared).score
    with pytest.raises(InputError, match=r"make it with the prepare\(\) of this metric"):
        other.corpus_score(predictions=OUTPUT, prepared=prepared)


@pytest.mark.parametrize("test", [paired_bootstrap, approximate_randomisation])
def test_statistics_are_matrices(test: Any) -> None:
    stats = SARI().stats(predictions=OUTPUT, prepared=PREPARED["SARI"])
    assert isinstance(stats, np.ndarray)
    with pytest.raises(InputError, match=r"expected the matrix that metric\.stats\(\) returns"):
        test(SARI(), stats, stats.tolist())
    with pytest.raises(InputError, match=r"expected the matrix that metric\.stats\(\) returns"):
        test(SARI(), OUTPUT, stats)


@pytest.mark.parametrize("metric", [ERRANT, M2])
def test_equal_conditions_are_written_alike(metric: Any) -> None:
    as_whole, as_real = (metric(beta=beta) for beta in (1, 1.0))
    signatures = {made.signature(made.prepare(references=GOLD)) for made in (as_whole, as_real)}
    assert len(signatures) == 1
    assert "|beta:1|" in signatures.pop()
