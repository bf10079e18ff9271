"""The seven SARIs in use: how each reads texts, and how it makes a score of n-grams.

Every count below is of one n-gram order and one sentence: O are the counts of the source, k times;
S those of the system, k times; R those of all k references together.

* add       distinct n-grams: system in S, not O; reference in R, not O; correct in S and R, not O
* keep      counts: system min(O, S); reference min(O, R); correct the smaller
* delete    counts: system max(O - S, 0); reference max(O - R, 0); correct the smaller, but
            max(O - S - R, 0) in the means of sentences, which differs where words are repeated
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wa_metrics.sari.ngrams import Found, Grams

    Floats = NDArray[np.float64]

OPERATIONS = ("add", "keep", "delete")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Say what a variant does.

    `aggregate`: `macro` takes F of corpus sums for each order, then the mean; `micro` F of the mean
    precision and mean recall; `sentences` the mean of the sentences' scores. `nothing` is 0 / 0.
    `keep_recall`: of `sums` of counts, or the mean of the `ratios` of each n-gram. `split_blank`:
    tokens lie between single blanks, so that an empty text has one, empty token.
    """

    aggregate: Literal["macro", "micro", "sentences"] = "macro"
    delete: Literal["f1", "precision"] = "f1"
    nothing: float = 0.0
    keep_recall: Literal["sums", "ratios"] = "sums"
    tokenize: str = "13a"
    tokenize_source: bool = True
    lowercase: bool = True
    split_blank: bool = False
    detokenise: bool = False


def _by_sentence(
    *, nothing: float = 0.0, keep_recall: Literal["sums", "ratios"] = "sums", tokenize: str = "13a"
) -> Variant:
    return Variant(
        aggregate="sentences",
        delete="precision",
        nothing=nothing,
        keep_recall=keep_recall,
        tokenize=tokenize,
        split_blank=True,
    )


VARIANTS = {
    # feralvam/easse, easse/sari.py; facebookresearch/EditEval takes the same.
    "easse": Variant(),
    "easse-micro": Variant(aggregate="micro"),
    "easse-legacy": Variant(tokenize_source=False, lowercase=False),
    # facebookresearch/EditEval, src/preprocessing.py before its SARI.
    "editeval": Variant(detokenise=True),
    # cocoxu/simplification, SARI.py
    "cocoxu": _by_sentence(keep_recall="ratios", tokenize="none"),
    # huggingface/evaluate, metrics/sari/sari.py; GEM has the same.
    "hf-evaluate": _by_sentence(nothing=1.0),
    # vipulraheja/IteraTeR's evaluation
    "iterater": _by_sentence(),
}
ALIASES = {"hf": "hf-evaluate"}


def count_sums(grams: Grams, found: Found, *, k: int) -> NDArray[np.int64]:
    """Return correct, system and reference counts of each operation, shape (s, 3, 3)."""
    s = len(grams.only_references)
    sourced = found.rank >= 0
    rank, sentence = found.rank[sourced], found.sentence[sourced]
    both = grams.both[rank]
    kept = np.minimum(grams.source[rank], k * found.times[sourced])
    every, to_keep = grams.sum_by_sentence(grams.source), grams.sum_by_sentence(grams.both)
    # Sums of integers below 2 ** 53 are exact as floats.
    keep = np.bincount(sentence, kept, s).astype(np.int64)
    keep_right = np.bincount(sentence, np.minimum(kept, both), s).astype(np.int64)
    add = np.bincount(found.sentence[~sourced], minlength=s)
    add_right = np.bincount(found.sentence[found.rank == -1], minlength=s)
    counts = np.empty((s, 3, 3), dtype=np.int64)
    counts[:, 0] = np.transpose([add_right, add, grams.only_references])
    counts[:, 1] = np.transpose([keep_right, keep, to_keep])
    # What is deleted is all of the source but what is kept.
    delete, to_delete = every - keep, every - to_keep
    counts[:, 2] = np.transpose([delete - to_keep + keep_right, delete, to_delete])
    return counts


def rate_sentences(grams: Grams, found: Found, variant: Variant, *, k: int) -> Floats:
    """Return precision, recall and F1 of each operation, 0-1, shape (s, 3, 3).

    The recall of delete, which only `delete="f1"` asks for, is a mean of ratios like its precision.
    """
    s = len(grams.only_references)
    sourced = found.rank >= 0
    times = np.zeros(len(grams.source), dtype=np.int64)
    times[found.rank[sourced]] = k * found.times[sourced]
    kept = np.minimum(grams.source, times)
    deleted, to_delete = grams.source - kept, grams.source - grams.both
    keep_right, delete_right = np.minimum(kept, grams.both), np.maximum(deleted - grams.both, 0)
    add = np.bincount(found.sentence[~sourced], minlength=s)
    add_right = np.bincount(found.sentence[found.rank == -1], minlength=s)

    def mean_of_ratios(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
        shares = _divide(part, whole, 0.0)
        total = grams.sum_by_sentence(shares)
        return _divide(total, grams.sum_by_sentence(whole > 0), variant.nothing)

    def ratio_of_sums(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
        sums = grams.sum_by_sentence(part), grams.sum_by_sentence(whole)
        return _divide(*sums, variant.nothing)

    recall = mean_of_ratios if variant.keep_recall == "ratios" else ratio_of_sums
    p = [
        _divide(add_right, add, variant.nothing),
        mean_of_ratios(keep_right, kept),
        mean_of_ratios(delete_right, deleted),
    ]
    r = [
        _divide(add_right, grams.only_references, variant.nothing),
        recall(keep_right, grams.both),
        mean_of_ratios(delete_right, to_delete),
    ]
    return np.stack([np.transpose(p), np.transpose(r), f1(np.transpose(p), np.transpose(r))], -1)


def rate_sums(sums: Floats) -> Floats:
    """Return precision, recall and F1 of sums: (..., 3 counts) -> (..., 3), 0-1."""
    correct = sums[..., 0]
    p, r = _divide(correct, sums[..., 1], 0.0), _divide(correct, sums[..., 2], 0.0)
    return np.stack([p, r, f1(p, r)], axis=-1)


def average_orders(rates: Floats, variant: Variant, *, delete: str) -> Floats:
    """Return the scores of the operations, 0-1: rates (b, orders, 3, 3) -> (b, 3)."""
    mean = rates.mean(axis=1)
    scores = f1(mean[..., 0], mean[..., 1]) if variant.aggregate == "micro" else mean[..., 2]
    if delete == "precision":
        scores[:, 2] = mean[:, 2, 0]
    return scores


def f1(p: Floats, r: Floats) -> Floats:
    """Return the harmonic mean, 0 where both are 0."""
    return _divide(2 * p * r, p + r, 0.0)


def _divide(part: NDArray[Any], whole: NDArray[Any], nothing: float) -> Floats:
    result = np.full(np.shape(whole), nothing)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
