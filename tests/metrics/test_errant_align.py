"""The alignment of ERRANT, found without most of its matrix: the installed errant is the oracle."""

from __future__ import annotations

import random
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics.errant.align import align, find_middle
from wa_metrics.errant.matrix import Trait

from .errant_pairs import needs_errant

# Long words make substitutions cheap, repeated ones make transpositions likely.
WORDS = st.sampled_from("a A b B c C ab abc the The abcdefgh abcdefghi bcdefghi".split())
TAGS = ("ADJ", "ADV", "NOUN", "VERB", "DET", "PUNCT")


@st.composite
def changed_sentences(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """A sentence and one that was made of it: mostly alike, some words moved or in other case."""
    old = draw(st.lists(WORDS, max_size=12))
    new = list(old)
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(new)))
        match draw(st.integers(0, 4)):
            case 0:
                new.insert(place, draw(WORDS))
            case 1:
                del new[place : place + 1]
            case 2:
                new[place : place + 1] = [draw(WORDS)]
            case 3:
                new[place : place + 3] = draw(st.permutations(new[place : place + 3]))
            case _:
                new[place : place + 1] = [word.swapcase() for word in new[place : place + 1]]
    return old, new


@needs_errant
@settings(max_examples=600, deadline=None)
@given(changed_sentences(), st.integers(0, 2**32), st.booleans())
def test_the_alignment_is_errants(pair: Any, seed: int, lev: bool) -> None:
    from errant.alignment import Alignment  # type: ignore[import-untyped]

    parts_of_speech = import_module("spacy.parts_of_speech")

    rng = random.Random(seed)

    def tokens_of(words: list[str]) -> list[Any]:
        return [
            SimpleNamespace(
                text=word,
                orth=word,
                lower=word.lower(),
                lemma=rng.choice([word.lower(), word.lower(), "a"]),
                tag=(tag := rng.choice(TAGS)),
                pos=getattr(parts_of_speech, tag),
            )
            for word in words
        ]

    old, new = map(tokens_of, pair)
    expected = Alignment(old, new, lev).align_seq
    while expected and expected[0][0] == "M":
        del expected[0]
    while expected and expected[-1][0] == "M":
        del expected[-1]
    before, after = pair
    middle = find_middle(before, after)
    start, old_end, new_end = middle
    old_traits = [Trait(token.lemma, token.tag) for token in old[start:old_end]]
    new_traits = [Trait(token.lemma, token.tag) for token in new[start:new_end]]
    assert align(before, after, middle, old_traits, new_traits, lev=lev) == expected


def test_a_worked_alignment_leaves_the_middle() -> None:
    # The second "a" matches, so the first one was inserted: before the middle, which is one-sided.
    old, new = "a b".split(), "a a b".split()
    middle = find_middle(old, new)
    assert middle == (1, 1, 2)
    assert align(old, new, middle) == [("I", 0, 0, 0, 1)]


def test_another_lemma_is_a_hair_cheaper_than_another_tag() -> None:
    # Letters 0.875 and the lemma, 0.499, against letters 0.8667 and the tag, 0.5.
    old, new = ["abcdefgh"], ["azzzzzzz", "awwwwww"]
    old_traits, new_traits = [Trait(1, "NOUN")], [Trait(2, "NOUN"), Trait(1, "DET")]
    expected = [("I", 0, 0, 0, 1), ("S", 0, 1, 1, 2)]
    assert align(old, new, find_middle(old, new), old_traits, new_traits) == expected


def test_a_substitution_goes_before_an_insertion_of_the_same_cost() -> None:
    # 1 and 1/17 both ways, whichever of the two equal words is the inserted one.
    old, new = ["abcdefgh"], ["abcdefghi", "abcdefghi"]
    traits = [Trait(1, "NOUN")]
    expected = [("I", 0, 0, 0, 1), ("S", 0, 1, 1, 2)]
    assert align(old, new, find_middle(old, new), traits, traits * 2) == expected
