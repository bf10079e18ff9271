"""Align a sentence with its correction, and name what happens to each word.

The alignment is the cheapest path of kept, edited, added and removed words, where what a tag can do
by itself (case, forms, spelling, joining, swapping) costs little. A word with an edit may have
several tags that do it or begin it; the vocabulary decides among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from wa_train.tagger.operations import (
    APPEND,
    CASE,
    DELETE,
    FORM,
    KEEP,
    MERGE_HYPHEN,
    MERGE_SPACE,
    REPLACE,
    SPELL,
    SPLIT,
    SWAP,
    edit_word,
)
from wa_train.tagger.words import FORMS, correct_spelling, fold_case, inflect

Tags = tuple[str, ...]
_CASE, _FORM, _JOIN = 0.1, 0.3, 0.2
_CACHED, _PAIRS = 1 << 17, 1 << 16
_CELLS = 1 << 16  # of a table of costs: 256 words that differ; a second or less
_CASES = ("CAPITAL", "LOWER", "UPPER")
# GECToR names verb forms by where they come from, too.
_VERB_FORMS = ("VB", "VBZ", "VBG", "VBD", "VBN")


class Block(NamedTuple):
    """Source words [start, end) become target words [first, last)."""

    start: int
    end: int
    first: int
    last: int


def candidate_tags(source: Sequence[str], target: Sequence[str]) -> Sequence[Tags]:
    """Give for the place before each sentence and for each word the tags that lead to the target.

    Args:
        source: words.
        target: words.

    Returns:
        one tuple each, the best first: the first does all of the word's edit, the later ones at
        least begin it, so that further rounds can end it. (`$KEEP`,) where nothing changes.
    """
    return _candidates(tuple(source), tuple(target))


@lru_cache(_PAIRS)  # a run counts tags first and encodes then
def _candidates(source: tuple[str, ...], target: tuple[str, ...]) -> Sequence[Tags]:
    tags: list[Tags] = [(KEEP,)] * (len(source) + 1)
    for start, end, first, last in align(source, target):
        added = " ".join(target[first:last])
        if start == end:  # inserted behind the word before it
            tags[start] = _with_insertion(tags[start], source[start - 1] if start else "", added)
        elif end - start == 2:
            tags[start + 1] = _joined(source[start], source[start + 1], target[first:last])
        else:
            tags[start + 1] = _of_word(source[start], added)
    return tuple(tags)


def _with_insertion(before: Tags, word: str, added: str) -> Tags:
    """Add an insertion to what happens to the word before it."""
    whole = () if " " not in added else (f"{APPEND}{added.split(' ', 1)[0]}",)
    if before == (KEEP,):
        return (f"{APPEND}{added}", *whole)
    if before[0] in (SWAP, MERGE_SPACE, MERGE_HYPHEN):
        return before  # a later round adds it
    text = f"{edit_word(word, before[0])} {added}".strip()
    return (f"{REPLACE}{fold_case(word, text)}", *before)


def _joined(left: str, right: str, target: Sequence[str]) -> Tags:
    if len(target) == 2:
        return (SWAP,)
    return (MERGE_HYPHEN,) if target[0] == f"{left}-{right}" else (MERGE_SPACE,)


@lru_cache(_CACHED)
def _of_word(word: str, text: str) -> Tags:
    """Name what turns one word into some text, the most general first."""
    if word == text:
        return (KEEP,)
    if not text:
        return (DELETE,)
    found: list[str] = []
    if word.lower() == text.lower():
        found += [f"{CASE}{case}" for case in _CASES if edit_word(word, f"{CASE}{case}") == text]
    found += [f"{FORM}{form}" for form in FORMS if inflect(word, form) == text]
    if correct_spelling(word) == text:
        found.append(SPELL)
    if "-" in word and word.replace("-", " ") == text:
        found.append(SPLIT)
    found.append(f"{REPLACE}{fold_case(word, text)}")
    return (*found, *_official(word, found), *_begun(word, text))


def _official(word: str, found: Sequence[str]) -> Iterator[str]:
    """Give GECToR's names of the same forms."""
    forms = [tag.removeprefix(FORM) for tag in found if tag.startswith(FORM)]
    for form in forms:
        if form in ("NN", "NNS"):
            yield f"$TRANSFORM_AGREEMENT_{'SINGULAR' if form == 'NN' else 'PLURAL'}"
        for own in _VERB_FORMS:
            if form in _VERB_FORMS and own != form and inflect(word, own) == word:
                yield f"$TRANSFORM_VERB_{own}_{form}"


def _begun(word: str, text: str) -> Iterator[str]:
    """Give tags that do the first part of an edit whose text is several words."""
    first, blank, rest = text.partition(" ")
    if not blank:
        return
    if first == word:
        yield f"{APPEND}{rest}"
        yield f"{APPEND}{rest.partition(' ')[0]}"
    else:
        yield f"{REPLACE}{fold_case(word, first)}"


def align(source: Sequence[str], target: Sequence[str]) -> list[Block]:
    """Align two sentences; give the blocks that are not kept, from left to right.

    A block is one word with any words in its place, two words that are joined or swapped, or no
    word and what is inserted there. Costs grow with the square of the words that differ, up to
    some hundred of them; in longer texts the stretches that are equal are found first.
    """
    low = 0
    while low < min(len(source), len(target)) and source[low] == target[low]:
        low += 1
    high = 0
    room = min(len(source), len(target)) - low
    while high < room and source[-1 - high] == target[-1 - high]:
        high += 1
    middle = source[low : len(source) - high], target[low : len(target) - high]
    moved = [
        Block(start + low, end + low, first + low, last + low)
        for start, end, first, last in _edits(*middle)
    ]
    return _gather(source, target, moved)


def _edits(source: Sequence[str], target: Sequence[str]) -> list[Block]:
    """Align two stretches that differ at both ends, in bounded time however long they are."""
    if len(source) * len(target) <= _CELLS:
        return _cheapest(source, target)
    found: list[Block] = []
    matcher = SequenceMatcher(None, source, target, autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            continue
        within = _cheapest if (end - start) * (last - first) <= _CELLS else _one_by_one
        found += [
            Block(left + start, right + start, low + first, high + first)
            for left, right, low, high in within(source[start:end], target[first:last])
        ]
    return found


def _one_by_one(source: Sequence[str], target: Sequence[str]) -> list[Block]:
    """Put each word in the place of one: for long stretches that have next to nothing in common."""
    both = min(len(source), len(target))
    blocks = [Block(at, at + 1, at, at + 1) for at in range(both) if source[at] != target[at]]
    blocks += [Block(at, at + 1, both, both) for at in range(both, len(source))]
    blocks += [Block(both, both, at, at + 1) for at in range(both, len(target))]
    return blocks


def _cheapest(source: Sequence[str], target: Sequence[str]) -> list[Block]:
    """Find the cheapest path; give its steps that are not plain copies."""
    rows, columns = len(source), len(target)
    costs = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    steps = [[(0, 1)] * (columns + 1) for _ in range(rows + 1)]
    costs[0] = [float(j) for j in range(columns + 1)]
    for i in range(1, rows + 1):
        word, above, here, step = source[i - 1], costs[i - 1], costs[i], steps[i]
        here[0], step[0] = float(i), (1, 0)
        joins, bare = _joins(source, i), word.replace("-", "")
        for j in range(1, columns + 1):
            other = target[j - 1]
            best, move = above[j - 1] + (0.0 if word == other else _distance(word, other)), (1, 1)
            if above[j] + 1 < best:
                best, move = above[j] + 1, (1, 0)
            if here[j - 1] + 1 < best:
                best, move = here[j - 1] + 1, (0, 1)
            if other in joins and costs[i - 2][j - 1] + _JOIN < best:
                best, move = costs[i - 2][j - 1] + _JOIN, (2, 1)
            swapped = i > 1 and j > 1 and other == source[i - 2] != word == target[j - 2]
            if swapped and costs[i - 2][j - 2] + _FORM < best:
                best, move = costs[i - 2][j - 2] + _FORM, (2, 2)
            split = j > 1 and word.endswith(other) and bare == f"{target[j - 2]}{other}"
            if split and above[j - 2] + _JOIN < best:
                best, move = above[j - 2] + _JOIN, (1, 2)
            here[j], step[j] = best, move
    path = []
    i, j = rows, columns
    while i or j:
        di, dj = steps[i][j]
        if (di, dj) != (1, 1) or source[i - 1] != target[j - 1]:
            path.append(Block(i - di, i, j - dj, j))
        i, j = i - di, j - dj
    return path[::-1]


def _joins(source: Sequence[str], end: int) -> tuple[str, ...]:
    """Give what the two words before a place may be joined to."""
    if end < 2:
        return ()
    left, right = source[end - 2 : end]
    return f"{left}{right}", f"{left}-{right}"


@lru_cache(_CACHED)
def _distance(left: str, right: str) -> float:
    """Give the cost of putting one word in the place of another, 0 to 1.5."""
    if left == right:
        return 0.0
    if left.lower() == right.lower():
        return _CASE
    if right in _forms(left):
        return _FORM
    if not (left[:1].isalnum() and right[:1].isalnum()):
        # Punctuation in the place of a word is rather one removed and one added.
        return 0.8 if left[:1].isalnum() == right[:1].isalnum() else 1.5
    return 1.2 - 0.7 * _likeness(left.lower(), right.lower())


@lru_cache(_CACHED)
def _forms(word: str) -> frozenset[str | None]:
    """Give all that a tag makes of a word by itself."""
    return frozenset((*(inflect(word, form) for form in FORMS), correct_spelling(word)))


def _likeness(left: str, right: str) -> float:
    """Give the share of letters at the two ends that two words have in common, 0 to 1."""
    shorter = min(len(left), len(right))
    start = next((at for at in range(shorter) if left[at] != right[at]), shorter)
    rest = shorter - start
    end = next((at for at in range(rest) if left[-1 - at] != right[-1 - at]), rest)
    return (start + end) / max(len(left), len(right))


def _gather(source: Sequence[str], target: Sequence[str], steps: Sequence[Block]) -> list[Block]:
    """Join insertions that follow each other."""
    blocks: list[Block] = []
    for step in steps:
        last = blocks[-1] if blocks else None
        if last and step.start == step.end == last.start == last.end and last.last == step.first:
            blocks[-1] = last._replace(last=step.last)
        else:
            blocks.append(step)
    return blocks
