"""New words against other spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_analysis.spellings import fold, has_content, is_spelling_of


@pytest.mark.parametrize(
    ("word", "other", "expected"),
    [
        ("eiffel", "eifel", True),
        ("germany", "germani", True),
        ("beautiful", "beutifull", True),  # two characters
        ("beautiful", "beutifulls", False),  # three
        ("kate", "name", False),  # half of a short word
        ("tom", "tim", True),
        ("us", "uk", False),
        ("a", "b", False),
        ("austria", "australia", True),  # by the letters alone
        ("monday", "sunday", False),
        ("thursday", "thurzday", True),
        ("", "", True),
    ],
)
def test_a_spelling_differs_by_two_characters_and_less_than_half(
    word: str, other: str, expected: bool
) -> None:
    assert is_spelling_of(word, other) is expected


@given(st.text(max_size=8), st.text(max_size=8))
def test_it_is_the_same_both_ways(word: str, other: str) -> None:
    assert is_spelling_of(word, other) == is_spelling_of(other, word)
    assert is_spelling_of(word, word)


def test_a_text_without_a_blank_is_compared_as_fast_as_a_word() -> None:
    long = "ab" * 50_000
    assert is_spelling_of(long, f"{long[:-1]}x")
    assert not is_spelling_of(long, f"{long[:-3]}xyz")


def test_case_marks_and_blanks_are_folded_away() -> None:
    assert fold(["New-York", "'s", "ẞ"]) == "newyorksss"
    assert fold([",", "."]) == ""


def test_marks_and_function_words_say_nothing() -> None:
    words = ["The", "of", "'s", "-", "Paris", "42", "ago"]
    assert list(map(has_content, words)) == [False, False, False, False, True, True, False]
