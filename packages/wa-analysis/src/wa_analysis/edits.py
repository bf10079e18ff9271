"""Count the edits of a system: by action, type and length, beside the gold and against it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from wa_analysis import actions
from wa_analysis.actions import ACTIONS
from wa_analysis.matching import BETA, match_edits
from wa_metrics.fscore import precision_recall_f

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wa_analysis.annotation import Annotated
    from wa_analysis.matching import Event, Side
    from wa_metrics.edits import Edit

    Namer = Callable[[Edit], str]

# Bins by tokens: the lowest number of each, which the next one ends.
EDIT_LENGTHS = (1, 2, 3, 5)
SENTENCE_LENGTHS = (1, 11, 21, 31, 41)


class Cell(NamedTuple):
    """Hold the counts of a group of edits.

    `edits` are the system's; `gold` are those of the gold, the mean over the annotators of each
    sentence; tp, fp and fn are against the annotator that ERRANT chooses. All but the first are
    None where there is no gold.
    """

    edits: int
    gold: float | None
    tp: int | None
    fp: int | None
    fn: int | None

    def rates(self) -> tuple[float, float, float] | None:
        """Return precision, recall and F0.5 in points; None where there is no gold."""
        if self.tp is None or self.fp is None or self.fn is None:
            return None
        p, r, f = precision_recall_f(self.tp, self.fp, self.fn, beta=BETA)
        return 100 * p, 100 * r, 100 * f


class SentenceBin(NamedTuple):
    """Hold how many sentences have a length, their tokens, and the edits in them."""

    sentences: int
    tokens: int
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCounts:
    """Hold the counts of one system; each mapping is by the name of a group.

    `sentences` are those with a prediction, `changed` those of them that differ from their source.
    `uncorrected` are edits that only find something (UNK); they are in no other count.
    """

    sentences: int
    changed: int
    total: Cell
    uncorrected: Cell
    by_action: Mapping[str, Cell]
    by_span_action: Mapping[str, Cell]
    by_type: Mapping[str, Cell]
    by_main_type: Mapping[str, Cell]
    by_length: Mapping[str, Cell]
    by_sentence_length: Mapping[str, SentenceBin]


class _Tally:
    """Count edits by the names that a function gives them."""

    def __init__(self, name: Namer, *, has_gold: bool, order: Sequence[str] = ()) -> None:
        self._name = name
        self._has_gold = has_gold
        self._counts: defaultdict[str, dict[Side, float]] = defaultdict(_start_counts)
        for group in order:
            self._counts[group]

    def add(self, event: Event) -> None:
        self._counts[self._name(event.edit)][event.side] += event.weight

    def close(self, *, is_sorted: bool = False) -> dict[str, Cell]:
        names = sorted(self._counts) if is_sorted else list(self._counts)
        return {name: self._close(self._counts[name]) for name in names}

    def _close(self, counts: Mapping[Side, float]) -> Cell:
        if not self._has_gold:
            return Cell(int(counts["edits"]), None, None, None, None)
        gold = round(counts["gold"], 6)  # sums of thirds
        right, wrong, missed = (int(counts[side]) for side in ("tp", "fp", "fn"))
        return Cell(int(counts["edits"]), gold, right, wrong, missed)


def count_edits(annotated: Annotated) -> EditCounts:
    """Count the edits of one annotated output over the sentences that have a prediction."""
    has_gold = annotated.gold_kind != "none"

    def tally(name: Namer, order: Sequence[str] = ()) -> _Tally:
        return _Tally(name, has_gold=has_gold, order=order)

    total, uncorrected = tally(_name_all, [""]), tally(_name_all, [""])
    action = tally(actions.find_action, ACTIONS)
    span_action = tally(actions.find_span_action, ACTIONS)
    kind, main_type = tally(lambda edit: edit.type), tally(actions.find_main_type)
    length = tally(
        lambda edit: name_bin(actions.find_length(edit), EDIT_LENGTHS), list_bins(EDIT_LENGTHS)
    )
    by_sentence = {name: tally(_name_all, [""]) for name in list_bins(SENTENCE_LENGTHS)}
    sizes: dict[str, list[int]] = {name: [] for name in by_sentence}
    changed = 0
    for _, correction, events in match_edits(annotated):
        tokens = len(correction.source)
        bin_name = name_bin(tokens, SENTENCE_LENGTHS)
        sizes[bin_name].append(tokens)
        changed += correction.source != correction.output
        tallies = (total, action, span_action, kind, main_type, length, by_sentence[bin_name])
        for event in events:
            is_apart = event.side in {"edits", "gold"} and actions.is_uncorrected(event.edit)
            for each in (uncorrected,) if is_apart else tallies:
                each.add(event)
    return EditCounts(
        sentences=sum(map(len, sizes.values())),
        changed=changed,
        total=total.close()[""],
        uncorrected=uncorrected.close()[""],
        by_action=action.close(),
        by_span_action=span_action.close(),
        by_type=kind.close(is_sorted=True),
        by_main_type=main_type.close(is_sorted=True),
        by_length=length.close(),
        by_sentence_length={
            name: SentenceBin(len(sizes[name]), sum(sizes[name]), each.close()[""])
            for name, each in by_sentence.items()
        },
    )


def list_bins(starts: Sequence[int]) -> list[str]:
    """Name the bins that begin at some numbers.

    >>> list_bins((1, 2, 3, 5))
    ['1', '2', '3-4', '5+']
    """
    ends = [str(after - 1) for after in starts[1:]]
    ranges = [
        start if start == end else f"{start}-{end}"
        for start, end in zip(map(str, starts), ends, strict=False)
    ]
    return [*ranges, f"{starts[-1]}+"]


def name_bin(number: int, starts: Sequence[int]) -> str:
    """Return the bin of a number; what is below the first bin is counted in it.

    >>> name_bin(4, (1, 2, 3, 5)), name_bin(0, (1, 11))
    ('3-4', '1-10')
    """
    return list_bins(starts)[max(0, sum(start <= number for start in starts) - 1)]


def _name_all(edit: Edit) -> str:
    return ""


def _start_counts() -> dict[Side, float]:
    return {"edits": 0, "gold": 0, "tp": 0, "fp": 0, "fn": 0}
