"""Sentences from templates: a number, drawn from a content hash, picks one chunk a slot.

A sentence is a list of chunks, each one or more tokens joined by blanks; what may be changed in
it (an article, an inflected verb, a hard word) is a chunk of its own, so that corruptions and
rewritings are tables from chunk to chunk. Nothing here holds state: the same number always
gives the same sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from wa_data.demo import words as w

Slot = tuple[str, ...]
Template = tuple[Slot, ...]


def number(name: str, row: int) -> int:
    """Draw the 256-bit number that decides everything about row `row` of file `name`.

    >>> number("test.src", 0) == number("test.src", 0) != number("test.src", 1)
    True
    """
    return int.from_bytes(sha256(f"{name}:{row}".encode()).digest(), "little")


def compose(n: int, templates: Sequence[Template]) -> tuple[list[str], int]:
    """Compose one sentence; gives its chunks and what is left of the number for more choices."""
    n, choice = divmod(n, len(templates))
    chunks = []
    for slot in templates[choice]:
        size = len(slot)
        if size == 1:
            chunks.append(slot[0])
        else:
            n, choice = divmod(n, size)
            chunks.append(slot[choice])
    return chunks, n


def tokenised(chunks: Iterable[str]) -> str:
    """Join chunks into a tokenised sentence with a capital first letter; drop empty chunks."""
    text = " ".join(filter(None, chunks))
    return text[:1].upper() + text[1:]


def running(text: str) -> str:
    """Undo the tokenisation of a sentence of this grammar.

    >>> running("The boat -LRB- an old one -RRB- , they say , is n't Ann 's .")
    "The boat (an old one), they say, isn't Ann's."
    """
    text = text.replace(" ,", ",").replace(" .", ".").replace(" n't", "n't").replace(" 's", "'s")
    return text.replace("-LRB- ", "(").replace(" -RRB-", ")").replace(" ?", "?")


def _slots(*parts: str | Iterable[str]) -> Template:
    """Make a template: a string is one chunk, anything else the alternatives of a slot."""
    return tuple((part,) if isinstance(part, str) else tuple(part) for part in parts)


PERSON = tuple(f"{title} {name}" for title in ("Mr", "Mrs", "Dr") for name in w.SURNAMES)
FULL_NAME = tuple(f"{first} {last}" for first in w.FIRST_NAMES for last in w.SURNAMES)
JOBS = tuple(map(w.plural, w.JOBS))
THINGS = tuple(map(w.plural, w.THINGS))
THIRD = tuple(verb.third for verb in w.VERBS)
PAST = tuple(verb.past for verb in w.VERBS)
PARTICIPLE = tuple(verb.participle for verb in w.VERBS)
GERUND = tuple(f"is {verb.gerund}" for verb in w.VERBS)
BASE = tuple(verb.base for verb in w.VERBS)
INFINITIVE = tuple(f"to {verb.base}" for verb in w.VERBS)
DID_NOT = tuple(f"did n't {verb.base}" for verb in w.VERBS)
OFTEN_THIRD = tuple(f"{adverb} {verb}" for adverb in w.ADVERBS for verb in THIRD)
OFTEN_PAST = tuple(f"{adverb} {verb}" for adverb in w.ADVERBS for verb in PAST)
_ADJ, _MANY, _LINK = tuple(w.ADJECTIVES), tuple(w.QUANTITIES), tuple(w.LINKS)
_JOB, _THING, _TOWN = w.JOBS, w.THINGS, w.TOWNS

# fmt: off
PLAIN: tuple[Template, ...] = (
    _slots("the", _JOB, OFTEN_THIRD, "the", _ADJ, _THING, "in", _TOWN, w.HABITS, ",", _LINK,
           PERSON, GERUND, _MANY, THINGS, "."),
    _slots(w.PAST_TIMES, ",", FULL_NAME, OFTEN_PAST, "a", _ADJ, _THING, "for", "the", _JOB, "in",
           _TOWN, "."),
    _slots(w.PAST_TIMES, ",", FULL_NAME, PAST, _MANY, THINGS, "near", "the", _ADJ, w.PLACES, ",",
           "but", "the", _JOB, DID_NOT, "them", "."),
    _slots("the", JOBS, BASE, _MANY, THINGS, _LINK, "they", "want", INFINITIVE, "an",
           w.VOWEL_ADJECTIVES, _THING, "on", w.DAYS, "."),
    _slots("if", "you", "want", INFINITIVE, "the", _ADJ, _THING, ",", "you", "should", "contact",
           PERSON, "at", w.HOURS, "on", w.DAYS, "."),
    _slots("I", "have", PARTICIPLE, _MANY, _ADJ, THINGS, "since", w.MONTHS, ",", _LINK, PERSON,
           OFTEN_THIRD, "the", _ADJ, _THING, "."),
    _slots("there", "are", _MANY, _ADJ, THINGS, "in", _TOWN, ",", "and", "the", _JOB, OFTEN_THIRD,
           "them", "."),
    _slots("when", FULL_NAME, "arrived", "in", _TOWN, "in", w.MONTHS, ",", "the", _JOB, "was",
           "waiting", "for", _MANY, _ADJ, THINGS, "and", "an", w.VOWEL_ADJECTIVES, _THING, "at",
           "the", w.PLACES, ",", _LINK, "the", JOBS, DID_NOT, "the", _THING, "."),
    _slots("my", _JOB, THIRD, "a", _ADJ, _THING, w.HABITS, "."),
)
ACADEMIC: tuple[Template, ...] = (
    _slots("we", w.FILLERS, "propose", "a", _ADJ, w.METHODS, "for", w.FIELDS, w.WORDY_LINKS, BASE,
           w.WORDY_QUANTITIES, THINGS, "in", _TOWN, "."),
    _slots("the", _ADJ, w.METHODS, "is", w.FILLERS, "better", "than", "the", w.METHODS, "of",
           FULL_NAME, ",", w.WORDY_REASONS, "it", w.WORDY_ABILITIES, BASE, w.WORDY_QUANTITIES,
           THINGS, "."),
    _slots("the", "town", "council", "of", _TOWN, PAST, "the", _ADJ, w.PLACES, w.WORDY_LINKS, BASE,
           w.WORDY_QUANTITIES, _ADJ, THINGS, w.PAST_TIMES, "."),
    _slots(FULL_NAME, w.WORDY_ABILITIES, BASE, "a", _ADJ, _THING, "in", _TOWN, w.WORDY_REASONS,
           "the", _JOB, w.FILLERS, "trusts", PERSON, "."),
)
COHESIVE: tuple[Template, ...] = (
    _slots("the", _ADJ, w.METHODS, w.CUES, "improves", w.FIELDS, "on", _MANY, THINGS, "from",
           _TOWN, "."),
    _slots("the", _JOB, "of", _TOWN, w.CUES, PAST, "a", _ADJ, _THING, "for", FULL_NAME, "."),
    _slots("the", JOBS, "in", _TOWN, w.CUES, PAST, _MANY, _ADJ, THINGS, w.PAST_TIMES, "."),
)
_HARD_ADJ, _HARD_NOUN = tuple(w.HARD_ADJECTIVES), tuple(w.HARD_NOUNS)
_BORN = tuple(f"-LRB- born {day} {month} {year} -RRB-"
              for day in (2, 11, 19, 28) for month in w.MONTHS for year in range(1911, 1990, 6))
_YEARS = (*map(str, range(1790, 2015)), "1996/97", "2006/07", "2010/11")
_SHARES = ("about 12\u00a0000", "1,450", "more than 300", "88", "no fewer than 2,600")
HARD: tuple[Template, ...] = (
    _slots(FULL_NAME, _BORN, w.HARD_VERBS, "a", _HARD_ADJ, _HARD_NOUN, "in", _TOWN, w.HARD_LINKS,
           "the", JOBS, ", which", "attracts", _SHARES, "visitors", "a year", "."),
    _slots("the", _HARD_ADJ, _HARD_NOUN, "of", _TOWN, "was", "named", "after", FULL_NAME, _BORN,
           "and", "belongs", "to", "the", w.PLACES, ", which", "has", _SHARES, "windows", "."),
    _slots("in", _YEARS, ",", FULL_NAME, w.HARD_VERBS, "the", _HARD_NOUN,
           w.HARD_LINKS, "the", _JOB, ", although", "the", JOBS, w.HARD_VERBS, "a", _HARD_ADJ,
           w.PLACES, "in", _TOWN, "."),
    _slots("the", _JOB, "from", _TOWN, w.HARD_VERBS, "the", _HARD_ADJ, _HARD_NOUN, "and",
           "subsequently", w.HARD_VERBS, _MANY, THINGS, "in", w.MONTHS, "."),
    _slots("it", "is", "a", _HARD_ADJ, _HARD_NOUN, "near", _TOWN, ",", "and", FULL_NAME,
           w.HARD_VERBS, "it", "in", _YEARS, "."),
)
_WORK = tuple(f"{kind} of {town}" for kind in ("a history", "the map", "a study") for town in _TOWN)
SLANTED: tuple[Template, ...] = (
    _slots(FULL_NAME, "is", "a", w.SLANTED_ADJECTIVES, _JOB, "from", _TOWN, "who", PAST, _MANY,
           THINGS, w.PAST_TIMES, "."),
    _slots("the", _JOB, w.SLANTED_ADVERBS, PAST, "the", _ADJ, _THING, "of", FULL_NAME, "in",
           _TOWN, "."),
    _slots("in", w.MONTHS, ",", FULL_NAME, w.SLANTED_VERBS, "that", "the", JOBS, "of", _TOWN, PAST,
           _MANY, _ADJ, THINGS, "."),
    _slots(_WORK, "was", w.SLANTED_ADVERBS, "printed", "by", FULL_NAME, "for", "the", _ADJ,
           w.PLACES, "in", _YEARS, "."),
)
# The four parts of a cLang-8 sentence: who, does, what, where and why.
CLANG_PARTS: tuple[tuple[Template, ...], ...] = (
    (_slots(w.PAST_TIMES, ",", FULL_NAME), _slots(w.PAST_TIMES, "the", _JOB, "of", _TOWN)),
    (_slots(OFTEN_PAST), _slots(PAST, "and", PAST), _slots(DID_NOT)),
    (_slots(_MANY, _ADJ, THINGS), _slots("a", _ADJ, _THING),
     _slots("an", w.VOWEL_ADJECTIVES, _THING)),
    (_slots("in", _TOWN, ",", "and", PERSON, OFTEN_PAST, "them", "."),
     _slots("for", PERSON, "on", w.DAYS, "."),
     _slots("at", w.HOURS, ",", _LINK, "the", JOBS, DID_NOT, "the", _ADJ, _THING, ".")),
)
# fmt: on
