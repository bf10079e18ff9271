"""Encoding: from a sentence and its correction to tags, and back within the rounds."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wa_train.tagger.align import Block, align, candidate_tags
from wa_train.tagger.operations import KEEP, apply_tags

ROUNDS = 5


def tagged(source: str, target: str) -> list[str]:
    """Give the best tag of each word that does not stay, with the word before it."""
    words = ["", *source.split()]
    found = candidate_tags(source.split(), target.split())
    return [f"{word} {tags[0]}" for word, tags in zip(words, found, strict=True) if tags != (KEEP,)]


@pytest.mark.parametrize(
    ("source", "target", "tags"),
    [
        ("He go home .", "He goes home .", ["go $TRANSFORM_FORM_VBZ"]),
        ("Two cat sleep .", "Two cats sleep .", ["cat $TRANSFORM_FORM_NNS"]),
        ("He has went .", "He has gone .", ["went $TRANSFORM_FORM_VBN"]),
        ("It is more easy .", "It is easier .", ["more $DELETE", "easy $TRANSFORM_FORM_JJR"]),
        ("we met Ann .", "We met Ann .", ["we $TRANSFORM_CASE_CAPITAL"]),
        ("I beleive you .", "I believe you .", ["beleive $TRANSFORM_SPELL"]),
        ("In the table .", "On the table .", ["In $REPLACE_on"]),
        ("I like dog .", "I like the dog .", ["like $APPEND_the"]),
        ("Dog barks .", "The dog barks .", [" $APPEND_The", "Dog $TRANSFORM_CASE_LOWER"]),
        ("I saw saw it .", "I saw it .", ["saw $DELETE"]),
        ("Some one came .", "Someone came .", ["Some $MERGE_SPACE"]),
        ("A well known man", "A well-known man", ["well $MERGE_HYPHEN"]),
        ("A self-made up tale", "A self made up tale", ["self-made $TRANSFORM_SPLIT_HYPHEN"]),
        ("It is alot .", "It is a lot .", ["alot $REPLACE_a lot"]),
        ("I him saw .", "I saw him .", ["him $MERGE_SWAP"]),
        ("He should of gone .", "He should have gone .", ["of $REPLACE_have"]),
    ],
)  # fmt: skip
def test_an_edit_is_the_most_general_tag_that_does_it(
    source: str, target: str, tags: list[str]
) -> None:
    assert tagged(source, target) == tags


def test_equal_sentences_have_no_blocks() -> None:
    assert align(["a", "b"], ["a", "b"]) == []
    assert list(candidate_tags([], [])) == [(KEEP,)]


def test_insertions_at_one_place_are_one_block() -> None:
    assert align(["a", "d"], ["a", "b", "c", "d"]) == [Block(1, 1, 1, 3)]


def test_gectors_own_names_come_later() -> None:
    verb, noun = candidate_tags(["go", "cat"], ["goes", "cats"])[1:]
    assert "$TRANSFORM_VERB_VB_VBZ" in verb[1:]
    assert "$TRANSFORM_AGREEMENT_PLURAL" in noun[1:]


def test_a_tag_that_only_begins_an_edit_comes_last() -> None:
    candidates = candidate_tags(["a", "d"], ["a", "b", "c", "d"])[1]
    assert candidates == ("$APPEND_b c", "$APPEND_b")


# Words of all kinds that tags know something about, and some that they know nothing about.
words = st.sampled_from(
    "a the The cat cats Cats go goes went gone going big bigger . , - well-known well known alot "
    "a-b I i can not cannot USA iPod 's n't 42 beleive".split()
) | st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=5)
sentences = st.lists(words, max_size=12)


def changed(draw: st.DrawFn, source: list[str]) -> list[str]:
    """Edit a sentence here and there, as learners' sentences are edited."""
    target = list(source)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(target)))
        target[at : at + draw(st.integers(0, 2))] = draw(st.lists(words, max_size=3))
    return target


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    source = draw(sentences)
    return source, draw(st.one_of(st.just(changed(draw, source)), sentences))


@given(pairs())
@example((["A0"], ["ß"]))  # whose capital is "SS"
@settings(max_examples=600, deadline=None)
def test_applying_what_was_encoded_leads_to_the_target(pair: tuple[list[str], list[str]]) -> None:
    current, target = pair
    for _ in range(ROUNDS):
        tags = [candidates[0] for candidates in candidate_tags(current, target)]
        current = apply_tags(current, tags)
        if current == target:
            break
    assert current == target


@given(pairs())
@settings(max_examples=200, deadline=None)
def test_blocks_cover_exactly_what_differs(pair: tuple[list[str], list[str]]) -> None:
    source, target = pair
    for cells in (1 << 16, 8, 0):  # the shorter, the sooner two stretches count as long
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("wa_train.tagger.align._CELLS", cells)
            rebuilt: list[str] = []
            at = 0
            for block in align(source, target):
                rebuilt += source[at : block.start] + target[block.first : block.last]
                at = block.end
        assert rebuilt + source[at:] == target


def test_long_texts_are_aligned_in_bounded_time() -> None:
    """The cheapest path alone would take minutes, and gigabytes."""
    same = [f"w{number}" for number in range(3000)]
    assert align(["a", *same, "b"], ["c", *same, "d", "e"]) == [
        Block(0, 1, 0, 1), Block(3001, 3001, 3001, 3002), Block(3001, 3002, 3002, 3003),
    ]  # fmt: skip
    other = [f"v{number}" for number in range(3000)]
    assert align(same, other) == [Block(at, at + 1, at, at + 1) for at in range(3000)]
