from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wa_data import overlap
from wa_data.mix import summarise, write_overlaps
from wa_data.overlap import GRAM, SCHEMA, Overlap, matching_spans, normalise, shingles
from wa_data.schema import TRAIN_SCHEMA

texts = st.text(
    st.sampled_from("abcABC019 .,'-\x1f\x00\u00a0\u2028ßİıΣσς\u0307éÉ½²٣中") | st.characters(),
    max_size=12,
).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))


def normalised(text: str) -> str:
    """The definition, character by character."""
    return "".join(char for char in text.lower() if char.isalnum())


def grams(text: str) -> set[str]:
    key = normalised(text)
    if len(key) <= GRAM:
        return {key}
    return {key[start : start + GRAM] for start in range(len(key) - GRAM + 1)}


def jaccard(one: str, two: str) -> float:
    return len(grams(one) & grams(two)) / len(grams(one) | grams(two))


@settings(max_examples=200, deadline=None)
@given(several=st.lists(texts, max_size=5))
@example(several=[])
@example(several=[""])
@example(several=["\x1f", "a\x1fb"])
@example(several=["a", "", "\x1f"])
@example(several=["Straße", "İSTANBUL", "ΟΔΟΣ"])
def test_normalising_keeps_the_lower_cased_letters_and_numbers(several: list[str]) -> None:
    assert normalise(several) == [normalised(text) for text in several]


@settings(max_examples=80, deadline=None)
@given(text=texts)
def test_shingles_are_the_distinct_5_grams_of_the_normalised_text(text: str) -> None:
    assert shingles(normalised(text)) == sorted(grams(text))


def searched(*several: tuple[str, str, str], threshold: float = 0.7) -> overlap.BenchmarkTexts:
    return overlap.BenchmarkTexts(
        [overlap.BenchmarkText(*text) for text in several], threshold, report_near=True
    )


def training(*rows: tuple[str, str, str]) -> pa.Table:
    """(instruction, input, output) of rows r0, r1, ..."""
    return pa.Table.from_pylist(
        [
            {
                **dict.fromkeys(TRAIN_SCHEMA.names, ""),
                "source_row": number,
                **{"id": f"r{number}", "instruction": asked, "input": text, "output": output},
            }
            for number, (asked, text, output) in enumerate(rows)
        ],
        schema=TRAIN_SCHEMA,
    )


def test_an_exact_overlap_names_both_rows_both_fields_and_the_whole_texts() -> None:
    tests = searched(
        ("jfleg-test-3", "input", "The cat sat ."),
        ("jfleg-test-3", "reference", "the CAT, sat"),
        ("wnc-test-0", "input", "Nothing like it here ."),
    )
    table = training(("Fix it.", "The dog ran .", "A cat"), ("Fix it.", "the cat sat!!", "x"))
    assert list(tests.overlaps(table)) == [
        Overlap("r1", "input", "jfleg-test-3", "input", "exact", 1.0, 0, 13, 0, 13),
        Overlap("r1", "input", "jfleg-test-3", "reference", "exact", 1.0, 0, 13, 0, 12),
    ]


def test_an_output_is_held_against_the_sets_too() -> None:
    tests = searched(("wnc-test-0", "reference", "A calm reply ."))
    [found] = tests.overlaps(training(("Fix it.", "Something else .", "a calm reply")))
    assert (found.train_field, found.test_field) == ("output", "reference")


def test_a_row_without_input_is_held_by_its_instruction() -> None:
    tests = searched(("generic_probe-test-1", "input", "Name three rivers of Asia ."))
    [found] = tests.overlaps(training(("Name three rivers of Asia.", "", "Ob, Lena, Amur")))
    assert (found.train_id, found.train_field, found.kind) == ("r0", "input", "exact")
    assert list(tests.overlaps(training(("Name three rivers of Asia.", "x", "y")))) == []


def benchmark_texts_without_a_letter_or_number_never_overlap() -> None:
    tests = searched(("a-test-0", "input", "..."), ("a-test-0", "reference", ""))
    assert list(tests.overlaps(training(("", "", "..."), ("?", "!", "")))) == []
    assert not tests.exact.holds("")
    assert not tests.near().holds("")


SENTENCE = "The old harbour master counted the boats that came home before the storm ."


def test_a_near_duplicate_names_its_similarity_and_the_longest_common_run() -> None:
    other = SENTENCE.replace("counted", "noted")
    tests = searched(("jfleg-test-3", "input", other))
    [found] = tests.overlaps(training(("Fix it.", SENTENCE, "nothing alike at all")))
    run = "ted the boats that came home before the storm ."
    assert found[:5] == ("r0", "input", "jfleg-test-3", "input", "near")
    assert found.similarity == round(jaccard(SENTENCE, other), 6)
    assert SENTENCE[found.train_start : found.train_end] == run
    assert other[found.test_start : found.test_end] == run


def test_an_exact_overlap_is_not_reported_as_a_near_one_too() -> None:
    tests = searched(("jfleg-test-3", "input", SENTENCE))
    kinds = [found.kind for found in tests.overlaps(training(("", SENTENCE.upper(), "x")))]
    assert kinds == ["exact"]


def benchmark_texts_with_the_same_5_grams_but_not_the_same_text_are_near() -> None:
    tests = searched(("jfleg-test-3", "input", "ha ha ha ha ha"))
    found = list(tests.overlaps(training(("", "ha ha ha ha ha ha ha", "x"))))
    assert [(one.kind, one.similarity) for one in found] == [("near", 1.0)]


def test_near_duplicates_are_looked_for_only_when_they_are_asked_for() -> None:
    text = overlap.BenchmarkText("jfleg-test-3", "input", SENTENCE.replace("counted", "noted"))
    tests = overlap.BenchmarkTexts([text], 0.7, report_near=False)
    assert list(tests.overlaps(training(("", SENTENCE, "x")))) == []
    assert tests.near().holds(normalised(SENTENCE))


TEXT = (
    "apple barn cloud door ember field garden hill island jar kettle lamp meadow north oak pond "
    "quiet river stone tower under valley water yard zinc often slowly bright carried walked"
)
WORDS = TEXT.split(" ")


def sentence(source: random.Random, words: int) -> list[str]:
    return [source.choice(WORDS) for _ in range(words)]


def perturbed(source: random.Random, words: list[str]) -> list[str]:
    """Change, drop or double one word."""
    changed = words.copy()
    place = source.randrange(len(words))
    changed[place : place + 1] = source.choice([[], [source.choice(WORDS)], [words[place]] * 2])
    return changed


def made_up_pairs(amount: int) -> list[tuple[str, str]]:
    """Different pairs whose similarity is at least 0.75, many of them just so."""
    source = random.Random(7)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < amount:
        words = sentence(source, source.randint(6, 25))
        one, two = " ".join(words), " ".join(perturbed(source, words))
        if normalised(one) != normalised(two) and jaccard(one, two) >= 0.75:
            pairs.append((one, two))
    return pairs


def test_nearly_all_near_duplicates_are_found_and_their_similarity_is_exact() -> None:
    pairs = made_up_pairs(300)
    index = overlap.NearIndex(0.7)
    for number, (_, two) in enumerate(pairs):
        index.add(overlap.BenchmarkText(str(number), "input", two), normalised(two))
    found = 0
    for number, (one, _) in enumerate(pairs):
        places = list(index.find(normalised(one)))
        assert len({place.id for place, _ in places}) == len(places)
        for place, similarity in places:
            assert similarity == jaccard(one, pairs[int(place.id)][1]) >= 0.7
        found += any(place.id == str(number) for place, _ in places)
    assert found >= 0.95 * len(pairs)


@settings(max_examples=40, deadline=None)
@given(
    one=st.text("abc d", max_size=25),
    others=st.lists(st.text("abc d", max_size=25), max_size=6),
    threshold=st.sampled_from([0.5, 0.7, 0.9]),
)
def test_whatever_is_found_is_as_similar_as_it_says(
    one: str, others: list[str], threshold: float
) -> None:
    index = overlap.NearIndex(threshold)
    for number, other in enumerate(others):
        index.add(overlap.BenchmarkText(str(number), "input", other), normalised(other))
    found = {place.id: similarity for place, similarity in index.find(normalised(one))}
    for name, similarity in found.items():
        assert similarity == jaccard(one, others[int(name)]) >= threshold
    for number, other in enumerate(others):
        if normalised(one) and normalised(one) == normalised(other):
            assert found[str(number)] == 1.0


def test_a_text_below_the_threshold_is_not_found() -> None:
    index = overlap.NearIndex(0.7)
    other = " ".join(reversed(SENTENCE.split(" ")))
    assert jaccard(SENTENCE, other) < 0.7
    index.add(overlap.BenchmarkText("a", "input", other), normalised(other))
    assert not index.holds(normalised(SENTENCE))


@settings(max_examples=60, deadline=None)
@given(one=st.text("abcé ", max_size=9), two=st.text("abcé ", max_size=9))
def test_the_matching_spans_are_a_longest_common_run(one: str, two: str) -> None:
    start, end, other_start, other_end = matching_spans(one, two)
    assert one[start:end] == two[other_start:other_end]
    longest = max(
        last - first
        for first in range(len(one) + 1)
        for last in range(first, len(one) + 1)
        if one[first:last] in two
    )
    assert end - start == longest


def test_findings_are_written_with_the_columns_of_the_contract(tmp_path: Path) -> None:
    found = [Overlap("r1", "input", "jfleg-test-3", "input", "near", 0.8, 1, 5, 0, 4)]
    for rows in (found, []):
        write_overlaps(tmp_path / "found.parquet", rows)
        table = pq.read_table(tmp_path / "found.parquet")
        assert table.schema == SCHEMA
        assert table.to_pylist() == [row._asdict() for row in rows]


@pytest.mark.parametrize("near", [True, False])
def test_a_summary_counts_the_test_rows_once(near: bool) -> None:
    spans = (0, 1, 0, 1)
    found = [
        Overlap("r1", "input", "jfleg-test-3", "input", "exact", 1.0, *spans),
        Overlap("r2", "input", "jfleg-test-3", "reference", "exact", 1.0, *spans),
        Overlap("r2", "output", "jfleg-test-4", "input", "exact", 1.0, *spans),
        Overlap("r2", "output", "conll14-validation-4", "input", "exact", 1.0, *spans),
    ]
    if near:
        found.append(Overlap("r2", "output", "jfleg-test-5", "input", "near", 0.8, *spans))
    assert summarise(found, near=near) == {
        "exact": {"jfleg": {"test": 2}, "conll14": {"validation": 1}},
        "near": {"jfleg": {"test": 1}} if near else None,
        "rows": len(found),
    }
