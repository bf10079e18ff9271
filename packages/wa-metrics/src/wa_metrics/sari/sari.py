"""SARI, how well a rewriting adds, keeps and deletes n-grams, in all its variants.

A value without its variant means nothing: on the same outputs the variants lie many points apart
and do not even rank systems alike. So the signature carries it.

Source: Xu et al. 2016, "Optimizing Statistical Machine Translation for Text Simplification"
(the metric); Alva-Manchego et al. 2019, "EASSE: Easier Automatic Sentence Simplification
Evaluation" (the default variant).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from wa_metrics.errors import InputError
from wa_metrics.inputs import check_references, check_texts
from wa_metrics.metric import Counted, Metric
from wa_metrics.mteval import load_tokenizer
from wa_metrics.sari.index import KEPT_BYTES, ORDERS, PreparedSARI, Reading, prepare_sari
from wa_metrics.sari.variants import (
    ALIASES,
    OPERATIONS,
    VARIANTS,
    average_orders,
    count_sums,
    rate_sentences,
    rate_sums,
)
from wa_metrics.score import sign

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class SARI(Metric[PreparedSARI]):
    """Score rewritings by the n-grams they add, keep and delete.

    `variant`: one of easse, easse-micro, easse-legacy, editeval, cocoxu, hf-evaluate (or hf),
    iterater; `tokenize` (13a, none, or a name of sacrebleu's), `lowercase` and `delete` (f1 or
    precision) replace what it does. References are references[sentence][ref], in any number.

    Statistics are counts, shape (n, 36): for each order 1-4, for add, keep and delete, the correct,
    system's and references' n-grams; with the variants that are means over sentences, floats 0-1,
    shape (n, 4): add, keep, delete, and 1.

    >>> prepared = SARI().prepare(sources=["95 species exist ."], references=[["95 live ."]])
    >>> print(SARI().corpus_score(predictions=["95 species live ."], prepared=prepared))
    sari-easse 48.06 (add 37.50 keep 20.00 delete 86.67)

    Raises:
        InputError: an option has a value that is not offered.
        MissingExtraError: a tokeniser, or the detokeniser of editeval, needs an extra package.
    """

    prepared_type = PreparedSARI

    def __init__(
        self,
        variant: str = "easse",
        *,
        tokenize: str | None = None,
        lowercase: bool | None = None,
        delete: Literal["f1", "precision"] | None = None,
    ) -> None:
        variant = ALIASES.get(variant, variant)
        if variant not in VARIANTS:
            known = ", ".join([*VARIANTS, *ALIASES])
            raise InputError(f"variant: expected one of {known}, got {variant!r}")
        if delete not in {None, "f1", "precision"}:
            raise InputError(f"delete: expected f1 or precision, got {delete!r}")
        rules = VARIANTS[variant]
        self.variant = variant
        self.name = f"sari-{'hf' if variant == 'hf-evaluate' else variant}"
        self.delete = rules.delete if delete is None else delete
        self.is_sentence_mean = rules.aggregate == "sentences"
        self._rules = rules
        self._reading = Reading(
            tokenize=rules.tokenize if tokenize is None else tokenize,
            tokenize_source=rules.tokenize_source,
            lowercase=rules.lowercase if lowercase is None else lowercase,
            split_blank=rules.split_blank,
            detokenise=rules.detokenise,
        )
        load_tokenizer(self._reading.tokenize)

    def prepare(self, *, sources: Any, references: Any) -> PreparedSARI:
        """Count sources and references[sentence][ref] once, for any number of systems.

        What is prepared serves every SARI that reads texts alike, such as easse and easse-micro.
        It takes about 7 KB a sentence with ten references, 3 KB with one; beyond 512 MiB the
        sentences left are counted again for each system.

        Raises:
            InputError: sources and references do not fit each other.
        """
        return self._prepare(sources, references, keep_bytes=KEPT_BYTES)

    def _prepare(self, sources: Any, references: Any, *, keep_bytes: int) -> PreparedSARI:
        sources = check_texts("sources", sources)
        references = check_references(references, n=len(sources))
        return prepare_sari(self._reading, sources, references, keep_bytes=keep_bytes)

    def _prepared(
        self, sources: Any, references: Any, prepared: PreparedSARI | None
    ) -> PreparedSARI:
        # For one system alone nothing is kept: a million sentences need no more memory than few.
        if prepared is None and references is not None:
            return self._prepare(sources, references, keep_bytes=0)
        return super()._prepared(sources, references, prepared)

    def count(self, prepared: PreparedSARI, predictions: Any) -> Counted:
        """Count one system.

        Raises:
            InputError: `prepared` was made by a SARI that reads texts otherwise.
        """
        if prepared.reading != self._reading:
            raise InputError(
                f"prepared: expected a test set of {self.name} with {self._reading}, got one with "
                f"{prepared.reading}; make it with the prepare() of this metric"
            )
        if self.is_sentence_mean:
            return self._rate(prepared, predictions)
        stats = np.empty((prepared.n, ORDERS * 9), dtype=np.int64)
        for chunk in prepared:
            for n, (grams, found) in enumerate(chunk.find(predictions)):
                counts = count_sums(grams, found, k=prepared.k)
                stats[chunk.start : chunk.stop, 9 * n : 9 * n + 9] = counts.reshape(-1, 9)
        return Counted(stats, {})

    def _rate(self, prepared: PreparedSARI, predictions: Any) -> Counted:
        stats = np.ones((prepared.n, 4))
        total = np.zeros((ORDERS, 3, 3))
        for chunk in prepared:
            rates = np.stack(
                [
                    rate_sentences(grams, found, self._rules, k=prepared.k)
                    for grams, found in chunk.find(predictions)
                ],
                axis=1,
            )
            total += rates.sum(axis=0)
            stats[chunk.start : chunk.stop, :3] = average_orders(
                rates, self._rules, delete=self.delete
            )
        return Counted(stats, {"orders": _name_rates(total / prepared.n)})

    def finish(self, totals: Floats) -> Floats:
        """Return SARI of each row of totals, shape (b, 36) or (b, 4) -> (b,), in points."""
        scores: Floats = 100 * self._operations(totals).mean(axis=1)
        return scores

    def describe(self, totals: Floats) -> tuple[dict[str, float], dict[str, Any]]:
        """Return add, keep and delete in points; the details hold the rates of each order."""
        scores = 100 * self._operations(totals[None])[0]
        parts = dict(zip(OPERATIONS, map(float, scores), strict=True))
        if self.is_sentence_mean:
            return parts, {}
        return parts, {"orders": _name_rates(rate_sums(totals.reshape(ORDERS, 3, 3)))}

    def _operations(self, totals: Floats) -> Floats:
        """Return add, keep and delete, 0-1: (b, 36) or (b, 4) -> (b, 3)."""
        if self.is_sentence_mean:
            return totals[:, :3] / totals[:, 3:]
        rates = rate_sums(totals.reshape(-1, ORDERS, 3, 3))
        return average_orders(rates, self._rules, delete=self.delete)

    def signature(self, prepared: PreparedSARI) -> str:
        """Name variant, case, tokeniser and whatever else differs from the variant's default."""
        reading = self._reading
        return sign(
            "SARI",
            nrefs=prepared.k,
            variant=self.variant,
            case="lc" if reading.lowercase else "mixed",
            tok=reading.tokenize,
            delete=None if self.delete == self._rules.delete else self.delete,
            detok=f"nltk-{_version('nltk')}" if reading.detokenise else None,
            sacrebleu=None if reading.tokenize in {"13a", "none"} else _version("sacrebleu"),
        )


def _name_rates(rates: Floats) -> list[dict[str, Any]]:
    """Name the rates of each order, shape (orders, 3, 3), 0-1 -> points."""
    return [
        {"n": n}
        | {
            operation: dict(zip(("p", "r", "f"), (100 * row).tolist(), strict=True))
            for operation, row in zip(OPERATIONS, order, strict=True)
        }
        for n, order in enumerate(rates, start=1)
    ]


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
