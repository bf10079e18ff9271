"""Extract the edits of two parsed sentences with the installed errant, and plan what to parse."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from wa_metrics.edits import Edit
from wa_metrics.errant.align import Middle, Step, align, find_middle
from wa_metrics.errant.matrix import Trait
from wa_metrics.errant.merging import has_long_run, merge_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wa_metrics.errant.model import Sentence

Merge = Literal["rules", "all-split", "all-merge", "all-equal"]

# sha256 over the modules of errant 3.0.2 that the short cuts here were shown for.
_MODULES = ("alignment.py", "edit.py", "en/classifier.py", "en/merger.py")
_KNOWN = "ac099a18b8c690f97b8c91fac4c061cdc99145ca83aad5fc6503e8d3e1c346f2"


class Plan(NamedTuple):
    """Hold what is known of a pair of sentences before they are parsed.

    `steps` are the alignment where the words alone decide it. `is_case` is whether all edits are
    single words written in another case.
    """

    middle: Middle
    steps: list[Step] | None
    needs_orig: bool
    needs_cor: bool
    is_case: bool = False


class Extractor:
    """Make edits as errant does: its merger and classifier, but our alignment.

    If the installed errant is not the one that the alignment and the short cuts were shown for,
    all of it is left to errant.
    """

    def __init__(self, *, merge: Merge = "rules", lev: bool = False) -> None:
        self._merge = merge
        self._lev = lev
        self._annotator, self._alignment, self._is_known = _load_errant()

    def plan(self, orig: Sequence[str], cor: Sequence[str]) -> Plan:
        """Tell which of two sentences must be parsed, given as words.

        The classifier looks only at the side that an edit has words on: nobody needs a parse of
        the source of a sentence where words are only missing.
        """
        middle = find_middle(orig, cor)
        if not self._is_known:
            return Plan(middle, None, needs_orig=True, needs_cor=True)
        if self._lev or middle.is_one_sided:
            steps = align(orig, cor, middle, lev=self._lev)
            operations = {step[0] for step in steps if step[0] != "M"}
            return Plan(
                middle,
                steps,
                needs_orig=not operations <= {"I"},
                needs_cor=not operations <= {"D"},
            )
        steps_of_case = _align_case(orig, cor, middle)
        if steps_of_case is not None:
            return Plan(middle, steps_of_case, needs_orig=False, needs_cor=False, is_case=True)
        return Plan(middle, None, needs_orig=True, needs_cor=True)

    def extract(self, orig: Sentence, cor: Sentence, plan: Plan) -> Iterator[Edit]:
        """Yield the edits of two sentences, parsed where the plan says so, from left to right."""
        if not self._is_known:
            found = self._annotator.annotate(orig.doc, cor.doc, self._lev, self._merge)
        else:
            steps = plan.steps
            if steps is None:
                start, orig_end, cor_end = plan.middle
                steps = align(
                    orig.words,
                    cor.words,
                    plan.middle,
                    [Trait(token.lemma, token.pos_) for token in orig.doc[start:orig_end]],
                    [Trait(token.lemma, token.pos_) for token in cor.doc[start:cor_end]],
                )
            if plan.is_case:
                for _, o_start, o_end, c_start, _ in _without_matches(steps):
                    yield Edit(0, o_start, o_end, "R:ORTH", cor.words[c_start])
                return
            found = self._merge_steps(steps, orig.doc, cor.doc)
            for edit in found:
                self._annotator.classify(edit)
        for edit in found:
            correction = " ".join(cor.words[edit.c_start : edit.c_end])
            yield Edit(0, edit.o_start, edit.o_end, edit.type, correction)

    def _merge_steps(self, steps: list[Step], orig: Any, cor: Any) -> list[Any]:
        """Return errant's edits without types; errant itself takes cubic time on long runs."""
        if self._merge == "rules" and has_long_run(steps):
            from errant.edit import Edit as ErrantEdit  # type: ignore[import-untyped]

            return [ErrantEdit(orig, cor, spans) for spans in merge_steps(steps, orig, cor)]
        merged: list[Any] = self._annotator.merge(self._alignment(orig, cor, steps), self._merge)
        return merged


def _align_case(orig: Sequence[str], cor: Sequence[str], middle: Middle) -> list[Step] | None:
    """Return the alignment if only single words differ, by case alone; else None.

    Equal tokens and such substitutions cost nothing, so no other path is as cheap. Two of them
    side by side are for the merger, which looks at their tags.
    """
    start, orig_end, cor_end = middle
    if orig_end != cor_end:
        return None
    steps: list[Step] = []
    before = "M"
    for place in range(start, orig_end):
        operation = "M" if orig[place] == cor[place] else "S"
        if operation == "S" and (before == "S" or orig[place].lower() != cor[place].lower()):
            return None
        steps.append((operation, place, place + 1, place, place + 1))
        before = operation
    return steps


def _without_matches(steps: list[Step]) -> Iterator[Step]:
    return (step for step in steps if step[0] != "M")


@cache
def _load_errant() -> tuple[Any, Any, bool]:
    """Return errant's annotator, its alignment made of steps, and whether errant is known."""
    import errant  # type: ignore[import-untyped]
    from errant.alignment import Alignment  # type: ignore[import-untyped]

    from wa_metrics.errant.model import load_parser

    class Aligned(Alignment):  # type: ignore[misc]
        """Hold steps that were found before."""

        def __init__(self, orig: Any, cor: Any, steps: list[Step]) -> None:
            self.orig, self.cor, self.align_seq = orig, cor, steps

    digest = hashlib.sha256()
    for name in _MODULES:
        digest.update((Path(errant.__file__).parent / name).read_bytes())
    return errant.load("en", load_parser().nlp), Aligned, digest.hexdigest() == _KNOWN
