"""Tags and what they do to a sentence.

The names are GECToR's wherever it has one, so that its published vocabulary can be used; ours are
`$TRANSFORM_FORM_*` (a Penn tag to put the word into) and `$TRANSFORM_SPELL`. Replacements in lower
case take the case of the word that they replace, and text behind `$REPLACE_` and `$APPEND_` may be
several words.
"""

from __future__ import annotations

from collections.abc import Sequence

from wa_train.tagger.words import correct_spelling, inflect, restore_case

KEEP, DELETE, UNKNOWN, PADDING = "$KEEP", "$DELETE", "@@UNKNOWN@@", "@@PADDING@@"
REPLACE, APPEND, FORM = "$REPLACE_", "$APPEND_", "$TRANSFORM_FORM_"
CASE, SPELL, SPLIT = "$TRANSFORM_CASE_", "$TRANSFORM_SPELL", "$TRANSFORM_SPLIT_HYPHEN"
MERGE_SPACE, MERGE_HYPHEN, SWAP = "$MERGE_SPACE", "$MERGE_HYPHEN", "$MERGE_SWAP"
_GLUE = {MERGE_SPACE: "", MERGE_HYPHEN: "-"}
_VERB, _NUMBER = "$TRANSFORM_VERB_", "$TRANSFORM_AGREEMENT_"
_NUMBERS = {"SINGULAR": "NN", "PLURAL": "NNS"}


def apply_tags(words: Sequence[str], tags: Sequence[str]) -> list[str]:
    """Edit a sentence; a tag that its word cannot take changes nothing.

    Args:
        words: without blanks in them.
        tags: one for the place before the first word (kept or appended to), then one a word. What
            stands at a word that is merged into or swapped with the one before it is not looked at.

    >>> apply_tags(["He", "go", "to"], ["$KEEP", "$KEEP", "$TRANSFORM_FORM_VBD", "$DELETE"])
    ['He', 'went']
    """
    pieces: list[str] = []
    if tags[0].startswith(APPEND):
        pieces.append(tags[0].removeprefix(APPEND))
    at, removed_first = 0, False
    while at < len(words):
        word, tag = words[at], tags[at + 1]
        behind = words[at + 1] if at + 1 < len(words) else None
        if tag == SWAP and behind is not None:
            pieces += [behind, word]
            at += 2
            continue
        if tag in _GLUE and behind is not None:
            pieces.append(f"{word}{_GLUE[tag]}{behind}")
            at += 2
            continue
        text = edit_word(word, tag)
        removed_first |= not text and not pieces and word[:1].isupper()
        pieces.append(text)
        at += 1
    edited = " ".join(pieces).split()
    if removed_first and edited:
        edited[0] = edited[0][:1].upper() + edited[0][1:]
    return edited


def edit_word(word: str, tag: str) -> str:
    """Give what a tag makes of one word, perhaps several or none; the word where it cannot.

    >>> edit_word("well-known", "$TRANSFORM_SPLIT_HYPHEN"), edit_word("The", "$REPLACE_a")
    ('well known', 'A')
    """
    text: str | None = word
    if tag == DELETE:
        text = ""
    elif tag.startswith(REPLACE):
        text = restore_case(word, tag.removeprefix(REPLACE))
    elif tag.startswith(APPEND):
        text = f"{word} {tag.removeprefix(APPEND)}"
    elif tag.startswith(CASE):
        text = _change_case(word, tag.removeprefix(CASE))
    elif tag == SPLIT:
        text = word.replace("-", " ")
    elif tag == SPELL:
        text = correct_spelling(word)
    elif form := form_of(tag):
        text = inflect(word, form)
    return word if text is None else text


def form_of(tag: str) -> str | None:
    """Give the Penn tag that a tag puts a word into; None for tags that are no such.

    >>> form_of("$TRANSFORM_VERB_VB_VBZ"), form_of("$TRANSFORM_AGREEMENT_PLURAL"), form_of("$KEEP")
    ('VBZ', 'NNS', None)
    """
    if tag.startswith(FORM):
        return tag.removeprefix(FORM)
    if tag.startswith(_VERB):
        return tag.rpartition("_")[2]
    if tag.startswith(_NUMBER):
        return _NUMBERS.get(tag.removeprefix(_NUMBER))
    return None


def _change_case(word: str, case: str) -> str:
    if case == "LOWER":
        return word.lower()
    if case == "UPPER":
        return word.upper()
    if case == "CAPITAL":
        return word[:1].upper() + word[1:]
    if case == "CAPITAL_1":
        return word[:1] + word[1:2].upper() + word[2:]
    return word[:-1].upper() + word[-1:] if case == "UPPER_-1" else word
