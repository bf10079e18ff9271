"""Edits with their place in both texts."""

from __future__ import annotations

from wa_analysis.changes import Span, find_changes, mark_change
from wa_metrics import Edit

from .made_up import annotate, correct, needs_spacy


def test_an_edit_is_placed_in_the_output_behind_those_before_it() -> None:
    edits = (Edit(0, 0, 1, "R", "The old"), Edit(0, 2, 3, "U", ""), Edit(0, 4, 4, "M", "now ."))
    changes = find_changes(correct("A man who goes", "The old man goes now .", *edits))
    assert [(each.source, each.output) for each in changes] == [
        ((0, 1), (0, 2)),
        ((2, 3), (3, 3)),
        ((4, 4), (4, 6)),
    ]
    assert [(each.removed, each.written) for each in changes] == [
        (("A",), ("The", "old")),
        (("who",), ()),
        ((), ("now", ".")),
    ]
    tokens = "The old man goes now .".split()
    assert [mark_change(tokens, each) for each in changes] == [
        "[-A-] {+The old+} man goes now .",
        "The old man [-who-] goes now .",
        "The old man goes {+now .+}",
    ]


def test_bars_and_none_in_a_text_are_words_like_any_other() -> None:
    edits = (Edit(0, 0, 0, "M", "x ||"), Edit(0, 0, 1, "R", "-NONE-"), Edit(0, 2, 2, "M", "end"))
    changes = find_changes(correct("A man", "x || -NONE- man end", *edits))
    assert [each.written for each in changes] == [("x", "||"), ("-NONE-",), ("end",)]


@needs_spacy
def test_the_words_that_errant_says_are_those_of_the_output() -> None:
    pairs = [
        ("On the other hand I go there every days", "However , I go there every single day ."),
        ("said She went", "She said she had gone"),
        ("a b c d e", "e x b"),
        ("", "New text"),
        ("Old text", ""),
    ]
    for correction in annotate(*pairs).corrections:
        assert correction is not None
        rebuilt: list[str] = []
        place = 0
        for change in find_changes(correction):
            assert " ".join(change.written) == change.edit.correction
            rebuilt += [*correction.source[place : change.source.start], *change.written]
            place = change.source.end
        assert (*rebuilt, *correction.source[place:]) == correction.output


def test_spans_overlap_where_they_share_a_token_and_touch_side_by_side() -> None:
    entity = Span(2, 4)
    shared = {
        Span(0, 2): (False, True),
        Span(1, 3): (True, True),
        Span(3, 9): (True, True),
        Span(4, 5): (False, True),
        Span(5, 6): (False, False),
        Span(2, 2): (False, True),
        Span(3, 3): (True, True),
        Span(4, 4): (False, True),
        Span(5, 5): (False, False),
    }
    for span, expected in shared.items():
        assert (span.overlaps(entity), span.touches(entity)) == expected, span
