"""ERRANT: how many edits of a system are those of an annotator, as BEA-2019 counts.

Source: Bryant, Felice, Andersen and Briscoe 2019, "The BEA-2019 Shared Task on Grammatical Error
Correction", section 5; behaviour of errant 3.0.2 (chrisjbryant/errant).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from wa_metrics.errant.annotation import Annotator, check_workers
from wa_metrics.errant.categories import rate_categories
from wa_metrics.errant.counts import (
    CategoryCounts,
    Counts,
    Mode,
    Rules,
    choose_annotators,
    key_edits,
    round_prf,
)
from wa_metrics.errant.hypotheses import Hypotheses, read_hypotheses
from wa_metrics.errant.model import find_versions
from wa_metrics.errors import InputError
from wa_metrics.fscore import f_scores, precision_recall_f
from wa_metrics.gold import read_gold
from wa_metrics.metric import Counted, Metric
from wa_metrics.retokenisation import Tokenisation, retokenise
from wa_metrics.score import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from wa_metrics.m2 import M2Sentence
    from wa_metrics.score import Score

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PreparedERRANT:
    """Hold gold edits, and what annotates systems: it keeps parsed sources."""

    gold: tuple[M2Sentence, ...]
    annotator: Annotator = field(repr=False)

    @property
    def n(self) -> int:
        """The number of sentences."""
        return len(self.gold)

    @property
    def annotators(self) -> int:
        """How many annotators the gold has, at least one."""
        return len({edit.annotator for sentence in self.gold for edit in sentence.edits} or {0})


class ERRANT(Metric[PreparedERRANT]):
    """Score corrections with ERRANT.

    `mode` says what makes two edits equal: cs (span and correction, BEA-2019's measure), ds (span),
    dt (each token of the span) or cse (span, type and correction). `single` compares only edits of
    at most one token on either side, `multi` only the others, and `filt` leaves out types. With
    several annotators each sentence takes the one that is best for the running F-beta.

    `references` are gold edits: the path of an M2 file, M2 text, M2Sentence records, or the edits
    of each sentence together with `sources`. `predictions` are texts, in tokens between blanks
    (`tokenize` brings others to that: see `retokenise`), which need the extra `errant`; or they are
    edits: a path ending in .m2, M2 text or M2Sentence records. Scoring several systems with the
    same `prepared` parses a source once. `workers` is in how many processes texts are parsed.
    `progress` wraps the list of sentences while they are counted.

    Score: F-beta in points, unrounded. Parts: p, r, f (points), tp, fp, fn. Details: `rounded`, the
    p, r and f of errant_compare, 0-1 in four digits; `categories`, the parts by full error type
    (see `fold_categories`); `annotators`, the one chosen for each sentence; `predictions`, texts or
    m2. Statistics: tp, fp, fn of the chosen annotator, shape (n, 3).

    >>> gold = "S I has it\\nA 1 2|||R:VERB:SVA|||have|||REQUIRED|||-NONE-|||0\\n"
    >>> print(ERRANT().corpus_score(predictions=gold, references=gold))
    errant 100.00 (p 100.00 r 100.00 f 100.00 tp 1 fp 0 fn 0)

    Raises:
        InputError: an option is none of these.
    """

    name = "errant"
    prepared_type = PreparedERRANT

    def __init__(
        self,
        *,
        mode: Mode = "cs",
        single: bool = False,
        multi: bool = False,
        filt: Iterable[str] = (),
        beta: float = 0.5,
        tokenize: Tokenisation = "none",
        workers: int = 1,
        progress: Callable[[Sequence[M2Sentence]], Iterable[M2Sentence]] | None = None,
    ) -> None:
        if isinstance(filt, str):
            raise InputError(f"filt: expected a list of error types, got the str {filt!r}")
        if tokenize not in get_args(Tokenisation):
            raise InputError(
                f"tokenize: expected one of {', '.join(get_args(Tokenisation))}, got {tokenize!r}"
            )
        check_workers(workers)
        self.rules = Rules(mode=mode, single=single, multi=multi, filt=tuple(filt), beta=beta)
        self.tokenize = tokenize
        self.workers = workers
        self._progress = progress

    def prepare(self, *, sources: Any = None, references: Any) -> PreparedERRANT:
        """Read the gold edits.

        Raises:
            InputError: they are no gold edits, or not of these sources.
            M2Error: a line is not M2.
        """
        return PreparedERRANT(read_gold(references, sources), Annotator(workers=self.workers))

    def count(self, prepared: PreparedERRANT, predictions: Hypotheses) -> Counted:
        """Count one system; each sentence is counted against the annotator that is best for it."""
        rules = self.rules
        stats = []
        so_far = Counts(0, 0, 0)
        categories = CategoryCounts()
        annotators = []
        rows = self._progress(prepared.gold) if self._progress else prepared.gold
        systems = self._annotate(prepared, predictions)
        for gold, system in zip(rows, systems, strict=True):
            hypotheses, references = key_edits(system.edits, rules), key_edits(gold.edits, rules)
            choice = choose_annotators(hypotheses, references, so_far, beta=rules.beta)
            categories.add(hypotheses[choice.hypothesis], references[choice.reference])
            annotators.append(choice.reference)
            stats.append(choice.counts)
            tp, fp, fn = choice.counts
            so_far = Counts(so_far.tp + tp, so_far.fp + fp, so_far.fn + fn)
        details = {
            "categories": rate_categories(categories.by_type(), beta=rules.beta),
            "annotators": annotators,
            "predictions": "texts" if predictions.sentences is None else "m2",
        }
        return Counted(np.array(stats, dtype=np.int64), details)

    def corpus_score(
        self,
        *,
        predictions: Any,
        sources: Any = None,
        references: Any = None,
        prepared: PreparedERRANT | None = None,
        **bootstrap: Any,
    ) -> Score:
        """Score one system; see `Metric.corpus_score`.

        The signature of a system that came as edits does not say what made them.
        """
        prepared = self._prepared(sources, references, prepared)
        score = super().corpus_score(predictions=predictions, prepared=prepared, **bootstrap)
        if score.details["predictions"] == "texts":
            return score
        return replace(score, signature=self._sign(prepared, {"hyp": "m2"}))

    def finish(self, totals: Floats) -> Floats:
        """Return the F-beta of each row of tp, fp, fn, shape (b, 3) -> (b,), in points."""
        return f_scores(totals, beta=self.rules.beta)

    def describe(self, totals: Floats) -> tuple[dict[str, float], dict[str, Any]]:
        """Return p, r, f in points with their counts, and what errant_compare would print."""
        tp, fp, fn = (int(total) for total in totals)
        beta = self.rules.beta
        p, r, f = (100 * rate for rate in precision_recall_f(tp, fp, fn, beta=beta))
        parts = {"p": p, "r": r, "f": f, "tp": tp, "fp": fp, "fn": fn}
        return parts, {"rounded": list(round_prf(tp, fp, fn, beta=beta))}

    def signature(self, prepared: PreparedERRANT) -> str:
        """Name every condition that the score of texts depends on."""
        return self._sign(prepared, {"tok": self.tokenize, **find_versions()})

    def _sign(self, prepared: PreparedERRANT, conditions: dict[str, str]) -> str:
        rules = self.rules
        return sign(
            "ERRANT",
            mode=rules.mode,
            single=rules.single or None,
            multi=rules.multi or None,
            filt=",".join(sorted(rules.filt)) or None,
            beta=f"{rules.beta:g}",
            nrefs=prepared.annotators,
            **conditions,
        )

    def _annotate(self, prepared: PreparedERRANT, predictions: Hypotheses) -> Iterable[M2Sentence]:
        if predictions.sentences is not None:
            return predictions.sentences
        sources = [sentence.source for sentence in prepared.gold]
        texts = retokenise(predictions.texts, sources=sources, how=self.tokenize)
        return prepared.annotator.annotate(sources, [texts], keep_empty=True)

    def _checked(self, prepared: PreparedERRANT, predictions: Any) -> Hypotheses:
        return read_hypotheses(predictions, prepared.gold)
