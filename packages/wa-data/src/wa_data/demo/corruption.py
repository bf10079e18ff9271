"""Learner errors, by rule: each is a chunk, what a learner writes instead, and its type.

The rules are regular, so that a model can learn to undo them: agreement, tense, verb form,
article, preposition, plural, spelling, comma, capital, word order. Types are ERRANT's; those of
the CoNLL shared tasks are a coarser table over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from wa_data.demo import grammar
from wa_data.demo import words as w


class Edit(NamedTuple):
    """One correction: the source's tokens [start, end) become `correction`."""

    start: int
    end: int
    type: str
    correction: str


Rule = tuple[str, str]

CONLL_TYPES = {
    "R:VERB:SVA": "SVA",
    "R:VERB:TENSE": "Vt",
    "R:VERB:FORM": "Vform",
    "M:VERB:FORM": "Vform",
    "M:DET": "ArtOrDet",
    "U:DET": "ArtOrDet",
    "R:DET": "ArtOrDet",
    "R:NOUN:NUM": "Nn",
    "R:PREP": "Prep",
    "M:PREP": "Prep",
    "M:PUNCT": "Mec",
    "R:ORTH": "Mec",
    "R:SPELL": "Mec",
    "R:WO": "WOadv",
    "R:OTHER": "Wci",
}


def misspell(word: str) -> str:
    """Misspell a word of six letters or more by one rule; shorter words stay as they are.

    >>> misspell("necklace"), misspell("letter"), misspell("gate")
    ('neclkace', 'leter', 'gate')
    """
    if len(word) < 6 or not word.isalpha():
        return word
    for at in range(1, len(word)):
        if word[at] == word[at - 1]:
            return word[:at] + word[at + 1 :]
    middle = len(word) // 2
    return word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]


def _verb_rules(verb: w.Verb) -> Iterable[tuple[str, str, str]]:
    base, third, past, _, gerund = verb
    yield base, "R:VERB:SVA", third
    yield third, "R:VERB:SVA", base
    yield past, "R:VERB:TENSE", third
    yield f"to {base}", "R:VERB:FORM", f"to {gerund}"
    yield f"to {base}", "M:VERB:FORM", base
    yield f"did n't {base}", "R:VERB:FORM", f"did n't {past}"
    yield f"is {gerund}", "R:VERB:FORM", f"is {base}"
    for adverb in w.ADVERBS:
        yield f"{adverb} {third}", "R:WO", f"{third} {adverb}"
        yield f"{adverb} {third}", "R:VERB:SVA", f"{adverb} {base}"
        yield f"{adverb} {past}", "R:WO", f"{past} {adverb}"
        yield f"{adverb} {past}", "R:VERB:TENSE", f"{adverb} {third}"


def _other_rules() -> Iterable[tuple[str, str, str]]:
    yield "the", "M:DET", ""
    yield "a", "M:DET", ""
    yield "an", "R:DET", "a"
    yield "in", "R:PREP", "at"
    yield "on", "R:PREP", "in"
    yield "at", "R:PREP", "on"
    yield "for", "M:PREP", ""
    yield ",", "M:PUNCT", ""
    yield "are", "R:VERB:SVA", "is"
    yield "have", "R:VERB:SVA", "has"
    for thing in w.THINGS:
        yield w.plural(thing), "R:NOUN:NUM", thing
    for name in (*w.TOWNS, *w.DAYS, *w.MONTHS):
        yield name, "R:ORTH", name.lower()
    for town in w.TOWNS:
        yield town, "U:DET", f"the {town}"
    for word in (*w.THINGS, *w.JOBS, *w.ADJECTIVES, *w.VOWEL_ADJECTIVES, "should", "waiting"):
        if misspell(word) != word:
            yield word, "R:SPELL", misspell(word)


def _rules() -> dict[str, tuple[Rule, ...]]:
    """Build the table: a clean chunk -> its (type, wrong chunk) rules."""
    table: dict[str, tuple[Rule, ...]] = {}
    rules = [*_other_rules(), *(rule for verb in w.VERBS for rule in _verb_rules(verb))]
    for chunk, kind, wrong in rules:
        table[chunk] = (*table.get(chunk, ()), (kind, wrong))
    return table


def _variants() -> dict[str, str]:
    """Give the table of equally good wordings: synonyms of adjectives, links and adverbs."""
    table = {**w.ADJECTIVES, **w.QUANTITIES, **w.LINKS}
    for adverb, other in w.ADVERBS.items():
        for verb in (*grammar.THIRD, *grammar.PAST):
            table[f"{adverb} {verb}"] = f"{other} {verb}"
    return table


RULES = _rules()
VARIANTS = _variants()


def corrupt(chunks: Sequence[str], n: int, errors: int) -> tuple[list[str], dict[int, str], int]:
    """Put up to `errors` learner errors into a sentence, never into its first chunk.

    Args:
        chunks: a clean sentence.
        n: the number that decides which chunks and which rules.
        errors: how many; fewer where the sentence has fewer chunks with a rule.

    Returns:
        The wrong chunks, the error type of each chunk that is wrong, and the number's rest.
    """
    places = [at for at, chunk in enumerate(chunks) if at and chunk in RULES]
    wrong, kinds = list(chunks), {}
    for _ in range(min(errors, len(places))):
        n, choice = divmod(n, len(places))
        at = places.pop(choice)
        rules = RULES[chunks[at]]
        n, choice = divmod(n, len(rules))
        kinds[at], wrong[at] = rules[choice]
    return wrong, kinds, n


def vary(chunks: Sequence[str], n: int) -> list[str]:
    """Say some chunks in an equally good way, never the first; the bits of `n` decide which."""
    return [
        VARIANTS[chunk] if at and chunk in VARIANTS and n >> at & 1 else chunk
        for at, chunk in enumerate(chunks)
    ]


def find_edits(clean: Sequence[str], wrong: Sequence[str], kinds: dict[int, str]) -> list[Edit]:
    """Give the edits from the wrong sentence to the clean one, in order, as short as can be.

    >>> find_edits(["He", "often walks", "."], ["He", "often walk", "."], {1: "R:VERB:SVA"})
    [Edit(start=2, end=3, type='R:VERB:SVA', correction='walks')]
    """
    edits, offset = [], 0
    for at, text in enumerate(wrong):
        left = text.split(" ") if text else []
        right = clean[at].split(" ")
        if left != right:
            head = _common(left, right)
            tail = _common(left[head:][::-1], right[head:][::-1])
            correction = " ".join(right[head : len(right) - tail])
            kind = kinds.get(at, "R:OTHER")
            edits.append(Edit(offset + head, offset + len(left) - tail, kind, correction))
        offset += len(left)
    return edits


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    """Count the tokens that both begin with."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def m2_block(source: str, annotators: Iterable[tuple[int, Sequence[Edit]]], conll: bool) -> str:
    """Write one sentence in M2: `S`, then each annotator's `A` lines, a noop where he has none.

    >>> print(m2_block("He walk .", [(0, [Edit(1, 2, "R:VERB:SVA", "walks")])], False))
    S He walk .
    A 1 2|||R:VERB:SVA|||walks|||REQUIRED|||-NONE-|||0
    """
    lines = [f"S {source}"]
    for annotator, edits in annotators:
        for start, end, kind, correction in edits or [Edit(-1, -1, "noop", "-NONE-")]:
            name = CONLL_TYPES.get(kind, kind) if conll else kind
            lines.append(
                f"A {start} {end}|||{name}|||{correction}|||REQUIRED|||-NONE-|||{annotator}"
            )
    return "\n".join(lines)
