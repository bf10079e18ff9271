"""M2: worked examples, the choice of annotators, the interface."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from wa_metrics import Edit, M2Sentence, write_m2
from wa_metrics.errors import InputError
from wa_metrics.maxmatch import M2
from wa_metrics.significance import paired_bootstrap


def m2_of(source: str, *edits: tuple[int, int, str], annotator: int = 0) -> str:
    """Write one sentence: edits are start, end and correction."""
    records = tuple(
        Edit(annotator, start, end, "noop" if start < 0 else "X", correction)
        for start, end, correction in edits
    )
    return "".join(write_m2([M2Sentence(source, records, 1)]))


def counts_of(m2: str, *predictions: str, **options: Any) -> tuple[int, int, int]:
    score = M2(**options).corpus_score(references=m2, predictions=list(predictions))
    return score.details["correct"], score.details["proposed"], score.details["gold"]


# --- worked examples


def test_edits_are_read_so_that_they_match_the_gold() -> None:
    # The case of Dahlmeier and Ng 2012, section 1: a comparison of the texts alone finds that "the"
    # and "a" were inserted, while the annotator replaced the nouns. Both say the same.
    gold = m2_of("He put key on table .", (2, 3, "the key"), (4, 5, "the table||a table"))
    assert counts_of(gold, "He put the key on a table .") == (2, 2, 2)


def test_one_of_two_edits_right_is_a_half_of_each() -> None:
    gold = m2_of("He put key on table .", (2, 3, "keys"), (4, 5, "tables"))
    score = M2().corpus_score(references=gold, predictions=["He put keys in table ."])
    assert score.parts == {"p": 50, "r": 50, "f": 50, "tp": 1, "fp": 1, "fn": 1}
    assert score.score == 50
    assert score.details == {"correct": 1, "proposed": 2, "gold": 2, "annotators": [0]}


def test_beta_weighs_recall() -> None:
    gold = m2_of("a b c", (0, 1, "x"), (1, 2, "y"), (2, 3, "z"))
    # P = 1, R = 1/3: F0.5 = 1.25 / 3 / (0.25 + 1/3) = 5/7, F1 = 1/2
    for beta, f in ((0.5, 500 / 7), (1.0, 50.0)):
        score = M2(beta=beta).corpus_score(references=gold, predictions=["x b c"]).score
        assert score == pytest.approx(f)


@pytest.mark.parametrize(("limit", "expected"), [(2, (0, 2, 1)), (3, (1, 1, 1))])
def test_an_edit_spans_no_more_unchanged_words_than_allowed(
    limit: int, expected: tuple[int, int, int]
) -> None:
    gold = m2_of("a b c d e", (0, 5, "x b c d y"))
    assert counts_of(gold, "x b c d y", max_unchanged_words=limit) == expected


def test_insertions_at_one_place_may_follow_each_other() -> None:
    gold = m2_of("a", (1, 1, "b"), (1, 1, "c d"), (1, 1, "e"))
    assert counts_of(gold, "a b c d e") == (3, 3, 3)
    assert counts_of(gold, "a b c d") == (2, 2, 3)
    assert counts_of(gold, "a c d e") == (2, 2, 3)


@pytest.mark.parametrize("correction", ["", "-NONE-", "b||", "b||-NONE-"])
def test_a_deletion_may_be_written_in_several_ways(correction: str) -> None:
    # The bars of "b||" go to the next field of the line, as the scorer reads it: that deletes
    # nothing.
    correct = 0 if correction == "b||" else 1
    assert counts_of(m2_of("a x c", (1, 2, correction)), "a c") == (correct, 1, 1)


def test_an_alternative_may_be_any_of_several() -> None:
    gold = m2_of("a x c", (1, 2, "b|| y z ||-NONE-"))
    assert [counts_of(gold, text) for text in ("a b c", "a y z c", "a c")] == [(1, 1, 1)] * 3
    # Read as a deletion, which the gold has, and an insertion.
    assert counts_of(gold, "a w c") == (1, 2, 1)


def test_a_correction_with_two_blanks_in_a_row_matches_nothing() -> None:
    assert counts_of(m2_of("a x c", (1, 2, "y  z")), "a y z c") == (0, 1, 1)


def test_an_edit_counts_for_every_duplicate_in_the_gold() -> None:
    gold = m2_of("a x c", (1, 2, "b"), (1, 2, "b"))
    score = M2().corpus_score(references=gold, predictions=["a b c"])
    counts = {"tp": 2, "fp": -1, "fn": 0}
    assert score.parts == {"p": 200, "r": 100, "f": pytest.approx(500 / 3)} | counts


def test_gold_is_matched_in_its_order() -> None:
    edits = (0, 1, "x"), (2, 3, "z")
    assert counts_of(m2_of("a b c", *edits), "x b z") == (2, 2, 2)
    assert counts_of(m2_of("a b c", *reversed(edits)), "x b z") == (1, 2, 2)


@pytest.mark.parametrize(
    "edit", [(-1, -1, "-NONE-"), (3, 4, "x"), (2, 3, "x")], ids=["noop", "beyond", "end beyond"]
)
def test_what_can_be_no_edit_is_an_empty_set(edit: tuple[int, int, str]) -> None:
    assert counts_of(m2_of("a b", edit), "a b") == (0, 0, 0)


def test_a_gold_edit_that_repeats_the_source_counts_but_is_never_found() -> None:
    # UNK of ERRANT: found, but not corrected.
    assert counts_of(m2_of("a b c", (1, 2, "b")), "a b x") == (0, 1, 1)


@pytest.mark.parametrize(
    ("prediction", "proposed"), [("A b", 1), ("a B", 1), ("ab", 1), ("a  b", 0), ("a x", 1)]
)
def test_blanks_and_case_may_be_left_out_of_what_is_proposed(
    prediction: str, proposed: int
) -> None:
    gold = m2_of("a b", (0, 1, "A"))
    assert counts_of(gold, prediction)[1] == proposed
    left = counts_of(gold, prediction, ignore_whitespace_casing=True)
    assert left == (0, 1 if prediction == "a x" else 0, 1)


@pytest.mark.parametrize(
    ("source", "prediction", "same"), [("İX", "ix", True), ("ΟΣ", "οσ", True), ("ΟΣ", "ος", False)]
)
def test_case_is_that_of_python_2(source: str, prediction: str, same: bool) -> None:
    counts = counts_of(m2_of(source), prediction, ignore_whitespace_casing=True)
    assert counts == (0, 0 if same else 1, 0)


def test_any_white_space_separates_tokens() -> None:
    for blank in "\u00a0\u180e\u3000\t":
        gold = m2_of(f"He{blank}like tea", (1, 2, "likes"))
        assert counts_of(gold, f"He likes{blank}tea ") == (1, 1, 1)
    assert counts_of(m2_of("a\u200bb c", (1, 2, "d")), "a\u200bb d") == (1, 1, 1)


def test_empty_texts_are_sentences_without_tokens() -> None:
    assert counts_of(m2_of("", (0, 0, "Yes .")), "Yes .") == (1, 1, 1)
    assert counts_of(m2_of("", (0, 0, "Yes .")), "") == (0, 0, 1)
    assert counts_of(m2_of("No .", (0, 2, "")), "") == (1, 1, 1)
    assert counts_of(m2_of("No ."), "") == (0, 1, 0)


def test_no_edits_on_either_side_are_all_right() -> None:
    score = M2().corpus_score(references=m2_of("a b"), predictions=["a b"])
    assert (score.score, score.parts["p"], score.parts["r"]) == (100, 100, 100)


# --- annotators


def test_each_sentence_takes_the_annotator_of_the_best_running_f() -> None:
    first = m2_of("a b", (0, 1, "x")).rstrip("\n")
    gold = f"{first}\nA 1 2|||X|||y|||REQUIRED|||-NONE-|||3\n\n{m2_of('c d', (0, 1, 'z'))}"
    score = M2().corpus_score(references=gold, predictions=["a y", "z d"])
    assert score.details["annotators"] == [3, 0]
    assert score.parts["tp"] == 2


def test_a_tie_goes_to_more_correct_edits_then_to_fewer_then_to_the_lower_id() -> None:
    def choose(*annotators: int) -> list[int]:
        lines = [f"A {name} {name + 1}|||X|||x|||R|||-|||{name}" for name in annotators]
        gold = "\n".join(["S a b c d e f g h", *lines, ""])
        score = M2().corpus_score(references=gold, predictions=["a b c d e f g h"])
        chosen: list[int] = score.details["annotators"]
        return chosen

    assert choose(1, 1, 4) == [4]
    assert choose(2, 4, 4) == [2]
    assert choose(7, 5) == [5]
    one, two = m2_of("a b", (0, 2, "x y")), m2_of("a b", (0, 1, "x"), (1, 2, "y"), annotator=1)
    both = one.rstrip("\n") + two.removeprefix("S a b")
    assert M2().corpus_score(references=both, predictions=["x y"]).details["annotators"] == [1]


def test_an_annotator_without_edits_makes_a_copy_right() -> None:
    gold = m2_of("a b", (0, 1, "x"))
    copied = M2().corpus_score(references=gold, predictions=["a b"])
    assert copied.parts == {"p": 100, "r": 0, "f": 0, "tp": 0, "fp": 0, "fn": 1}
    noop = gold.rstrip("\n") + "\nA -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||1\n"
    assert M2().corpus_score(references=noop, predictions=["a b"]).score == 100


def test_with_several_annotators_the_order_of_sentences_matters() -> None:
    # One of twelve edits found is better than none at first; behind four that are right the
    # annotator who wanted nothing harms the running F less.
    source = "a b c d e f g h i j k l"
    edits = [f"A {place} {place + 1}|||X|||x|||R|||-|||0" for place in range(12)]
    several = "\n".join([f"S {source}", *edits, "A -1 -1|||noop|||-NONE-|||R|||-|||1", ""])
    right = m2_of("m n o p", (0, 1, "q"), (1, 2, "r"), (2, 3, "s"), (3, 4, "t"))
    texts = [f"x{source[1:]}", "q r s t"]
    first = M2().corpus_score(references=f"{several}\n{right}", predictions=texts)
    second = M2().corpus_score(references=f"{right}\n{several}", predictions=texts[::-1])
    assert first.details["annotators"] == [0, 0]
    assert second.details["annotators"] == [0, 1]
    assert first.score < second.score


# --- the interface

GOLD = m2_of("a b", (0, 1, "x")) + "\n" + m2_of("c d", (1, 2, "y")) + "\n" + m2_of("e f")


def test_statistics_are_counts_of_each_sentence() -> None:
    stats = M2().stats(references=GOLD, predictions=["x b", "z d", "e f"])
    assert stats.dtype == np.int64
    assert stats.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    scores = M2().sentence_scores(references=GOLD, predictions=["x b", "z d", "e f"])
    assert scores.tolist() == [100, 0, 100]


def test_gold_is_read_once_for_several_systems() -> None:
    metric = M2()
    prepared = metric.prepare(references=GOLD)
    assert prepared.n == 3
    for predictions in (["x b", "c y", "e f"], ["a b", "c d", "e g"]):
        assert metric.corpus_score(prepared=prepared, predictions=predictions) == (
            metric.corpus_score(references=GOLD, predictions=predictions)
        )


def test_intervals_and_paired_tests_stand_on_the_same_counts() -> None:
    metric = M2()
    prepared = metric.prepare(references=GOLD * 7)
    first, second = ["x b", "c d", "e f"] * 7, ["x b", "c y", "e g"] * 7
    score = metric.corpus_score(prepared=prepared, predictions=first, ci=True, resamples=200)
    assert score.ci is not None
    assert score.ci.low <= score.score <= score.ci.high
    stats = [metric.count(prepared, predictions).stats for predictions in (first, second)]
    compared = paired_bootstrap(metric, *stats, resamples=100)
    assert compared.baseline == score.score
    assert compared.delta == pytest.approx(
        metric.corpus_score(prepared=prepared, predictions=second).score - score.score
    )


def test_predictions_of_another_number_are_refused() -> None:
    with pytest.raises(InputError, match=r"predictions: expected 3 texts, .* got 2"):
        M2().corpus_score(references=GOLD, predictions=["a b", "c d"])


def test_other_sources_are_refused() -> None:
    with pytest.raises(InputError, match=r"sources\[2\]"):
        M2().corpus_score(sources=["a b", "c d", "g"], references=GOLD, predictions=["a"] * 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": -1}, "beta: expected a number of at least 0, at most 1000, got -1"),
        ({"beta": 1e200}, "beta: expected .* at most 1000, got 1e\\+200"),
        ({"beta": float("nan")}, "beta: .* got nan"),
        ({"max_unchanged_words": -1}, "max_unchanged_words: .* got -1"),
        ({"max_unchanged_words": 1.5}, "max_unchanged_words: .* got 1.5"),
        ({"tokenize": "13a"}, "tokenize: expected one of none, treebank, spacy, got '13a'"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        M2(**options)


def test_the_signature_names_every_condition() -> None:
    metric = M2()
    prepared = metric.prepare(references=GOLD)
    assert metric.signature(prepared).rpartition("|version:")[0] == (
        "M2|nrefs:1|beta:0.5|unchanged:2|ignorecase:no|tok:none"
    )
    other = M2(beta=1, max_unchanged_words=0, ignore_whitespace_casing=True, tokenize="treebank")
    two = other.prepare(
        references=GOLD + "\nS a\nA 0 1|||X|||b|||R|||-|||0\nA 0 1|||X|||c|||R|||-|||1\n"
    )
    assert other.signature(two).rpartition("|version:")[0] == (
        "M2|nrefs:var|beta:1|unchanged:0|ignorecase:yes|tok:treebank"
    )


def test_free_text_is_tokenised_on_demand() -> None:
    gold = m2_of("He like tea , he said .", (1, 2, "likes"))
    free = ["He likes tea, he said."]
    assert M2(tokenize="treebank").corpus_score(references=gold, predictions=free).score == 100
    assert M2().corpus_score(references=gold, predictions=free).score < 100


def test_progress_wraps_the_sentences() -> None:
    seen: list[int] = []

    def watch(items: Sequence[Any]) -> Iterable[Any]:
        for place, item in enumerate(items):
            yield item
            seen.append(place)

    M2(progress=watch).corpus_score(references=GOLD, predictions=["a b", "c d", "e f"])
    assert seen == [0, 1, 2]
