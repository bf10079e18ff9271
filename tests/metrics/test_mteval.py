"""13a: the oracle is sacrebleu's own tokeniser, for every text."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sacrebleu.tokenizers.tokenizer_intl import TokenizerV14International

from wa_metrics import InputError, MissingExtraError
from wa_metrics.mteval import load_tokenizer, split_word_13a, tokenize_13a, words_13a

ORACLE: Any = Tokenizer13a()  # type: ignore[no-untyped-call]

GOLDEN = [
    ("", ""),
    ("Hello, world.", "Hello , world ."),
    ("don't (e.g.) re-do A/B", "don't ( e . g . ) re-do A / B"),
    # periods and commas between digits stay, a dash behind a digit goes
    ("1,234.50 1990-91 5- -5 .5 5.", "1,234.50 1990 - 91 5 - -5 . 5 5 ."),
    # they are taken in pairs: how many there are decides about the last before a digit
    ("a.5 a..5 a...5 1..5 1...5", "a . 5 a . .5 a . . . 5 1 . . 5 1 . . .5"),
    # entities, one after the other
    ("&quot;A &amp; B&quot; &lt;b&gt;", '" A & B " < b >'),
    ("&amp;lt; &amp;quot; &apos;", "< & quot ; & apos ;"),
    # what may see across words
    ("a <skipped> b<skip<skipped>ped>", "a b < skipped >"),
    ("re-\ndo a -\n b\nc", "redo a b c"),
    ("<skip-\nped> -<skipped>\nx", "< skipped > x"),
    # white space of every kind, and what looks like it
    ("a\u00a0. b\u2003,c\x1c\u3000-\x85d\u200b.", "a . b , c - d\u200b ."),
    ("1\u00a0-2 ٣.٤ 3.\u00a05", "1 -2 ٣ . ٤ 3 . 5"),
    ("{[(<a|b>)]}~`@#$%^*_+=:;?!\\", "{ [ ( < a | b > ) ] } ~ ` @ # $ % ^ * _ + = : ; ? ! \\"),
]

# Pieces that meet the rules, so that their edges meet, too.
pieces = st.sampled_from(
    [
        *".,-19a'é$/(&;<>\"~`_ \t\n\r\x0b\x0c\x1c\x1f\x85\u00a0\u200b\u2028\u3000٣",
        *"&quot; &amp; &lt; &gt; <skipped> <skip ped> -\n .. ,,".split(" "),
    ]
)


def sacrebleu_13a(text: str) -> str:
    return str(ORACLE(text))


@pytest.mark.parametrize(("text", "tokens"), GOLDEN)
def test_texts_are_tokenised_as_sacrebleu_does(text: str, tokens: str) -> None:
    assert sacrebleu_13a(text) == tokens
    assert tokenize_13a(text) == tokens


@settings(max_examples=1500, deadline=None)
@given(st.lists(pieces, max_size=16).map("".join) | st.text())
def test_any_text_is_tokenised_as_sacrebleu_does(text: str) -> None:
    assert tokenize_13a(text) == sacrebleu_13a(text)


def test_a_long_line_is_tokenised_as_sacrebleu_does() -> None:
    text = "".join(f"w{i}, {i}.{i}-{i}.. " for i in range(10_000)) + "." * 10_001 + "1"
    assert tokenize_13a(text) == sacrebleu_13a(text)


@given(st.lists(pieces, max_size=16).map("".join))
def test_words_have_tokens_of_their_own(text: str) -> None:
    tokens = [split_word_13a(word) for word in words_13a(text)]
    assert all(tokens)
    assert " ".join(token for word in tokens for token in word) == sacrebleu_13a(text)


def test_other_tokenisers_are_sacrebleus() -> None:
    text = "3,5 «a»… b€"
    by_sacrebleu: Any = TokenizerV14International()  # type: ignore[no-untyped-call]
    assert load_tokenizer("intl")(text) == by_sacrebleu(text) != tokenize_13a(text)
    assert load_tokenizer("none")("a  b, ") == "a  b, "
    assert load_tokenizer("13a") is tokenize_13a


def test_an_unknown_tokeniser_names_those_there_are() -> None:
    with pytest.raises(InputError, match=r"tokenize: expected one of 13a, .*intl.*, got 'moses'"):
        load_tokenizer("moses")


def test_without_sacrebleu_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    assert load_tokenizer("13a")("a.") == "a ."
    with pytest.raises(MissingExtraError, match=r"'intl'.*pip install 'wa-metrics\[sacrebleu\]'"):
        load_tokenizer("intl")


def test_a_tokeniser_that_needs_more_says_what() -> None:
    pytest.importorskip("sacrebleu")
    try:
        import MeCab  # type: ignore[import-not-found,unused-ignore] # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match=r"ja-mecab.*sacrebleu\[ja\]"):
            load_tokenizer("ja-mecab")
