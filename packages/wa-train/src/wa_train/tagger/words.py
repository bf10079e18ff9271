"""What a word can be turned into without knowing the answer: its case, its forms, its spelling."""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from importlib import import_module
from importlib.resources import files
from typing import Any

# Penn tags that a word can be put into, in the order in which they are tried.
FORMS = ("NNS", "NN", "VBZ", "VBG", "VBD", "VBN", "VB", "JJR", "JJS")
_CLASSES = {"N": "NOUN", "V": "VERB", "J": "ADJ"}
_CACHED = 1 << 16
_TYPO_DISTANCE = 2


def restore_case(word: str, text: str) -> str:
    """Give text the case of the word that it replaces; text with capitals of its own keeps them.

    A single capital tells nothing: "I" is one wherever it stands. Nor has "ß" a capital that could
    be taken back.

    >>> restore_case("In", "on the"), restore_case("HE", "they"), restore_case("I", "we")
    ('On the', 'THEY', 'we')
    """
    if text != text.lower() or len(word) < 2 or not word[:1].isupper():
        return text
    raised = text.upper() if word.isupper() else text[:1].upper() + text[1:]
    return raised if raised.lower() == text else text


def fold_case(word: str, text: str) -> str:
    """Give the text that `restore_case` makes the wanted one of, in lower case where that will do.

    >>> fold_case("In", "On"), fold_case("in", "On")
    ('on', 'On')
    """
    lower = text.lower()
    return lower if restore_case(word, lower) == text else text


@lru_cache(_CACHED)
def inflect(word: str, form: str) -> str | None:
    """Put a word into a form, in its case; None where it has none.

    Args:
        word: in any case.
        form: one of `FORMS`.

    >>> inflect("Goes", "VBD"), inflect("child", "NNS"), inflect("the", "NNS")
    ('Went', 'children', None)
    """
    if not word.isalpha():
        return None
    lemminflect = _lemminflect()
    lemmas = lemminflect.getAllLemmas(word.lower()).get(_CLASSES[form[0]], ())
    for lemma in lemmas:
        # The base form of a noun, a verb or an adjective is its lemma.
        found = (lemma,) if form in ("NN", "VB") else lemminflect.getInflection(lemma, form)
        if found:
            return restore_case(word, str(found[0]))
    return None


class _WithoutSpacy:
    """Keeps an import from spaCy, which takes seconds to load and is not needed here."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "spacy":
            raise ImportError(name)


@cache
def _lemminflect() -> Any:
    """Import lemminflect, which extends spaCy wherever it finds it."""
    finder: Any = _WithoutSpacy()
    sys.meta_path.insert(0, finder)
    try:
        return import_module("lemminflect")
    finally:
        sys.meta_path.remove(finder)


@lru_cache(_CACHED)
def correct_spelling(word: str) -> str | None:
    """Give the likeliest correct spelling of a word that is in no dictionary; None for others.

    >>> correct_spelling("becuase"), correct_spelling("because")
    ('because', None)
    """
    lower = word.lower()
    if not lower.isalpha() or len(lower) < 3:
        return None
    from symspellpy import Verbosity

    found = _dictionary().lookup(lower, Verbosity.TOP, _TYPO_DISTANCE)
    if not found or found[0].distance == 0:
        return None
    return restore_case(word, str(found[0].term))


def load_dictionaries() -> None:
    """Load the forms and spellings now: seconds that otherwise the first sentence would take."""
    inflect("load", "VBZ")
    _dictionary()


@cache
def _dictionary() -> Any:
    from symspellpy import SymSpell

    dictionary = SymSpell(_TYPO_DISTANCE, 7)
    file = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt")
    dictionary.load_dictionary(str(file), 0, 1)
    return dictionary
