"""Readability and compression: grades worked by hand, syllables as they are spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_metrics import InputError
from wa_metrics.readability import compression_ratio, count_syllables, fkgl

SPOKEN = {
    1: "cat the make makes whale called walked clothes guard queen yes king don't can't sea there "
    "changed 1990 mm great",
    2: "table tables boxes wanted settled hundred social nation region surgeon people quiet client "
    "patient beyond happy being playing rhythm didn't centre café naïve Zoë language unique "
    "science",
    3: "media video actual tourism various radio idea area beautiful theory résumé",
    4: "society variety experience geography",
    5: "simplification university",
}


@pytest.mark.parametrize(
    ("word", "syllables"), [(word, n) for n, words in SPOKEN.items() for word in words.split()]
)
def test_syllables_are_those_that_are_spoken(word: str, syllables: int) -> None:
    assert count_syllables(word) == syllables
    assert count_syllables(word.upper()) == syllables


def test_without_a_dictionary_some_words_are_miscounted() -> None:
    # If these come right one day, the docstring is to be changed.
    assert count_syllables("something") == 3
    assert count_syllables("league") == 2


@given(st.text())
def test_every_word_has_a_syllable(word: str) -> None:
    assert count_syllables(word) >= 1


def test_a_grade_worked_by_hand() -> None:
    # 2 sentences, 9 words, 10 syllables: hap-py alone has two
    expected = 0.39 * 9 / 2 + 11.8 * 10 / 9 - 15.59
    assert fkgl(["The cat sat on the mat. It was happy."]) == pytest.approx(expected)
    assert fkgl(["The cat sat on the mat.", "It was happy"]) == pytest.approx(expected)
    assert fkgl(["", 'The cat sat on the mat." It was happy...', " - "]) == pytest.approx(expected)
    # no end of a sentence: a decimal point, a mark inside a word
    assert fkgl(["It is 3.5 m"]) == pytest.approx(0.39 * 5 + 11.8 * 5 / 5 - 15.59)


def test_long_words_and_sentences_are_harder() -> None:
    assert fkgl(["He uses it. It is good."]) < fkgl(["He uses it and it is good."])
    assert fkgl(["He uses it."]) < fkgl(["He utilises it."])


@given(st.permutations(["One cat. Two dogs.", "A university.", "It was, all in all, happy!"]))
def test_the_order_of_texts_is_nothing(texts: list[str]) -> None:
    assert fkgl(texts) == fkgl(sorted(texts))


def test_texts_without_words_have_no_grade() -> None:
    with pytest.raises(InputError, match="expected words in at least one of 2 texts, got none"):
        fkgl(["", "..."])
    with pytest.raises(InputError, match="texts: expected a list of texts"):
        fkgl("One cat.")


def test_compression_is_the_mean_of_ratios() -> None:
    # 2/4 and 9/3, not 11/7; characters, not bytes
    assert compression_ratio(predictions=["éa", "a" * 9], sources=["abcd", "日本語"]) == 1.75
    assert compression_ratio(predictions=[""], sources=["abc"]) == 0


@given(st.lists(st.text(min_size=1), min_size=1))
def test_copies_are_as_long_as_their_sources(texts: list[str]) -> None:
    assert compression_ratio(predictions=texts, sources=texts) == 1


def test_a_length_cannot_be_compared_with_nothing() -> None:
    with pytest.raises(InputError, match=r"sources\[1\]: expected a text .*, got an empty one"):
        compression_ratio(predictions=["a", "b"], sources=["a", ""])
    with pytest.raises(InputError, match="predictions: expected 2 texts"):
        compression_ratio(predictions=["a"], sources=["a", "b"])
