"""Pairs for the other tasks: each rewrites a composed sentence by a table from chunk to chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wa_data.demo import words as w
from wa_data.demo.corruption import VARIANTS, corrupt, vary
from wa_data.demo.grammar import (
    ACADEMIC,
    COHESIVE,
    FULL_NAME,
    HARD,
    PLAIN,
    SLANTED,
    compose,
    tokenised,
)

CONCISE = {
    **w.WORDY_LINKS,
    **w.WORDY_REASONS,
    **w.WORDY_QUANTITIES,
    **w.WORDY_ABILITIES,
    **dict.fromkeys(w.FILLERS, ""),
}
SIMPLE = {
    **w.HARD_VERBS,
    **w.HARD_ADJECTIVES,
    **w.HARD_NOUNS,
    **w.HARD_LINKS,
    ", which": ". It",
    ", although": ". But",
    "subsequently": "later",
}
NEUTRAL = {
    **dict.fromkeys((*w.SLANTED_ADJECTIVES, *w.SLANTED_ADVERBS), ""),
    **w.SLANTED_VERBS,
}


def rewrite(chunks: Sequence[str], table: Mapping[str, str]) -> list[str]:
    """Replace every chunk that the table knows.

    >>> rewrite(["we", "really", "sing"], {"really": ""})
    ['we', '', 'sing']
    """
    return [table.get(chunk, chunk) for chunk in chunks]


def revise(label: str, n: int) -> tuple[str, str]:
    """Compose a tokenised pair (before, after) of one of IteraTeR's labels."""
    if label == "clarity":
        chunks, _ = compose(n, ACADEMIC)
        return tokenised(chunks), tokenised(rewrite(chunks, CONCISE))
    if label == "coherence":
        chunks, _ = compose(n, COHESIVE)
        cue = next(chunk for chunk in chunks if chunk in w.CUES)
        after = [w.CUES[cue], *("" if chunk is cue else chunk for chunk in chunks)]
        return tokenised(chunks), tokenised(after)
    chunks, n = compose(n, PLAIN)
    if label == "fluency":
        wrong, _, _ = corrupt(chunks, n, 1 + n % 2)
        return tokenised(wrong), tokenised(chunks)
    if label == "style":
        return tokenised(chunks), tokenised(rewrite(chunks, VARIANTS))
    last = "tomorrow" if label == "meaning-changed" else "( see below )"
    return tokenised(chunks), tokenised([*chunks[:-1], last, chunks[-1]])


def simplify(n: int, taste: int, references: int) -> list[str]:
    """Compose a tokenised hard sentence and simpler ones: `[source, *references]`.

    The first reference makes every change; each further one, as `taste` decides, keeps some of
    the hard chunks, and about one in twelve is the source itself, as crowd workers do.
    """
    chunks, _ = compose(n, HARD)
    source, simple = tokenised(chunks), rewrite(_without_asides(chunks), SIMPLE)
    texts = [source, tokenised(simple)]
    for _ in range(references - 1):
        taste, choice = divmod(taste, 4096)
        kept = [chunk if choice >> at % 12 & 1 else SIMPLE.get(chunk, chunk)
                for at, chunk in enumerate(chunks)]  # fmt: skip
        texts.append(source if choice % 12 == 0 else tokenised(kept))
    return texts[: references + 1]


def _without_asides(chunks: Sequence[str]) -> list[str]:
    return ["" if chunk.startswith("-LRB-") else chunk for chunk in chunks]


def neutralise(n: int) -> tuple[str, str]:
    """Compose a tokenised pair (slanted, neutral) that differs in one chunk."""
    chunks, _ = compose(n, SLANTED)
    return tokenised(chunks), tokenised(rewrite(chunks, NEUTRAL))


def learner(n: int, errors: int) -> tuple[list[str], list[str], dict[int, str], int]:
    """Compose (clean chunks, wrong chunks, error types, rest) of a learner's sentence."""
    chunks, n = compose(n, PLAIN)
    wrong, kinds, n = corrupt(chunks, n, errors)
    return chunks, wrong, kinds, n


class Scene(NamedTuple):
    """What a pair of similar sentences talks about."""

    adjective: str
    job: str
    verb: w.Verb
    thing: str
    town: str
    who: str


_ASPECTS = (tuple(w.ADJECTIVES), w.JOBS, w.VERBS, w.THINGS, w.TOWNS, FULL_NAME)
# Two ways to say the same of a scene; all end in a full stop and are not tokenised.
_SAYINGS = (
    ("A {0.job} {0.verb.third} a {0.adjective} {0.thing} in {0.town}.",
     "In {0.town}, a {0.job} is {0.verb.gerund} a {0.adjective} {0.thing}."),
    ("{0.who} {0.verb.past} the {0.adjective} {0.thing} for a {0.job}.",
     "The {0.adjective} {0.thing} was {0.verb.participle} by {0.who} for a {0.job}."),
    ("There is a {0.adjective} {0.thing} in {0.town} that {0.who} {0.verb.past}.",
     "{0.who} {0.verb.past} a {0.adjective} {0.thing} that is in {0.town}."),
    ('The {0.job} calls the {0.thing} of {0.who} "{0.adjective}".',
     'The {0.thing} of {0.who}, the {0.job} says, is "{0.adjective}".'),
)  # fmt: skip


def similar(n: int, same: bool) -> tuple[str, str, str]:
    """Compose two sentences and how alike they are, 0 to 5 with at most three decimals.

    Args:
        n: the number that decides everything.
        same: whether the second says the very same (`5.0`) in another way.
    """
    n, saying = divmod(n, len(_SAYINGS))
    scene, other = [], []
    for aspect in _ASPECTS:
        n, one = divmod(n, len(aspect))
        n, two = divmod(n, len(aspect))
        scene.append(aspect[one])
        other.append(aspect[two])
    n, level = divmod(n, 5)
    n, part = divmod(n, 5)
    first, second = _SAYINGS[saying]
    mixed = scene if same else [*scene[:level], *other[level:]]
    score = "5.0" if same else f"{level}.{('0', '2', '4', '75', '917')[part]}"
    return first.format(Scene(*scene)), second.format(Scene(*mixed)), score  # type: ignore[arg-type]


def fluent_references(clean: Sequence[str], n: int, references: int) -> list[str]:
    """Give tokenised references: the clean sentence, then the same said in other good ways."""
    return [tokenised(vary(clean, n >> 20 * k if k else 0)) for k in range(references)]
