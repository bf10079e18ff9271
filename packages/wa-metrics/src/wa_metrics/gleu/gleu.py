"""GLEU of grammatical error correction: n-grams rewarded and penalised, over drawn references.

This is not NLTK's `gleu_score` nor `google_bleu`, which are another metric of that name.

Per sentence, reference and n, with h, r and s the counts of an n-gram in prediction, reference and
source: num is the sum of min(h, r) over all n-grams, minus the sum of min(h, s) over the n-grams of
the prediction that the reference does not have, and at least 0; den is the number of n-grams of the
prediction. Over the sums of all sentences, with c and r the lengths of predictions and references,
GLEU = exp(min(0, 1 - r / c)) times the geometric mean of num / den; any zero makes it 0. With
several references, each iteration draws one for each sentence, and the iterations' mean is GLEU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from wa_metrics.errors import InputError
from wa_metrics.gleu.counts import Block, count_block, count_predictions
from wa_metrics.gleu.draws import Rng, draw_references
from wa_metrics.gleu.sums import sum_drawn
from wa_metrics.gleu.tokens import Variant, choose_tokeniser, name_tokenisation
from wa_metrics.inputs import check_references, check_texts
from wa_metrics.metric import Counted, Metric
from wa_metrics.retokenisation import Tokenisation, retokenise
from wa_metrics.score import sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Sentences that are counted at once: their n-grams fit the processor's cache.
_BLOCK = 1024
_FIRST_DRAWS = 5


@dataclass(frozen=True)
class PreparedGLEU:
    """Hold sources and references, counted: `refs` references for each of `n` sentences.

    `reading` says how the GLEU that made it reads texts: variant, rng, order and detokenisation.
    """

    n: int
    refs: int
    reading: tuple[str, str, int, bool]
    sources: Sequence[str]
    blocks: tuple[Block, ...]


class GLEU(Metric[PreparedGLEU]):
    """Score grammatical error correction with GLEU.

    `variant`: "napoles2016" is the official scorer on tokenised text; "editeval" detokenises all
    texts (`detokenise=False` leaves that out) and tokenises them again with NLTK's `word_tokenize`.
    `rng`: as which Python the references are drawn and white space is split. "py2" (the default of
    napoles2016) gives the published figures and splits at ASCII white space alone; "py3" (that of
    editeval) gives what the same scorer gives today. `iterations`: how often references are drawn;
    once where there is one reference. `order`: the longest n-grams. `tokenize`: how predictions
    are brought to the tokenisation of the gold first, see `retokenise`.

    Scores are points 0-100. Their part `std` is the population standard deviation over the
    iterations. A sentence's score is smoothed (a zero among its statistics counts as 1), and the
    mean over all its references. Statistics are integers, shape (n, refs, 2 + 2 * order): c, r, num
    for n = 1 to order, den likewise.

    >>> GLEU().corpus_score(sources=["I has it ."], predictions=["I have it ."],
    ...                     references=[["I have it ."]]).score
    100.0

    Raises:
        InputError: an option is unknown or does not fit the others.

    Source: Napoles et al. 2015, "Ground Truth for Grammatical Error Correction Metrics"; Napoles et
    al. 2016, "GLEU Without Tuning"; cnap/gec-ranking, scripts/gleu.py (which keeps num from falling
    below 0 in each sentence, unlike the paper); facebookresearch/EditEval, src/metrics/gleu.py.
    """

    prepared_type = PreparedGLEU

    def __init__(
        self,
        *,
        variant: Variant = "napoles2016",
        rng: Rng | None = None,
        iterations: int = 500,
        order: int = 4,
        tokenize: Tokenisation = "none",
        detokenise: bool | None = None,
    ) -> None:
        if rng is None:
            rng = "py3" if variant == "editeval" else "py2"
        _check_word("variant", variant, get_args(Variant))
        _check_word("rng", rng, get_args(Rng))
        _check_word("tokenize", tokenize, get_args(Tokenisation))
        for name, number in (("iterations", iterations), ("order", order)):
            if number < 1:
                raise InputError(f"gleu: {name}: expected at least 1, got {number}")
        if variant == "editeval" and tokenize != "none":
            raise InputError(
                f"gleu: expected tokenize='none' with variant='editeval', which tokenises "
                f"itself, got {tokenize!r}"
            )
        if variant != "editeval" and detokenise is not None:
            raise InputError(
                f"gleu: expected detokenise with variant='editeval' alone, got it with {variant!r}"
            )
        self.variant: Variant = variant
        self.rng: Rng = rng
        self.iterations = iterations
        self.order = order
        self.tokenize: Tokenisation = tokenize
        self.detokenise = variant == "editeval" and detokenise is not False
        self.name = "gleu-editeval" if variant == "editeval" else f"gleu-{rng}"

    @property
    def _reading(self) -> tuple[str, str, int, bool]:
        return self.variant, self.rng, self.order, self.detokenise

    def prepare(self, *, sources: Any, references: Any) -> PreparedGLEU:
        """Count sources and references[sentence][ref] once, for any number of systems.

        Raises:
            InputError: they do not fit each other.
            MissingExtraError: the variant needs nltk or its model, and they are not installed.
        """
        sources = check_texts("sources", sources)
        references = check_references(references, n=len(sources))
        tokenise = choose_tokeniser(self.variant, rng=self.rng, detokenise=self.detokenise)
        blocks = tuple(
            count_block(
                [
                    [tokenise(source), *map(tokenise, texts)]
                    for source, texts in zip(sources[rows], references[rows], strict=True)
                ],
                order=self.order,
            )
            for rows in _split_rows(len(sources))
        )
        return PreparedGLEU(len(sources), len(references[0]), self._reading, tuple(sources), blocks)

    def count(self, prepared: PreparedGLEU, predictions: Any) -> Counted:
        """Count one system against every reference, shape (n, refs, 2 + 2 * order).

        Raises:
            InputError: `prepared` was made by a GLEU that reads texts otherwise.
        """
        if prepared.reading != self._reading:
            raise InputError(
                f"prepared: expected a test set of {self.name} (variant, rng, order, detokenise: "
                f"{self._reading}), got one of {prepared.reading}; make it with the prepare() of "
                "this metric"
            )
        texts = retokenise(predictions, sources=prepared.sources, how=self.tokenize)
        tokenise = choose_tokeniser(self.variant, rng=self.rng, detokenise=self.detokenise)
        stats = [
            count_predictions(block, [tokenise(text) for text in texts[rows]])
            for block, rows in zip(prepared.blocks, _split_rows(prepared.n), strict=True)
        ]
        return Counted(np.concatenate(stats), {})

    def totals(self, stats: NDArray[Any], weights: Floats | None = None) -> Floats:
        """Sum the statistics of each iteration's references, shape (b, (1 + d) * (1 + order)).

        What no reference changes stands once, c and den; then r and num of each of d iterations.
        """
        n, refs, _ = stats.shape
        drawn = draw_references(n, refs, iterations=self.iterations, rng=self.rng)
        shared = stats[:, 0, [0, *range(2 + self.order, 2 + 2 * self.order)]]
        sums = sum_drawn(stats[:, :, 1 : 2 + self.order], drawn, weights)
        return np.concatenate([super().totals(shared, weights), sums], axis=1)

    def finish(self, totals: Floats) -> Floats:
        """Return the mean over the iterations, shape (b, m) -> (b,), in points."""
        mean: Floats = self._score_iterations(totals).mean(axis=1)
        return mean

    def describe(self, totals: Floats) -> tuple[dict[str, float], dict[str, Any]]:
        """Return the deviation over the iterations, their number and the first five."""
        scores = self._score_iterations(totals[None])[0]
        details = {"draws": len(scores), "first_draws": scores[:_FIRST_DRAWS].tolist()}
        return {"std": float(scores.std())}, details

    def draw_scores(
        self,
        *,
        predictions: Any,
        sources: Any = None,
        references: Any = None,
        prepared: PreparedGLEU | None = None,
    ) -> Floats:
        """Score one system once for each iteration's references, shape (iterations,), in points."""
        stats = self.stats(
            predictions=predictions, sources=sources, references=references, prepared=prepared
        )
        scores: Floats = self._score_iterations(self.totals(stats))[0]
        return scores

    def reference_scores(self, stats: NDArray[Any]) -> Floats:
        """Return the smoothed score of each sentence with each reference, (n, refs), in points."""
        smooth = np.where(stats == 0, 1, stats).astype(np.float64)
        num, den = smooth[..., 2 : 2 + self.order], smooth[..., 2 + self.order :]
        return _combine(smooth[..., 0], smooth[..., 1], np.log(num), np.log(den))

    def finish_sentences(self, stats: NDArray[Any]) -> Floats:
        """Return the mean over references of the smoothed scores, shape (n,), in points."""
        mean: Floats = self.reference_scores(stats).mean(axis=1)
        return mean

    def signature(self, prepared: PreparedGLEU) -> str:
        """Name every condition that the score depends on."""
        return sign(
            "GLEU",
            variant=self.variant,
            nrefs=prepared.refs,
            rng=self.rng,
            iter=self.iterations if prepared.refs > 1 else 1,
            order=self.order,
            **name_tokenisation(self.variant, tokenize=self.tokenize, detokenise=self.detokenise),
        )

    def _score_iterations(self, totals: Floats) -> Floats:
        """Score rows of `totals`, shape (b, iterations), in points."""
        parts = totals.reshape(len(totals), -1, 1 + self.order)
        shared, drawn = parts[:, :1], parts[:, 1:]
        whole = (drawn > 0).all(axis=2)  # where num is above 0, den and c are
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = _combine(
                shared[..., 0], drawn[..., 0], np.log(drawn[..., 1:]), np.log(shared[..., 1:])
            )
        return np.where(whole, scores, 0.0)


def _combine(c: Floats, r: Floats, log_num: Floats, log_den: Floats) -> Floats:
    """Return GLEU in points from lengths and the logarithms of num and den (on the last axis)."""
    brevity = np.minimum(0, 1 - r / c)
    scores: Floats = 100 * np.exp(brevity + log_num.mean(axis=-1) - log_den.mean(axis=-1))
    return scores


def _split_rows(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK):
        yield slice(start, start + _BLOCK)


def _check_word(option: str, word: object, known: tuple[str, ...]) -> None:
    if word not in known:
        raise InputError(f"gleu: {option}: expected {' or '.join(known)}, got {word!r}")
