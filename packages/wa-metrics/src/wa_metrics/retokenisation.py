"""Bring what a model wrote freely to the tokenisation of the gold."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal

from wa_metrics.errors import InputError, MissingExtraError
from wa_metrics.inputs import check_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Tokenisation = Literal["none", "treebank", "spacy"]

_FINAL_MARK = re.compile(r"(\s?)[.!?]+\s*\Z")
_LOOSE_COMMA = re.compile(r"\s,")
_TIGHT_COMMA = re.compile(r"\w,(?:\s|\Z)")
_LINE_END_OR_BLANKS = re.compile(r"[ \n\r]{2,}|[\n\r]")


def retokenise(
    predictions: Iterable[str], *, sources: Iterable[str], how: Tokenisation
) -> list[str]:
    """Tokenise one system's free output like the gold that its sources come from.

    `how` is "none" (the predictions come back untouched), "treebank" (CoNLL-2014, JFLEG) or "spacy"
    (BEA-2019). The rules, in this order:

    1. Output that is tokenised already stays as it is, but for line ends and runs of blanks, which
       become one blank (an exact copy of the source keeps even these). It is decided once for all
       predictions of a call: more of them have white space before their final `.`, `!` or `?` than
       have none. In a tie, and where none ends so, commas decide: more predictions hold a comma
       behind white space than one behind a letter. In a tie of these the output is not tokenised.
    2. A prediction that only leaves out blanks of its source is the source itself, so that a copied
       natural text scores as unchanged. Double quotes (`"`, two back quotes, two apostrophes) are
       one character in this comparison. A blank that is added, or taken out between two words
       (letters, digits, hyphens), may be a correction ("a lot" for "alot"): rule 3 decides.
    3. Else the prediction is tokenised, its white space of any kind first made single blanks, and
       the tokens are joined by single blanks. No character but double quotes is changed.
       "treebank" is NLTK's TreebankWordTokenizer as it is: of several sentences it splits off only
       the last full stop. Its double quotes become those of the source: two back quotes and two
       apostrophes where the source has such, else `"`; for a source without double quotes, the
       kind that more of the sources have. "spacy" is the rule-based tokeniser of English.

    An empty prediction stays empty. Double blanks are never made; only a source that holds some
    gives them back.

    >>> retokenise(["I have a lot, thanks."], sources=["I have alot , thanks ."], how="treebank")
    ['I have a lot , thanks .']

    Raises:
        InputError: predictions and sources differ in number or are no texts; `how` is another word.
        MissingExtraError: nltk (for "treebank") or spacy (for "spacy") is not installed.
    """
    sources = check_texts("sources", sources)
    predictions = check_texts("predictions", predictions, n=len(sources))
    if how == "none":
        return list(predictions)
    if how not in {"treebank", "spacy"}:
        raise InputError(f"tokenize: expected none, treebank or spacy, got {how!r}")
    pairs = zip(predictions, sources, strict=True)
    if is_tokenised(predictions):
        return [
            source if text == source else _LINE_END_OR_BLANKS.sub(" ", text).strip(" ")
            for text, source in pairs
        ]
    if how == "spacy":
        spacy = _load_spacy()
        return [
            source if _is_copy(text, source) else " ".join(spacy(" ".join(text.split())))
            for text, source in pairs
        ]
    treebank = _load_treebank()
    usual = sum(map(_has_treebank_quotes, sources)) > sum('"' in source for source in sources)
    return [
        source if _is_copy(text, source) else _join_treebank(text, source, usual, treebank)
        for text, source in pairs
    ]


def is_tokenised(texts: Sequence[str]) -> bool:
    """Tell whether texts of one system are tokenised already: rule 1 of `retokenise`.

    >>> is_tokenised(["Well .", "Is it ?", "Well."]), is_tokenised(["Well."]), is_tokenised([""])
    (True, False, False)
    """
    ends = [match for text in texts if (match := _FINAL_MARK.search(text))]
    loose = sum(bool(match[1]) for match in ends)
    tight = len(ends) - loose
    if loose == tight:
        loose = sum(_LOOSE_COMMA.search(text) is not None for text in texts)
        tight = sum(_TIGHT_COMMA.search(text) is not None for text in texts)
    return loose > tight


def _is_copy(text: str, source: str) -> bool:
    """Tell whether each word of a text is a token of the source, or a join of some in a row."""
    words, tokens = _fold_quotes(text).split(), _fold_quotes(source).split()
    if "".join(words) != "".join(tokens):
        return False
    place = 0
    for word in words:
        length = len(tokens[place])
        place += 1
        while length < len(word):
            if _is_word(tokens[place - 1]) and _is_word(tokens[place]):
                return False
            length += len(tokens[place])
            place += 1
        if length > len(word):
            return False
    return True


def _fold_quotes(text: str) -> str:
    return text.replace('"', "''").replace("``", "''")


def _is_word(token: str) -> bool:
    return token.replace("-", "a").isalnum()


def _has_treebank_quotes(text: str) -> bool:
    return "``" in text or "''" in text


def _join_treebank(
    text: str, source: str, usual: bool, tokenise: Callable[[str], list[str]]
) -> str:
    """Tokenise a text; NLTK writes every double quote as `` or '', which the source may not."""
    tokens = tokenise(" ".join(text.split()))
    as_treebank = _has_treebank_quotes(source) or (usual and '"' not in source)
    if not as_treebank:
        tokens = ['"' if token in {"``", "''"} else token for token in tokens]
    return " ".join(tokens)


@cache
def _load_treebank() -> Callable[[str], list[str]]:
    try:
        from nltk.tokenize.treebank import TreebankWordTokenizer
    except ImportError as error:
        raise MissingExtraError(
            "tokenize='treebank': expected the package nltk, got none; "
            "install it with: pip install 'wa-metrics[nltk]'"
        ) from error
    tokenise: Callable[[str], list[str]] = TreebankWordTokenizer().tokenize
    return tokenise


@cache
def _load_spacy() -> Callable[[str], list[str]]:
    try:
        import spacy
    except ImportError as error:
        raise MissingExtraError(
            "tokenize='spacy': expected the package spacy, got none; "
            "install it with: pip install 'wa-metrics[errant]'"
        ) from error
    tokenizer = spacy.blank("en").tokenizer
    return lambda text: [token.text for token in tokenizer(text)]
