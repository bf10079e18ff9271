"""The sentences of a report as the page's script reads them (page/rows.js unpacks them).

Systems write the same text for most sentences, so each text of a sentence is kept once, with its
edits and its score, and each system names its place.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from wa_analysis.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from wa_analysis.annotation import Annotated, Correction
    from wa_analysis.report.scoring import Scored
    from wa_metrics.edits import Edit

    Gold = Sequence[Sequence[Edit]]
    # The flags of the edits of a sentence, as FLAGS counts them, without that of the gold.
    FlagEntities = Callable[[Correction, Gold], Sequence[int]]

# Bits of an edit, the same as in page/rows.js.
FLAGS = {"gold": 1, "any": 2, "named": 4, "strict": 8, "new": 16}
MOST_TEXT = 200_000_000  # characters; a browser reads no JSON that is much longer


class Packer:
    """Packs test sets; the types of edits are numbered in the order in which they come."""

    def __init__(self, flag_entities: FlagEntities) -> None:
        self._flag_entities = flag_entities
        self._types: dict[str, int] = {}
        self._counts: Counter[str] = Counter()

    def pack_set(
        self, members: Sequence[Annotated], scored: Mapping[str, Scored], *, title: str
    ) -> dict[str, Any]:
        """Pack the sentences of one test set.

        Args:
            members: its systems.
            scored: the scores of those that have some, by system.
            title: what the page calls the set, and its key.
        """
        test_set = members[0].output.test_set
        scores = [
            None if found is None or found.sentences is None else found.sentences.round(1).tolist()
            for found in (scored.get(member.output.system) for member in members)
        ]
        rows = []
        for index, sentence in enumerate(test_set.sentences):
            gold = members[0].gold[index]
            outputs: dict[str, list[Any]] = {}
            which = []
            for member, own in zip(members, scores, strict=True):
                text = member.output.predictions[index]
                correction = member.corrections[index]
                if text is None or correction is None:
                    which.append(-1)
                    continue
                if text not in outputs:
                    edits = self._pack_edits(
                        correction.edits, gold, self._flag_entities(correction, gold)
                    )
                    outputs[text] = [_shorten(text, sentence.source), edits, None]
                if own is not None:
                    outputs[text][2] = own[index]
                which.append(list(outputs).index(text))
            references = self._pack_references(sentence.references, sentence.source, gold)
            rows.append([sentence.id, sentence.source, references, list(outputs.values()), which])
        return {
            "key": title,
            "benchmark": test_set.benchmark,
            "split": test_set.split,
            "abbrev": title,
            "task": test_set.task,
            "metric": test_set.metric,
            "gold": members[0].gold_kind != "none",
            "systems": [member.output.system for member in members],
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
            "sets": [{"key": rows["key"], "title": rows["abbrev"]} for rows in sets],
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
            bits = [FLAGS["gold"]] * len(own)
            packed.append([_shorten(text, source), self._pack_edits(own, gold, bits), None])
        return packed

    def _pack_edits(
        self, edits: Iterable[Edit], gold: Gold, flags: Sequence[int]
    ) -> list[list[Any]]:
        known = {(edit.start, edit.end, edit.correction) for own in gold for edit in own}
        packed = []
        for edit, bits in zip(edits, flags, strict=True):
            self._counts[edit.type] += 1
            kind = self._types.setdefault(edit.type, len(self._types))
            is_gold = (edit.start, edit.end, edit.correction) in known
            found = bits | FLAGS["gold"] if is_gold else bits
            packed.append([edit.start, edit.end, edit.correction, kind, found])
        return packed


def _shorten(text: str, source: str) -> str | int:
    """Write 0 for a text that is the source."""
    return 0 if text == source else text


def _count_text(rows: Iterable[Sequence[Any]]) -> int:
    return sum(
        len(source) + sum(len(text) for text, *_ in (*references, *outputs) if text)
        for _, source, references, outputs, _ in rows
    )
