"""ERRANT's counts: worked examples, the installed errant_compare as oracle, properties."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics import Edit, InputError, M2Sentence
from wa_metrics.errant import ERRANT
from wa_metrics.errant.categories import fold_categories, format_categories
from wa_metrics.errant.counts import Counts, Keyed, choose_annotators
from wa_metrics.fscore import precision_recall_f
from wa_metrics.m2 import save_m2

from .errant_pairs import load_plain, needs_errant

SOURCE = "a b c d e f"


def sentence(*edits: Edit, source: str = SOURCE) -> M2Sentence:
    return M2Sentence(source, edits, 1)


def score_edits(hypothesis: list[Edit], gold: list[Edit], **options: Any) -> tuple[int, ...]:
    stats = ERRANT(**options).stats(
        predictions=[sentence(*hypothesis)], references=[sentence(*gold)]
    )
    return tuple(stats[0].tolist())


NOOP = Edit(0, -1, -1, "noop", "-NONE-")
WORD = Edit(0, 1, 2, "R:NOUN", "x")
OTHER_WORD = Edit(0, 1, 2, "R:NOUN", "y")
OTHER_TYPE = Edit(0, 1, 2, "R:VERB", "x")
UNKNOWN = Edit(0, 4, 5, "UNK", "e")
INSERTED = Edit(0, 3, 3, "M:DET", "the")
PHRASE = Edit(0, 2, 5, "R:OTHER", "x y")


@pytest.mark.parametrize(
    ("hypothesis", "gold", "options", "expected"),
    [
        # the correction counts, not the type; with cse both; with ds neither
        ([WORD], [WORD], {}, (1, 0, 0)),
        ([OTHER_WORD], [WORD], {}, (0, 1, 1)),
        ([OTHER_TYPE], [WORD], {}, (1, 0, 0)),
        ([OTHER_TYPE], [WORD], {"mode": "cse"}, (0, 1, 1)),
        ([OTHER_WORD], [WORD], {"mode": "cse"}, (0, 1, 1)),
        ([OTHER_WORD], [WORD], {"mode": "ds"}, (1, 0, 0)),
        # noop, or no edit at all, is neither right nor wrong
        ([NOOP], [NOOP], {}, (0, 0, 0)),
        ([], [WORD], {}, (0, 0, 1)),
        ([WORD], [NOOP], {"mode": "ds"}, (0, 1, 0)),
        # found but not corrected counts for detection only
        ([], [UNKNOWN], {}, (0, 0, 0)),
        ([], [UNKNOWN], {"mode": "cse"}, (0, 0, 0)),
        ([], [UNKNOWN], {"mode": "ds"}, (0, 0, 1)),
        ([], [UNKNOWN], {"mode": "dt"}, (0, 0, 1)),
        # tokens: an insertion counts for the one on its right
        ([PHRASE], [INSERTED], {"mode": "dt"}, (1, 2, 0)),
        ([INSERTED], [PHRASE], {"mode": "dt"}, (1, 0, 2)),
        # what the gold has twice, with one span and correction, is found twice
        ([INSERTED], [INSERTED, INSERTED], {}, (2, 0, 0)),
        ([INSERTED, INSERTED], [INSERTED], {}, (1, 0, 0)),
        ([INSERTED, INSERTED], [], {}, (0, 2, 0)),
        # single and multi: at most one token on either side, or not
        ([WORD, PHRASE], [WORD, PHRASE], {"single": True}, (1, 0, 0)),
        ([WORD, PHRASE], [PHRASE], {"multi": True}, (1, 0, 0)),
        ([Edit(0, 1, 1, "M:NOUN", "x\u00a0y")], [], {"multi": True}, (0, 1, 0)),
        ([Edit(0, 1, 3, "U:NOUN", "")], [], {"single": True}, (0, 0, 0)),
        # types that are left out
        ([WORD, INSERTED], [WORD, PHRASE], {"filt": ["R:NOUN", "M:DET"]}, (0, 0, 1)),
    ],
)
def test_a_worked_sentence(
    hypothesis: list[Edit], gold: list[Edit], options: dict[str, Any], expected: tuple[int, ...]
) -> None:
    assert score_edits(hypothesis, gold, **options) == expected


def test_a_sentence_takes_the_annotator_that_is_best_up_to_it() -> None:
    first = [sentence(WORD, INSERTED)] * 2
    gold = [
        # Annotator 1 agrees with both edits; 0 and 2 with one.
        sentence(WORD, INSERTED._replace(annotator=1), WORD._replace(annotator=1)),
        # All edits of annotator 3 are left out: nothing is to be found, all that is found is wrong.
        sentence(PHRASE, UNKNOWN._replace(annotator=3)),
    ]
    score = ERRANT().corpus_score(predictions=first, references=gold)
    assert score.details["annotators"] == [1, 3]
    assert (score.parts["tp"], score.parts["fp"], score.parts["fn"]) == (2, 2, 0)


def test_ties_go_to_higher_tp_lower_fp_lower_fn_then_to_the_first() -> None:
    # 0 TP in all: F is 0 whatever is chosen.
    gold = sentence(
        *(Edit(0, place, place + 1, "R:NOUN", "z") for place in (2, 3)),
        Edit(1, 2, 3, "R:NOUN", "z"),
        Edit(2, 3, 4, "R:NOUN", "z"),
    )
    score = ERRANT().corpus_score(predictions=[sentence(WORD)], references=[gold])
    assert score.details["annotators"] == [1]
    assert (score.parts["fp"], score.parts["fn"]) == (1, 1)


def test_annotators_are_chosen_by_the_rounded_f() -> None:
    # After so many right edits both have an F of 1.0000: the one with more TP is chosen, though
    # its F is a hair lower.
    system: dict[int, Keyed] = {0: {(1, 2, "x"): ["R:NOUN"], (5, 6, "z"): ["R:NOUN"]}}
    missed: Keyed = {(place, place, "q"): ["M:DET"] for place in range(8)}
    gold: dict[int, Keyed] = {0: {(1, 2, "x"): ["R:NOUN"], **missed}, 1: {}}
    so_far = Counts(100_000, 0, 0)
    after = [precision_recall_f(100_001, 1, 8)[2], precision_recall_f(100_000, 2, 0)[2]]
    assert 0.99995 < after[0] < after[1]
    choice = choose_annotators(system, gold, so_far, beta=0.5)
    assert choice == (Counts(1, 1, 8), 0, 0)


def test_of_equal_rounded_f_the_higher_tp_wins_also_with_a_higher_fp() -> None:
    right: Keyed = {(1, 2, "x"): ["R:NOUN"]}
    systems: dict[int, Keyed] = {0: {}, 1: {**right, (5, 6, "z"): ["R:NOUN"]}}
    choice = choose_annotators(systems, {0: right}, Counts(100_000, 0, 0), beta=0.5)
    assert choice == (Counts(1, 1, 0), 1, 0)


def test_beta_decides_which_annotator_is_best() -> None:
    few = [WORD]  # P 50, R 100
    many = [WORD, INSERTED, *(Edit(0, k, k, "M:DET", "q") for k in range(4))]  # P 100, R 33
    gold = sentence(*few, *(edit._replace(annotator=1) for edit in many))
    for beta, expected in ((0.5, 1), (2, 0)):
        score = ERRANT(beta=beta).corpus_score(
            predictions=[sentence(WORD, INSERTED)], references=[gold]
        )
        assert score.details["annotators"] == [expected]


def test_a_hypothesis_may_have_several_annotators_too() -> None:
    hypothesis = sentence(OTHER_WORD, WORD._replace(annotator=4))
    score = ERRANT().corpus_score(predictions=[hypothesis], references=[sentence(WORD)])
    assert (score.parts["tp"], score.parts["fp"], score.parts["fn"]) == (1, 0, 0)


def test_parts_and_details_of_a_worked_corpus() -> None:
    score = ERRANT(beta=1).corpus_score(
        predictions=[sentence(WORD, PHRASE), sentence(INSERTED)],
        references=[sentence(WORD), sentence(UNKNOWN)],
    )
    assert score.parts == pytest.approx(
        {"p": 100 / 3, "r": 100, "f": 50, "tp": 1, "fp": 2, "fn": 0}, abs=1e-12
    )
    assert score.score == pytest.approx(50, abs=1e-12)
    assert score.details["rounded"] == [0.3333, 1.0, 0.5]
    assert list(score.details["categories"]) == ["M:DET", "R:NOUN", "R:OTHER"]
    assert score.details["categories"]["R:OTHER"] == {
        "tp": 0, "fp": 1, "fn": 0, "p": 0.0, "r": 100.0, "f": 0.0,
    }  # fmt: skip
    assert score.details["annotators"] == [0, 0]


# --- errant_compare ------------------------------------------------------------------------------

TYPES = ["R:NOUN", "R:NOUN:NUM", "M:DET", "U:PUNCT", "R:OTHER", "UNK"]


@st.composite
def edits(draw: st.DrawFn, annotators: int) -> Edit:
    start = draw(st.integers(0, 4))
    return Edit(
        draw(st.integers(0, annotators - 1)),
        start,
        draw(st.integers(start, min(start + 2, 5))),
        draw(st.sampled_from(TYPES)),
        draw(st.sampled_from(["", "x", "y", "x y"])),
    )


def edited(annotators: int, *, least: int = 0) -> st.SearchStrategy[M2Sentence]:
    found = st.lists(edits(annotators), min_size=least, max_size=4).map(
        lambda found: sentence(*sorted(found, key=lambda edit: edit.annotator))
    )
    return found if least else found | st.just(sentence(NOOP))


OPTIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["-cs"]),
    ({"mode": "ds"}, ["-ds"]),
    ({"mode": "dt"}, ["-dt"]),
    ({"mode": "cse"}, ["-cse"]),
    ({"mode": "ds", "single": True}, ["-ds", "-single"]),
    ({"multi": True, "beta": 2.0}, ["-multi", "-b", "2.0"]),
    ({"filt": ["UNK", "M:DET"], "mode": "dt"}, ["-dt", "-filt", "UNK", "M:DET"]),
]


@needs_errant
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(edited(2), edited(3)), min_size=1, max_size=6),
    st.sampled_from(OPTIONS),
    st.sampled_from([1, 2, 3]),
)
def test_result_and_table_are_those_that_errant_compare_prints(
    tmp_path_factory: pytest.TempPathFactory, pairs: Any, options: Any, tier: Any
) -> None:
    arguments, flags = options
    folder = tmp_path_factory.mktemp("m2")
    systems, gold = [list(side) for side in zip(*pairs, strict=True)]
    save_m2(folder / "hyp.m2", systems)
    save_m2(folder / "ref.m2", gold)
    printed = load_plain().compare_plainly(
        folder / "hyp.m2", folder / "ref.m2", *flags, "-cat", str(tier)
    )
    metric = ERRANT(**arguments)
    score = metric.corpus_score(predictions=systems, references=gold)
    table, result = printed.strip("\n").split("\n\n")
    rules = metric.rules
    assert table == format_categories(
        score.details["categories"], tier, mode=rules.mode, beta=rules.beta
    )
    counts = [score.parts[name] for name in ("tp", "fp", "fn")]
    assert result.splitlines()[2] == "\t".join(map(str, counts + score.details["rounded"]))


# --- properties ----------------------------------------------------------------------------------

corpora = st.lists(st.tuples(edited(1), edited(1)), min_size=1, max_size=6)
modes = st.sampled_from(["cs", "ds", "dt", "cse"])


@given(corpora, modes, st.randoms())
def test_the_order_of_sentences_does_not_matter_with_one_annotator(
    pairs: Any, mode: Any, rng: Any
) -> None:
    def totals(pairs: Any) -> list[int]:
        systems, gold = zip(*pairs, strict=True)
        counted: list[int] = (
            ERRANT(mode=mode).stats(predictions=systems, references=gold).sum(axis=0).tolist()
        )
        return counted

    expected = totals(pairs)
    rng.shuffle(pairs)
    assert totals(pairs) == expected


@given(st.lists(edited(3), min_size=1, max_size=6), modes)
def test_gold_edits_score_100_against_themselves(gold: Any, mode: Any) -> None:
    score = ERRANT(mode=mode).corpus_score(predictions=gold, references=gold)
    assert [score.parts[name] for name in ("p", "r", "f")] == [100.0, 100.0, 100.0]


@given(corpora, modes)
def test_tp_and_fn_are_the_gold_edits_that_are_compared(pairs: Any, mode: Any) -> None:
    systems, gold = zip(*pairs, strict=True)
    stats = ERRANT(mode=mode).stats(predictions=systems, references=gold)
    for (tp, _, fn), right in zip(stats.tolist(), gold, strict=True):
        compared = [edit for edit in right.edits if edit != NOOP]
        if mode in {"cs", "cse"}:
            compared = [edit for edit in compared if edit.type != "UNK"]
        length = sum(max(edit.end - edit.start, 1) for edit in compared)
        assert tp + fn == (length if mode == "dt" else len(compared))


@given(corpora, modes)
def test_folding_keeps_the_sums(pairs: Any, mode: Any) -> None:
    systems, gold = zip(*pairs, strict=True)
    score = ERRANT(mode=mode).corpus_score(predictions=systems, references=gold)
    for tier in (1, 2, 3):
        folded = fold_categories(score.details["categories"], tier)
        for name in ("tp", "fp", "fn"):
            assert sum(rates[name] for rates in folded.values()) == score.parts[name]


def test_tiers_of_a_worked_example() -> None:
    counts = {"tp": 1, "fp": 0, "fn": 3}
    full = dict.fromkeys(("M:VERB", "R:ADJ", "R:NOUN", "R:NOUN:NUM", "U:NOUN", "UNK"), counts)
    assert list(fold_categories(full, 1)) == ["M", "R", "U", "UNK"]
    assert list(fold_categories(full, 2)) == ["ADJ", "NOUN", "NOUN:NUM", "UNK", "VERB"]
    assert fold_categories(full, 2)["NOUN"] == {
        "tp": 2, "fp": 0, "fn": 6, "p": 100.0, "r": 25.0, "f": 62.5,
    }  # fmt: skip
    assert fold_categories(full, 1, beta=1)["U"]["f"] == pytest.approx(40.0)
    with pytest.raises(InputError, match="tier: expected 1 "):
        fold_categories(full, 4)  # type: ignore[arg-type]
