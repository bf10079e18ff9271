"""The tokeniser 13a of mteval, word by word, and sacrebleu's others by their names.

What 13a does to a word depends on nothing but the word: its rules look one character to either
side, and at the edge of a word they see white space, where all kinds of it act alike (neither a
digit, a period, a comma, a dash nor a symbol). So each word is tokenised once and remembered. Only
two replacements can see across words, and they come first: `<skipped>` and a dash before a line
break are removed from the whole text.

Source: mteval-v13a.pl (NIST), as sacrebleu 2.6.0 has it, tokenizers/tokenizer_13a.py.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from wa_metrics.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

_SYMBOL = r" -&(-+:-@\[-`{-~/"  # ASCII but letters, digits, apostrophe, comma, dash, period
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))

# Words without these are one token.
_SPLITTER = re.compile(rf"[{_SYMBOL}.,]|[0-9]-")
# A symbol; a dash behind a digit; a period or comma that is not between digits; or all between.
_TOKEN = re.compile(
    rf"[{_SYMBOL}]|(?<=[0-9])-|(?:[^{_SYMBOL}.,-]|(?<![0-9])-|(?<=[0-9])[.,](?=[0-9]))+|[.,]"
)
# Periods and commas are taken in pairs, so here it matters how many there are.
_RUN_BEFORE_DIGIT = re.compile(r"[.,]{2}[0-9]")
_RULES = (
    (re.compile(rf"([{_SYMBOL}])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def tokenize_13a(text: str) -> str:
    """Tokenise a text as sacrebleu's 13a does, for every text; tokens are joined by blanks.

    >>> tokenize_13a('He paid $1,234.50 (&quot;too much&quot;), in 1990-91.')
    'He paid $ 1,234.50 ( " too much " ) , in 1990 - 91 .'

    Source: sacrebleu 2.6.0, tokenizers/tokenizer_13a.py.
    """
    return " ".join(map(_tokenize_word, words_13a(text)))


def words_13a(text: str) -> list[str]:
    """Return the words of a text that 13a tokenises apart from each other."""
    if "<skipped>" in text:
        text = text.replace("<skipped>", "")
    if "-\n" in text:
        text = text.replace("-\n", "")
    return text.split()


def split_word_13a(word: str) -> list[str]:
    """Return the tokens of one word of `words_13a`, at least one.

    >>> split_word_13a("(1.5-2.5%).")
    ['(', '1.5', '-', '2.5', '%', ')', '.']
    """
    if not _SPLITTER.search(word):
        return [word]
    if "&" in word:
        for entity, character in _ENTITIES:
            word = word.replace(entity, character)
    if _RUN_BEFORE_DIGIT.search(word):
        word = f" {word} "
        for rule, replacement in _RULES:
            word = rule.sub(replacement, word)
        return word.split()
    return _TOKEN.findall(word)


@lru_cache(maxsize=2**16)
def _tokenize_word(word: str) -> str:
    return " ".join(split_word_13a(word))


def load_tokenizer(name: str) -> Callable[[str], str]:
    """Return the tokeniser of that name: text -> tokens joined by blanks.

    `13a` and `none` are here; every other is sacrebleu's (`intl`, `char`, `zh` ...).

    Raises:
        InputError: sacrebleu has no tokeniser of that name.
        MissingExtraError: sacrebleu, or what its tokeniser needs, is not installed.
    """
    if name == "13a":
        return tokenize_13a
    if name == "none":
        return str
    try:
        from sacrebleu import BLEU
    except ImportError as error:
        raise MissingExtraError(
            f"tokenize: expected the package sacrebleu for the tokeniser {name!r}, got none; "
            "install it with: pip install 'wa-metrics[sacrebleu]'"
        ) from error
    if name not in BLEU.TOKENIZERS:
        known = ", ".join(sorted({"13a", "none", *BLEU.TOKENIZERS}))
        raise InputError(f"tokenize: expected one of {known}, got {name!r}")
    try:
        tokenizer: Callable[[str], str] = BLEU(tokenize=name).tokenizer
    except (ImportError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise MissingExtraError(
            f"tokenize: sacrebleu's tokeniser {name!r} needs packages of its own: {reason}"
        ) from error
    return tokenizer
