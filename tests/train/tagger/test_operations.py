"""Applying tags: each operation on words made up here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_train.tagger.operations import DELETE, KEEP, SWAP, apply_tags, edit_word
from wa_train.tagger.words import fold_case, restore_case


@pytest.mark.parametrize(
    ("word", "tag", "text"),
    [
        ("cat", "$KEEP", "cat"),
        ("cat", "$DELETE", ""),
        ("cat", "$REPLACE_dog", "dog"),
        ("Cat", "$REPLACE_dog", "Dog"),
        ("CAT", "$REPLACE_dog", "DOG"),
        ("cat", "$REPLACE_USA", "USA"),
        ("Cat", "$REPLACE_a big dog", "A big dog"),
        ("cat", "$APPEND_,", "cat ,"),
        ("Cat", "$APPEND_and dog", "Cat and dog"),
        ("cat", "$TRANSFORM_CASE_CAPITAL", "Cat"),
        ("Cat", "$TRANSFORM_CASE_LOWER", "cat"),
        ("cat", "$TRANSFORM_CASE_UPPER", "CAT"),
        ("ipod", "$TRANSFORM_CASE_CAPITAL_1", "iPod"),
        ("cats", "$TRANSFORM_CASE_UPPER_-1", "CATs"),
        ("child", "$TRANSFORM_FORM_NNS", "children"),
        ("child", "$TRANSFORM_AGREEMENT_PLURAL", "children"),
        ("children", "$TRANSFORM_AGREEMENT_SINGULAR", "child"),
        ("goes", "$TRANSFORM_VERB_VBZ_VBD", "went"),
        ("Goes", "$TRANSFORM_FORM_VBG", "Going"),
        ("the", "$TRANSFORM_FORM_VBD", "the"),
        ("recieve", "$TRANSFORM_SPELL", "receive"),
        ("qqqqqqqqq", "$TRANSFORM_SPELL", "qqqqqqqqq"),
        ("well-known", "$TRANSFORM_SPLIT_HYPHEN", "well known"),
        ("cat", "@@UNKNOWN@@", "cat"),
        ("cat", "$NO_SUCH_TAG", "cat"),
    ],
)
def test_a_tag_edits_one_word(word: str, tag: str, text: str) -> None:
    assert edit_word(word, tag) == text


def test_words_are_joined_and_swapped() -> None:
    assert apply_tags(["a", "b", "c"], [KEEP, "$MERGE_SPACE", KEEP, KEEP]) == ["ab", "c"]
    assert apply_tags(["a", "b", "c"], [KEEP, "$MERGE_HYPHEN", KEEP, KEEP]) == ["a-b", "c"]
    assert apply_tags(["a", "b", "c"], [KEEP, SWAP, DELETE, KEEP]) == ["b", "a", "c"]


def test_at_the_end_there_is_nothing_to_join_with() -> None:
    assert apply_tags(["a", "b"], [KEEP, KEEP, "$MERGE_SPACE"]) == ["a", "b"]
    assert apply_tags(["a"], [KEEP, SWAP]) == ["a"]


def test_the_place_before_the_sentence_takes_words() -> None:
    assert apply_tags(["b"], ["$APPEND_A", KEEP]) == ["A", "b"]
    assert apply_tags([], ["$APPEND_A b"]) == ["A", "b"]


def test_a_sentence_that_loses_its_first_word_keeps_its_capital() -> None:
    assert apply_tags(["The", "dogs", "bark"], [KEEP, DELETE, KEEP, KEEP]) == ["Dogs", "bark"]
    assert apply_tags(["the", "dogs"], [KEEP, DELETE, KEEP]) == ["dogs"]
    assert apply_tags(["The"], [KEEP, DELETE]) == []


@given(st.text(min_size=1, max_size=6), st.text(min_size=1, max_size=6))
def test_folded_case_is_restored(word: str, text: str) -> None:
    folded = fold_case(word, text)
    assert folded == text or restore_case(word, folded) == text
