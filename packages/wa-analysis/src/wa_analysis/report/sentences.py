"""The sentences of a report as the page's script reads them (page/rows.js unpacks them).

Systems write the same text for most sentences, so each text of a sentence is kept once, with its
edits and its score, and each system names its place.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from wa_analysis.actions import is_uncorrected
from wa_analysis.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wa_analysis.entities import Flagged
    from wa_analysis.report.scoring import Scored
    from wa_analysis.report.study import Study
    from wa_metrics.edits import Edit

    Gold = Sequence[Sequence[Edit]]

# Bits of an edit, the same as in page/rows.js.
GOLD = 1
COLUMNS = {"entity_any": 2, "entity_named": 4, "entity_strict": 8, "entity_new": 16}
NUMBER = 32
MOST_TEXT = 200_000_000  # characters; a browser reads no JSON that is much longer


class Packer:
    """Packs test sets; the types of edits are numbered in the order in which they come."""

    def __init__(self) -> None:
        self._types: dict[str, int] = {}
        self._counts: Counter[str] = Counter()

    def pack_set(self, study: Study) -> dict[str, Any]:
        """Pack the sentences of one test set."""
        test_set, members = study.test_set, study.members
        own = study.own_scores()
        scores = [_round_scores(own.get(system)) for system in study.systems]
        flags = [_gather_flags(study.entities[system].flagged) for system in study.systems]
        rows = []
        for index, sentence in enumerate(test_set.sentences):
            gold = members[0].gold[index]
            outputs: dict[str, list[Any]] = {}
            which = []
            for place, member in enumerate(members):
                text = member.output.predictions[index]
                correction = member.corrections[index]
                if text is None or correction is None:
                    which.append(-1)
                    continue
                if text not in outputs:
                    bits = [flags[place].get((index, edit), 0) for edit in correction.edits]
                    edits = self._pack_edits(correction.edits, gold, bits)
                    outputs[text] = [_shorten(text, sentence.source), edits, None]
                score = scores[place]
                if score and outputs[text][2] is None:  # not every system has scores
                    outputs[text][2] = score[index]
                which.append(list(outputs).index(text))
            references = self._pack_references(sentence.references, sentence.source, gold)
            rows.append([sentence.id, sentence.source, references, list(outputs.values()), which])
        return {
            "key": study.title,
            "benchmark": test_set.benchmark,
            "split": test_set.split,
            "task": test_set.task,
            "metric": test_set.metric,
            "gold": members[0].gold_kind != "none",
            "systems": study.systems,
            "rows": rows,
        }

    def pack(self, sets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what the page needs for its browser: the data, and what its lists offer.

        Raises:
            InputError: there is more text than a browser can read.
        """
        size = sum(_count_text(rows["rows"]) for rows in sets)
        if size > MOST_TEXT:
            raise InputError(
                f"expected at most {MOST_TEXT:,} characters of sentences for one page, got "
                f"{size:,}; make a report for each test set"
            )
        names = dict.fromkeys(name for rows in sets for name in rows["systems"])
        return {
            "data": {"types": list(self._types), "sets": sets},
            "titles": [rows["key"] for rows in sets],
            "tasks": list(dict.fromkeys(rows["task"] for rows in sets)),
            "systems": list(names),
            "types": [
                {"name": name, "count": f"{count:,}"}
                for name, count in sorted(self._counts.items(), key=lambda item: (-item[1], item))
            ],
        }

    def _pack_references(
        self, references: Sequence[str], source: str, gold: Gold
    ) -> list[list[Any]]:
        """Pack the references with their edits, which are one annotator's each."""
        edits: list[Sequence[Edit]] = list(gold) if len(gold) == len(references) else []
        packed = []
        for index, text in enumerate(references):
            own = edits[index] if edits else ()
            edits_of = self._pack_edits(own, gold, [0] * len(own))
            packed.append([_shorten(text, source), edits_of, None])
        return packed

    def _pack_edits(
        self, edits: Iterable[Edit], gold: Gold, flags: Sequence[int]
    ) -> list[list[Any]]:
        known = {edit[1:3] + edit[4:] for own in gold for edit in own if not is_uncorrected(edit)}
        packed = []
        for edit, bits in zip(edits, flags, strict=True):
            self._counts[edit.type] += 1
            kind = self._types.setdefault(edit.type, len(self._types))
            found = bits | GOLD if edit[1:3] + edit[4:] in known else bits
            packed.append([edit.start, edit.end, edit.correction, kind, found])
        return packed


def _gather_flags(flagged: Iterable[Flagged]) -> dict[tuple[int, Edit], int]:
    """Return the bits of the columns that count an edit, by its sentence and the edit."""
    return {
        (each.sentence, each.change.edit): sum(COLUMNS[column] for column in each.columns)
        + (NUMBER if any(each.numbers) else 0)
        for each in flagged
    }


def _round_scores(scored: Scored | None) -> list[float] | None:
    if scored is None or scored.sentences is None:
        return None
    rounded: list[float] = scored.sentences.round(1).tolist()
    return rounded


def _shorten(text: str, source: str) -> str | int:
    """Write 0 for a text that is the source."""
    return 0 if text == source else text


def _count_text(rows: Iterable[Sequence[Any]]) -> int:
    return sum(
        len(source) + sum(len(text) for text, *_ in (*references, *outputs) if text)
        for _, source, references, outputs, _ in rows
    )
