"""Treebank detokenisation as EditEval does it, fast on plain sentences.

NLTK's detokeniser is about forty regular expressions, run one after the other. In a sentence that
`_join_plain` accepts, only a few of them can match, and each of these then equals a replacement of
fixed strings. Everything else goes to NLTK itself, and so does every sentence when the installed
NLTK has other rules than the ones this was shown for.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from wa_metrics.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

# sha256 over the rules of nltk 3.10.4, see `_rules_digest`.
_RULES = "a1e4f04f72b4a81264a1780f2136123374c57a93981b2884d92c9dbc35570a54"
_RULE_TABLES = (
    "CONTRACTIONS3",
    "CONTRACTIONS2",
    "ENDING_QUOTES",
    "DOUBLE_DASHES",
    "PARENS_BRACKETS",
    "PUNCTUATION",
    "STARTING_QUOTES",
)

# White space but the blank (what str.isspace() or the class \s of a regular expression knows), the
# characters of rules that are left to NLTK, and the Turkish letters that match an "i" without case.
_SPECIAL = re.compile(
    "[\t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    "`\\[\\]{}<>#$\u0130\u0131]"
)
_CONTRACTION = re.compile("can not|gim me|gon na|got ta|lem me|wan na")
# A clitic of its own behind a letter or digit.
_CLITIC = re.compile(r" (?<=[^\W_] )('(?:[sSmMdD]|ll|LL|re|RE|ve|VE)|n't|N'T)(?= )")
# An apostrophe that is not right behind a letter or digit, a second one in the same token, one
# before a quote, or a negation that is still apart: rules beyond those of `_CLITIC` may match.
_LOOSE_APOSTROPHE = re.compile(r"'(?<![^\W_]')|'[^ ']*'|' \"|'(?<= [nN]')[tT] ")
_DOT_AFTER_DOT = re.compile(r"\.[ )\"']*\.")


def detokenise(text: str) -> str:
    """Join the Treebank tokens of a sentence to running text, exactly as EditEval does.

    Equals `TreebankWordDetokenizer().detokenize(text.split(" "))` of the installed NLTK for every
    text; plain sentences do not pay its price.

    >>> detokenise("She does n't know ( yet ) , I think .")
    "She doesn't know (yet), I think."

    Raises:
        MissingExtraError: nltk is not installed.

    Source: facebookresearch/EditEval, src/preprocessing.py.
    """
    by_nltk, has_known_rules = _load_treebank()
    if has_known_rules:
        joined = _join_plain(text)
        if joined is not None:
            return joined
    return by_nltk(text.split(" "))


def _join_plain(text: str) -> str | None:
    """Return the joined sentence, or None where rules beyond fixed strings may match.

    Why it is equal. In an accepted text the only white space is the single blank between tokens
    (`_SPECIAL` refuses the rest) and blanks around it, which no rule left needs and NLTK strips.
    No contraction can match; back quotes and brackets other than round ones are absent. No dot
    follows a dot with only blanks and closing marks between them, so that no ellipsis matches and
    "blank dot" always joins, without two matches that share a character. Apostrophes stand inside
    words, or begin a clitic that is joined to a letter or digit; two clitics in a row, where the
    order of NLTK's rules matters, are refused, and so are double apostrophes. Each rule left then
    replaces fixed strings by others, here in NLTK's order.
    """
    text = text.strip(" ")  # JFLEG's lines end in blanks
    padded = f" {text} "
    if "  " in padded or _SPECIAL.search(text) or _may_contract(text.lower()):
        return None
    # One character is found much faster than two: most sentences pay for few of the lines below.
    if text.count(".") > 1 and _DOT_AFTER_DOT.search(text):
        return None
    if "'" in text:
        padded = _CLITIC.sub(r"\1", padded)
        if _LOOSE_APOSTROPHE.search(padded):
            return None
        text = padded[1:-1]
    if '"' in text:
        for mark in ",.;:!?":
            text = text.replace(f'{mark} "', f'{mark}"')
    if "-" in text:
        text = text.replace(" -- ", "--")
    if "(" in text:
        text = text.replace("( ", "(")
    if ")" in text:
        text = text.replace(" )", ")")
        for mark in ":;,.":
            text = text.replace(f") {mark}", f"){mark}")
    for mark in "?!.;%:,":
        if mark in text:
            text = text.replace(f" {mark}", mark)
    return text


def _may_contract(lower: str) -> bool:
    """Tell whether a contraction may match: two words that NLTK joins, or words that hold them."""
    return ("n n" in lower or "m me" in lower or "t ta" in lower) and bool(
        _CONTRACTION.search(lower)
    )


@cache
def _load_treebank() -> tuple[Callable[[list[str]], str], bool]:
    """Return NLTK's function, and whether its rules are the ones of `_join_plain`."""
    try:
        from nltk.tokenize.treebank import TreebankWordDetokenizer
    except ImportError as error:
        raise MissingExtraError(
            "detokenise: expected the package nltk, got none; "
            "install it with: pip install 'wa-metrics[nltk]'"
        ) from error
    treebank = TreebankWordDetokenizer()
    return treebank.detokenize, _rules_digest(treebank) == _RULES


def _rules_digest(treebank: Any) -> str:
    """Hash the patterns and replacements of NLTK's detokeniser in their order."""
    digest = hashlib.sha256()
    for table in _RULE_TABLES:
        rules = getattr(treebank, table, ())
        for rule in rules if isinstance(rules, list) else [rules]:
            pattern, replacement = rule if isinstance(rule, tuple) else (rule, "")
            digest.update(f"{table}\t{getattr(pattern, 'pattern', '')}\t{replacement}\n".encode())
    return digest.hexdigest()
