"""M2 (MaxMatch), the metric of CoNLL-2014: the edits of a hypothesis against gold edits.

Counts are those of the official scorer, version 3.2 under Python 2, sentence by sentence. Where the
paper leaves a choice that scorer's is taken: `lattice`, `extraction` and `gold_sets` say
which.

Source: Dahlmeier and Ng 2012, "Better Evaluation for Grammatical Error Correction"; Ng et al. 2014,
"The CoNLL-2014 Shared Task on Grammatical Error Correction" (several annotators, F0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_args

import numpy as np

from wa_metrics.errors import InputError
from wa_metrics.fscore import LARGEST_BETA, f_scores, precision_recall_f
from wa_metrics.gold import read_gold
from wa_metrics.maxmatch.extraction import Hypothesis
from wa_metrics.maxmatch.gold_sets import split_tokens, to_sets
from wa_metrics.metric import Counted, Metric
from wa_metrics.retokenisation import Tokenisation, retokenise
from wa_metrics.score import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wa_metrics.maxmatch.extraction import FoundEdit, GoldEdit, Tokens
    from wa_metrics.maxmatch.gold_sets import GoldSentence
    from wa_metrics.metric import Floats

T = TypeVar("T")


@dataclass(frozen=True)
class PreparedM2:
    """Hold the gold edits of a test set, ready for any number of systems."""

    sentences: tuple[GoldSentence, ...]

    @property
    def n(self) -> int:
        """The number of sentences."""
        return len(self.sentences)


class Counts(NamedTuple):
    """Hold the numbers of edits: `correct` are in both. A duplicate in the gold counts twice."""

    correct: int
    proposed: int
    gold: int


class M2(Metric[PreparedM2]):
    r"""Score the edits of tokenised predictions against gold edits: precision, recall and F-beta.

    `references` is gold as `read_gold` takes it: an M2 file or its text, M2Sentence records, or
    edits with `sources`. Tokens are what white space separates, in sources and predictions alike.

    With several annotators a sentence counts against the one that gives the best F so far, so the
    score depends on the order of the sentences. Statistics (n, 3) are true positives, false
    positives and false negatives against the annotator that was chosen. A false count is proposed
    (or gold) minus correct, and may be below 0 where one edit matches duplicates in the gold.

    Args:
        beta: weight of recall against precision, 0.5 in CoNLL-2014.
        max_unchanged_words: how many unchanged words an edit may span.
        ignore_whitespace_casing: leave out edits that change only blanks or case.
        tokenize: tokenise predictions first, "treebank" or "spacy"; CoNLL-2014's own tokens are
            NLTK's. "none" takes them as they are.
        progress: wraps the list of sentences that is worked through, as a progress bar does.

    >>> gold = "S She go home\nA 1 2|||SVA|||goes|||REQUIRED|||-NONE-|||0\n"
    >>> print(M2().corpus_score(references=gold, predictions=["She goes home ."]))
    m2 55.56 (p 50.00 r 100.00 f 55.56 tp 1 fp 1 fn 0)

    Raises:
        InputError: an option has no such value.
    """

    name = "m2"
    prepared_type = PreparedM2

    def __init__(
        self,
        *,
        beta: float = 0.5,
        max_unchanged_words: int = 2,
        ignore_whitespace_casing: bool = False,
        tokenize: Tokenisation = "none",
        progress: Callable[[Sequence[T]], Iterable[T]] | None = None,
    ) -> None:
        if not 0 <= beta <= LARGEST_BETA:
            raise InputError(
                f"beta: expected a number of at least 0, at most {LARGEST_BETA:g}, got {beta!r}"
            )
        if not isinstance(max_unchanged_words, int) or max_unchanged_words < 0:
            raise InputError(
                f"max_unchanged_words: expected a whole number of at least 0, "
                f"got {max_unchanged_words!r}"
            )
        if tokenize not in get_args(Tokenisation):
            raise InputError(
                f"tokenize: expected one of {', '.join(get_args(Tokenisation))}, got {tokenize!r}"
            )
        self.beta = beta
        self.max_unchanged_words = max_unchanged_words
        self.ignore_whitespace_casing = ignore_whitespace_casing
        self.tokenize = tokenize
        self.progress: Callable[[Sequence[Any]], Iterable[Any]] | None = progress

    def prepare(self, *, sources: Any = None, references: Any) -> PreparedM2:
        """Read the gold edits once; `sources` are only needed where the gold has none.

        Raises:
            M2Error: a line of the gold is not M2.
            InputError: the gold has no sentence, or other sources.
        """
        return PreparedM2(tuple(map(to_sets, read_gold(references, sources))))

    def count(self, prepared: PreparedM2, predictions: Any) -> Counted:
        """Count the edits of one system; `details` hold the annotator chosen for each sentence."""
        if self.tokenize != "none":
            sources = [sentence.source for sentence in prepared.sentences]
            predictions = retokenise(predictions, sources=sources, how=self.tokenize)
        pairs = list(zip(prepared.sentences, predictions, strict=True))
        so_far = Counts(0, 0, 0)
        rows = []
        annotators = []
        for sentence, text in pairs if self.progress is None else self.progress(pairs):
            annotator, counts, so_far = self._choose(self._count(sentence, text), so_far)
            annotators.append(annotator)
            rows.append(
                (counts.correct, counts.proposed - counts.correct, counts.gold - counts.correct)
            )
        return Counted(np.array(rows, dtype=np.int64), {"annotators": annotators})

    def finish(self, totals: Floats) -> Floats:
        """Return the F-beta of each row of tp, fp, fn, shape (b, 3) -> (b,), in points."""
        return f_scores(totals, beta=self.beta)

    def describe(self, totals: Floats) -> tuple[dict[str, float], dict[str, Any]]:
        """Return P, R, F in points and tp, fp, fn; `details` have the edits as the scorer's."""
        tp, fp, fn = (int(total) for total in totals)
        p, r, f = (100 * rate for rate in precision_recall_f(tp, fp, fn, beta=self.beta))
        parts = {"p": p, "r": r, "f": f, "tp": tp, "fp": fp, "fn": fn}
        return parts, {"correct": tp, "proposed": tp + fp, "gold": tp + fn}

    def signature(self, prepared: PreparedM2) -> str:
        """Name every condition that the score depends on."""
        numbers = {len(sentence.annotators) for sentence in prepared.sentences}
        return sign(
            "M2",
            nrefs=numbers.pop() if len(numbers) == 1 else "var",
            beta=f"{self.beta:g}",
            unchanged=self.max_unchanged_words,
            ignorecase=self.ignore_whitespace_casing,
            tok=self.tokenize,
        )

    def _count(self, sentence: GoldSentence, text: str) -> list[tuple[int, Counts]]:
        """Count against each annotator in turn."""
        target = split_tokens(text)
        if target == sentence.tokens:
            return [(name, Counts(0, 0, len(gold))) for name, gold in sentence.annotators]
        hypothesis = Hypothesis(
            sentence.tokens, target, max_unchanged_words=self.max_unchanged_words
        )
        options = []
        for name, gold in sentence.annotators:
            found = hypothesis.extract(gold)
            if self.ignore_whitespace_casing:
                found = [edit for edit in found if not _is_same(edit, sentence.tokens)]
            options.append((name, Counts(_count_correct(found, gold), len(found), len(gold))))
        return options

    def _choose(
        self, options: list[tuple[int, Counts]], so_far: Counts
    ) -> tuple[int, Counts, Counts]:
        """Return the annotator with the best running F, the counts against it, and their sum.

        Ties go to more correct edits, then to fewer proposed and gold ones, then to the lower id.
        """
        weight = self.beta * self.beta
        best: tuple[float, int, float] | None = None
        for name, counts in options:
            correct, proposed, gold = (
                total + more for total, more in zip(so_far, counts, strict=True)
            )
            size = proposed + weight * gold
            rank = ((1 + weight) * correct / size if size else 1.0, correct, -size)
            if best is None or rank > best:
                best = rank
                chosen = name, counts, Counts(correct, proposed, gold)
        return chosen


def _count_correct(found: Sequence[FoundEdit], gold: Sequence[GoldEdit]) -> int:
    """Count matches in sequence: what the gold has before the last match is used up.

    An edit goes on to match after its first match, so that it counts for each duplicate.
    """
    correct = first = 0
    for edit in found:
        for place in range(first, len(gold)):
            start, end, corrections = gold[place]
            if (start, end) == edit[:2] and edit.correction in corrections:
                correct += 1
                first = place + 1
    return correct


def _is_same(edit: FoundEdit, tokens: Tokens) -> bool:
    return _fold(tokens[edit.start : edit.end]) == _fold(edit.correction)


def _fold(tokens: Tokens) -> str:
    """Forget blanks and case, letter by letter as Python 2.7: no final sigma, no dot on i."""
    return "".join(
        "i" if letter == "\u0130" else letter.lower() for token in tokens for letter in token
    )
