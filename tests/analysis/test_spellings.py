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


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_the_distance_is_rapidfuzz_s(word: str, other: str) -> None:
    from rapidfuzz.distance import Levenshtein

    from wa_analysis.spellings import _distance

    assert _distance(word, other) == Levenshtein.distance(word, other)


def test_case_marks_and_blanks_are_folded_away() -> None:
    assert fold(["New-York", "'s", "ẞ"]) == "newyorksss"
    assert fold([",", "."]) == ""


def test_marks_and_function_words_say_nothing() -> None:
    words = ["The", "of", "'s", "-", "Paris", "42", "ago"]
    assert list(map(has_content, words)) == [False, False, False, False, True, True, False]
