"""What is not a corpus is an error that says what was expected and what came."""

from __future__ import annotations

from typing import Any

import pytest

from wa_metrics.errors import InputError
from wa_metrics.inputs import check_references, check_texts

LISTS = "references[sentence][ref]: one list of references for each sentence"


def message_of(check: Any, *values: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        check(*values, **options)
    return str(caught.value)


def test_any_iterable_of_texts_is_a_list_of_texts() -> None:
    texts = ["a", "", "c\nd"]
    assert check_texts("x", texts) is texts
    assert check_texts("x", tuple(texts), n=3) == tuple(texts)
    assert check_texts("x", iter(texts), n=3) == texts
    assert check_texts("x", (text for text in texts)) == texts


# value, n, message, and why the row exists
TEXTS: list[tuple[Any, int | None, str, str]] = [
    ("a b", None, "x: expected a list of texts, one a sentence, got str 'a b'", "a bare text"),
    (b"a", None, "x: expected a list of texts, one a sentence, got bytes b'a'", "bytes"),
    (None, None, "x: expected a list of texts, one a sentence, got NoneType None", "nothing"),
    (3, None, "x: expected a list of texts, one a sentence, got int 3", "a number"),
    ([], None, "x: expected at least one text, got none", "no text"),
    (["a"], 2, "x: expected 2 texts, one for each source, got 1", "too few"),
    (["a", "b"], 1, "x: expected 1 texts, one for each source, got 2", "too many"),
    (["a", None], 2, "x[1]: expected a str, got NoneType None", "a gap inside"),
    (["a", b"b"], None, "x[1]: expected a str, got bytes b'b'", "bytes inside"),
    ([["a"]], None, "x[0]: expected a str, got list ['a']", "references instead of texts"),
    ({"a"}, 1, "x: expected a list of texts, one a sentence, got set {'a'}", "a set has no order"),
    ([float("nan")], None, "x[0]: expected a str, got float nan", "a table's empty cell"),
]


@pytest.mark.parametrize(("value", "n", "message", "why"), TEXTS)
def test_texts_that_are_none(value: Any, n: int | None, message: str, why: str) -> None:
    assert message_of(check_texts, "x", value, n=n) == message, why


def test_references_are_lists_of_a_sentence_each() -> None:
    rows = [["a", "b"], ["c", "d"], ["e", "f"]]
    assert check_references(rows, n=3) is rows
    assert check_references([("a",)], n=1) == [("a",)]
    assert check_references(zip("ab", "cd", strict=True), n=2) == [("a", "c"), ("b", "d")]


def test_references_the_wrong_way_round_are_told_how_to_turn() -> None:
    turned = [["a1", "b1", "c1"], ["a2", "b2", "c2"]]
    message = message_of(check_references, turned, n=3)
    assert message == (
        "references: expected 3 lists, one for each source, got 2 of 3 texts each, which is "
        "references[ref][sentence]; turn them round with "
        "[list(texts) for texts in zip(*references)]"
    )
    expression = message.rpartition("turn them round with ")[2]
    rows = eval(expression, {"references": turned, "zip": zip, "list": list})
    assert check_references(rows, n=3) == [["a1", "a2"], ["b1", "b2"], ["c1", "c2"]]


# references, number of sentences, how the message begins, whether it says the orientation, and why
REFERENCES: list[tuple[Any, int, str, bool, str]] = [
    ("ab", 2, "references: expected references[sentence][ref]", True, "a bare text"),
    (None, 1, "references: expected references[sentence][ref]", True, "nothing"),
    (["a", "b"], 2, "references[0]: expected a list of texts, got str 'a'", True, "flat"),
    ([["a"], b"b"], 2, "references[1]: expected a list of texts, got bytes b'b'", True, "bytes"),
    ([["a"], None], 2, "references[1]: expected a list of texts, got NoneType", True, "a gap"),
    ([["a"]], 2, "references: expected 2 lists, one for each source, got 1", True, "too few"),
    ([["a"]] * 3, 2, "references: expected 2 lists, one for each source, got 3", True, "too many"),
    ([["a", "b", "c"], ["d"]], 3, "references: expected 3 lists, one for each source, got 2; exp",
     True, "ragged the wrong way round"),
    ([], 1, "references: expected 1 lists, one for each source, got 0", True, "none at all"),
    ([[], []], 2, "references[0]: expected at least one reference", True, "none for a sentence"),
    ([["a", "b"], ["c"]], 2, "references[1]: expected 2 references as references[0] has, got 1",
     True, "ragged"),
    ([["a"], ["b", None]], 2, "references[1]: expected 1 references", True, "ragged before a gap"),
    ([["a", "b"], ["c", None]], 2, "references[1][1]: expected a str, got NoneType", False, "gap"),
    ([["a", b"b"]], 1, "references[0][1]: expected a str, got bytes b'b'", False, "bytes inside"),
    ([[["a"]]], 1, "references[0][0]: expected a str, got list", False, "a list too many"),
]  # fmt: skip


@pytest.mark.parametrize(("references", "n", "start", "oriented", "why"), REFERENCES)
def test_references_that_do_not_fit(
    references: Any, n: int, start: str, oriented: bool, why: str
) -> None:
    message = message_of(check_references, references, n=n)
    assert message.startswith(start), why
    assert (LISTS in message) is oriented, why


def test_a_long_value_is_cut_short() -> None:
    assert len(message_of(check_texts, "x", "a" * 10_000)) < 150
