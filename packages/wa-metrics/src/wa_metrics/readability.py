"""How easy a text is to read, and how much shorter it became.

Neither compares with the meaning of a source: report them beside a metric that does, never alone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from wa_metrics.errors import InputError
from wa_metrics.inputs import check_texts

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# A sentence ends at these, with the closing marks behind them, before white space or the end.
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)")

_VOWELS = re.compile(r"[aeiouy]+")
# Letters of vowels that are none: y before a vowel at the start or behind a vowel, u behind q.
_NO_VOWEL = re.compile(r"(?<![^aeiou])y(?=[aeiou])|(?<=q)u(?=[aeiouy])")
# A vowel with an accent is heard, and with a diaeresis apart from the one before: café, na-ïve.
_DIAERESIS, _ACCENT = re.compile("[aeiouy]\u0308"), re.compile("[aeiouy][\u0300-\u036f]")
_ADJUSTMENTS = (
    # An e that is not heard: make, whale; but ta-ble, cen-tre.
    (re.compile(r"(?:[^aeiouyl]|[aeiouylr]l)(?<![ct]r)e$"), -1),
    # The same before s, but not behind a hissing sound: makes, clothes; but box-es, ta-bles.
    (re.compile(r"(?:[^aeiouylcghsxz]|th|[aeiouylr]l)(?<![ct]r)es$"), -1),
    # The same before d, but not behind t and d: called, walked; but want-ed, set-tled, hun-dred.
    (re.compile(r"(?:[^aeiouyldt]|[aeiouylr]l)(?<![cdt]r)ed$"), -1),
    # Two vowels that are heard apart: me-di-a, vid-e-o, ac-tu-al; but so-cial, sur-geon, guard.
    (re.compile(r"(?<![cgstx])i[aou]|eo(?![npu])|(?<!g)u[ao]"), 1),
    (re.compile(r"(?:(?<![ct])|^sc)ie(?=t|n[ct])|ie(?=ty$)"), 1),  # di-et, sci-ence; but pa-tient
    (re.compile(r"[aeiouy][^aeiouy]+eas?$|crea(?=t[eio])"), 1),  # i-de-a, cre-ate; but sea
    (re.compile(r"[aeiouy]ings?$"), 1),  # be-ing
    (re.compile(r"[aeiouy](?:s|th)ms?$"), 1),  # tour-is-m, rhy-thm
    (re.compile(r"[dst]n['’]t$"), 1),  # did-n't; but don't
)


@lru_cache(maxsize=2**16)
def count_syllables(word: str) -> int:
    """Count the syllables of an English word by rule, at least one.

    The rule: groups of the letters a, e, i, o, u, y; one less for an e at the end, in -es or in -ed
    that is not heard; one more where two vowels are heard apart (media), for -ing behind a vowel,
    and for -sm, -thm and -n't where they make a syllable. A number is one syllable. There is no
    dictionary, so "something" counts its inner e.

    >>> [count_syllables(word) for word in "make table wanted media being didn't".split()]
    [1, 2, 2, 3, 2, 2]
    """
    letters = unicodedata.normalize("NFD", word.lower())
    spoken = _NO_VOWEL.sub("-", _ACCENT.sub("i", _DIAERESIS.sub("-i", letters)))
    groups = len(_VOWELS.findall(spoken))
    return max(1, groups + sum(len(rule.findall(spoken)) * by for rule, by in _ADJUSTMENTS))


def fkgl(texts: Any) -> float:
    """Return the Flesch-Kincaid grade level of texts together, in years of school; lower is easier.

    0.39 words / sentences + 11.8 syllables / words - 15.59, over the sums of all texts. A word is a
    run of letters and digits, with apostrophes inside; a sentence ends at . ! ? or … before white
    space, and with its text. Syllables are those of `count_syllables`, so that the grade differs by
    some tenths from tools that count them by other rules: compare grades of one tool only.

    >>> round(fkgl(["The cat sat on the mat. It was happy."]), 4)
    -0.7239

    Raises:
        InputError: not a list of texts, or no word in any of them.

    Source: Kincaid et al. 1975, "Derivation of New Readability Formulas for Navy Enlisted
    Personnel", Research Branch Report 8-75.
    """
    sentences = words = syllables = 0
    for text in check_texts("texts", texts):
        for sentence in _END.split(text):
            found = _WORD.findall(sentence)
            if found:
                sentences += 1
                words += len(found)
                syllables += sum(map(count_syllables, found))
    if not words:
        raise InputError(f"texts: expected words in at least one of {len(texts)} texts, got none")
    return 0.39 * words / sentences + 11.8 * syllables / words - 15.59


def compression_ratio(*, predictions: Any, sources: Any) -> float:
    """Return the mean over sentences of characters of the prediction per character of the source.

    1 is the same length, below 1 is shorter. It is the mean of the ratios, as simplification papers
    report it, not the ratio of the sums.

    >>> compression_ratio(predictions=["ab", "abc"], sources=["abcd", "abc"])
    0.75

    Raises:
        InputError: lists of unequal length, or a source that is empty.

    Source: Alva-Manchego et al. 2019, "EASSE: Easier Automatic Sentence Simplification Evaluation"
    (compression ratio, of its quality estimation features).
    """
    sources = check_texts("sources", sources)
    predictions = check_texts("predictions", predictions, n=len(sources))
    ratios = []
    for row, (prediction, source) in enumerate(zip(predictions, sources, strict=True)):
        if not source:
            raise InputError(
                f"sources[{row}]: expected a text to compare the length with, got an empty one; "
                "leave the row out"
            )
        ratios.append(len(prediction) / len(source))
    return sum(ratios) / len(ratios)
