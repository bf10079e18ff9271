from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from wa_data import overlap, resolve
from wa_data.candidate import Candidate, candidates
from wa_data.draw import Drawn, distinct, draw_mix
from wa_data.example import Example, content_digest
from wa_data.fetch import Fetched
from wa_data.overlap import BenchmarkTexts as Texts  # a Test... here would be taken for tests
from wa_data.readers import Reader, find_reader
from wa_data.recipe import MixItem, Recipe
from wa_data.registry import parse_sources
from wa_data.resolve import Inputs
from wa_data.sample import Sampler, held_out
from wa_data.sort import DigestSort

SOURCES = """
[meadow]
title = "The Meadow pairs"
homepage = "https://example.org/meadow"
citation = "A. Author (2020). Meadows."

[meadow.licence]
id = "cc0-1.0"
name = "CC0 1.0"
republish = "yes"
clause = "No rights reserved."

[[meadow.files]]
path = "pairs.jsonl"

[meadow.splits.train]
reader = "json"
files = ["pairs.jsonl"]
options = { layout = "lines", input = "i", references = REFERENCES, label = "l", instruction = "q" }
"""
Row = tuple[str, ...]  # input, references ...
NO_TESTS: Sequence[overlap.BenchmarkText] = ()


class World:
    """A source of our own, and what a recipe draws from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sorters: dict[tuple[str, str], DigestSort] = {}
        self.drawn: list[Drawn] = []

    def inputs(self, rows: Sequence[Row], labels: Sequence[str], asked: str) -> Inputs:
        names = [f"r{number}" for number in range(len(rows[0]) - 1)]
        registry = parse_sources(SOURCES.replace("REFERENCES", json.dumps(names)), "mine.toml")
        local = self.folder / "pairs.jsonl"
        with local.open("w", encoding="utf-8") as file:
            for row, label in zip(rows, labels, strict=True):
                item = {**dict(zip(["i", *names], row, strict=True)), "l": label, "q": asked}
                file.write(json.dumps(item) + "\n")
        fetched = Fetched(
            source="meadow",
            path="pairs.jsonl",
            local=local,
            sha256="",
            bytes=0,
            verified=True,
            origin="x",
        )
        return Inputs(registry=registry, files={("meadow", "pairs.jsonl"): fetched}, missing={})

    def draw(
        self,
        rows: Sequence[Row],
        *items: MixItem,
        labels: Sequence[str] | None = None,
        asked: str = "",
        tests: Sequence[overlap.BenchmarkText] = NO_TESTS,
        limit: int | None = None,
        **changes: Any,
    ) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """Give (input, output) by (config, split), in the order of the digests."""
        recipe = Recipe(name="mine", summary="mine", mix=items, **changes)
        inputs = self.inputs(rows, labels or [""] * len(rows), asked)
        self.sorters = {}

        def sorter(config: str, split: str) -> DigestSort:
            place = self.folder / f"{config}-{split}"
            return self.sorters.setdefault((config, split), DigestSort(place))

        texts = Texts(tests, recipe.near_threshold, report_near=False)
        self.drawn = draw_mix(recipe, inputs, texts, sorter, limit)
        return {key: self._pairs(value) for key, value in self.sorters.items()}

    @staticmethod
    def _pairs(rows: DigestSort) -> list[tuple[str, str]]:
        table = pa.concat_tables(rows.sorted())
        return list(
            zip(table.column("input").to_pylist(), table.column("output").to_pylist(), strict=True)
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every pass over the split's file."""
    seen: list[str] = []

    def noting(name: str) -> Reader:
        seen.append(name)
        return find_reader(name)

    monkeypatch.setattr(resolve, "find_reader", noting)
    return seen


def line(**changes: Any) -> MixItem:
    values: dict[str, Any] = {"task": "fluency", "source": "meadow", "split": "train"}
    return MixItem(config="writing", **{**values, **changes})


def numbered(amount: int) -> list[Row]:
    return [(f"text number {row} said {row * 7919}", f"better {row}") for row in range(amount)]


TRAIN = ("writing", "train")


# --- candidates ------------------------------------------------------------------------------


def test_a_line_without_a_number_takes_every_row(world: World) -> None:
    rows = numbered(50)
    got = world.draw(rows, line())
    assert sorted(got[TRAIN]) == sorted(rows)
    assert [(drawn.wanted, drawn.got) for drawn in world.drawn] == [(None, 50)]


def test_a_line_with_a_number_takes_the_sample_of_the_seed(world: World) -> None:
    rows = numbered(400)
    examples = [Example(place, row[0], (row[1],)) for place, row in enumerate(rows)]
    sampler = Sampler(30, 7)
    for candidate in candidates(examples, 0, line()):
        sampler.add(candidate)
    expected = sampler.result()
    got = world.draw(rows, line(rows=30), seed=7)
    assert sorted(got[TRAIN]) == sorted((row.input, row.output) for row in expected)
    assert world.drawn[0].wanted == world.drawn[0].got == 30


def test_a_line_that_wants_more_than_there_is_gets_what_there_is(world: World) -> None:
    got = world.draw(numbered(5), line(rows=9))
    assert len(got[TRAIN]) == 5
    assert (world.drawn[0].wanted, world.drawn[0].got) == (9, 5)


SEVERAL: list[Row] = [("a", "a", "b", "c"), ("d", "d", "d", "d"), ("e", "f", "e", "g")]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("first-changed", [("a", "b"), ("d", "d"), ("e", "f")]),
        ("first", [("a", "a"), ("d", "d"), ("e", "f")]),
        ("all", [("a", out) for out in "abc"] + [("d", "d")] + [("e", out) for out in "feg"]),
    ],
)
def test_the_target_says_which_references_are_outputs(
    world: World, target: str, expected: list[tuple[str, str]]
) -> None:
    assert sorted(world.draw(SEVERAL, line(target=target))[TRAIN]) == sorted(expected)


def test_dropping_identity_pairs_drops_empty_outputs_too(world: World) -> None:
    rows: list[Row] = [("a", "a"), ("b", "B"), ("c", ""), ("", "")]
    assert sorted(world.draw(rows, line())[TRAIN]) == sorted(rows)
    assert world.draw(rows, line(identity_pairs="drop"))[TRAIN] == [("b", "B")]
    got = world.draw(SEVERAL, line(identity_pairs="drop", target="all"))[TRAIN]
    assert sorted(got) == [("a", "b"), ("a", "c"), ("e", "f"), ("e", "g")]


def test_labels_and_the_length_of_the_first_reference_select(world: World) -> None:
    rows: list[Row] = [("a", "AA"), ("b", "B"), ("c", "CC"), ("d", "DD")]
    chosen = line(label=("fluency", "clarity"), min_output=2)
    labels = ["fluency", "fluency", "clarity", "other"]
    assert sorted(world.draw(rows, chosen, labels=labels)[TRAIN]) == [("a", "AA"), ("c", "CC")]


def test_identity_pairs_are_dropped_before_the_sample_is_drawn(world: World) -> None:
    rows: list[Row] = [*numbered(20), *((f"same {row}", f"same {row}") for row in range(200))]
    got = world.draw(rows, line(rows=15, identity_pairs="drop"))[TRAIN]
    assert len(got) == 15
    assert all(text != output for text, output in got)


# --- several lines ---------------------------------------------------------------------------


def test_lines_of_one_split_share_a_pass_and_do_not_mix(world: World, passes: list[str]) -> None:
    rows = numbered(90)
    labels = [["fluency", "clarity", "coherence"][row % 3] for row in range(90)]
    items = [line(task=task, label=(task,), rows=20) for task in ("fluency", "clarity")]
    alone = [world.draw(rows, item, labels=labels)[TRAIN] for item in items]
    passes.clear()
    together = world.draw(rows, *items, labels=labels)[TRAIN]
    assert passes == ["json"]
    assert sorted(together) == sorted(alone[0] + alone[1])
    assert [drawn.got for drawn in world.drawn] == [20, 20]
    assert [drawn.item for drawn in world.drawn] == items


def test_lines_of_one_split_without_numbers_each_take_every_row(world: World) -> None:
    rows = numbered(10)
    generic = MixItem(config="generic", task="generic", source="meadow", split="train")
    got = world.draw(rows, line(), generic, asked="Do it.")
    assert sorted(got[TRAIN]) == sorted(got["generic", "train"]) == sorted(rows)


def test_a_missing_split_gives_nothing_and_is_wanted_whole(world: World) -> None:
    recipe = Recipe(name="mine", summary="mine", mix=(line(rows=8), line()))
    inputs = world.inputs(numbered(3), [""] * 3, "")
    absent = Inputs(
        registry=inputs.registry, files={}, missing={("meadow", "train"): "nobody has it"}
    )
    tests = Texts((), 0.7, report_near=False)

    def sorter(config: str, split: str) -> DigestSort:
        raise AssertionError("nothing is to be sorted")

    got = draw_mix(recipe, absent, tests, sorter)
    assert [(drawn.wanted, drawn.got) for drawn in got] == [(8, 0), (None, 0)]


def test_a_limit_holds_for_each_line_and_is_the_smaller_sample(world: World) -> None:
    rows = numbered(60)
    whole = world.draw(rows, line(rows=30), line(task="clarity"))[TRAIN]
    limited = world.draw(rows, line(rows=30), line(task="clarity"), limit=12)[TRAIN]
    assert [(drawn.wanted, drawn.got) for drawn in world.drawn] == [(12, 12), (None, 12)]
    assert len(limited) == 24
    assert set(limited) <= set(whole)
    world.draw(rows, line(rows=5), limit=12)
    assert [(drawn.wanted, drawn.got) for drawn in world.drawn] == [(5, 5)]


# --- decontamination -------------------------------------------------------------------------

LONG = "the miller of the upper valley sold his flour to every baker in the town"
NEAR = LONG.replace("every baker", "each baker")
TESTS = [
    overlap.BenchmarkText("jfleg-test-0", "input", "The test sentence ."),
    overlap.BenchmarkText("jfleg-test-0", "reference", "A test reference ."),
    overlap.BenchmarkText("jfleg-test-1", "input", LONG),
]
MIXED: list[Row] = [
    ("the TEST sentence", "x one"),
    ("an input", "a test reference!"),
    (NEAR, "x two"),
    ("another input", NEAR),
    ("clean", "also clean"),
]


@pytest.mark.parametrize(
    ("how", "left"), [("none", [0, 1, 2, 3, 4]), ("exact", [2, 3, 4]), ("near", [4])]
)
@pytest.mark.parametrize("rows", [0, 5])
def test_rows_that_stand_in_a_test_set_go_as_far_as_is_asked(
    world: World, how: str, left: list[int], rows: int
) -> None:
    got = world.draw(MIXED, line(decontaminate=how, rows=rows), tests=TESTS)[TRAIN]
    assert sorted(got) == sorted((MIXED[row][0], MIXED[row][1]) for row in left)


def test_decontamination_fills_the_sample_up_with_other_rows(world: World) -> None:
    rows = numbered(100)
    tests = [overlap.BenchmarkText(f"t-test-{row}", "input", rows[row][0]) for row in range(60)]
    got = world.draw(rows, line(rows=40, decontaminate="exact"), tests=tests)[TRAIN]
    assert sorted(got) == sorted(rows[60:])


def test_a_generic_row_without_input_is_held_by_its_instruction(world: World) -> None:
    rows: list[Row] = [("", "an answer"), ("input", "an answer")]
    got = world.draw(rows, line(decontaminate="exact"), tests=TESTS, asked="The test sentence")
    assert got[TRAIN] == [("input", "an answer")]


# --- repeats ---------------------------------------------------------------------------------


def test_one_of_each_input_is_kept_exact_and_near(world: World) -> None:
    rows: list[Row] = [
        ("One text .", "one"),
        ("one TEXT", "two"),
        (LONG, "three"),
        (NEAR, "four"),
        ("else", "five"),
        ("...", "six"),
    ]
    got = world.draw(rows, line(), deduplicate=True)[TRAIN]
    kinds = {text.lower().strip(" .") for text, _ in got}
    assert len(got) == 3
    assert {"one text", "else"} <= kinds
    assert len(kinds & {LONG, NEAR}) == 1
    assert sorted(world.draw(rows, line())[TRAIN]) == sorted((row[0], row[1]) for row in rows)


def test_generic_rows_repeat_only_with_the_same_instruction_and_input() -> None:
    def row(asked: str, text: str) -> Candidate:
        return Candidate(content_digest("g", "s", asked, text, ""), 0, 0, asked, text, "")

    rows = [row("Name a tree.", ""), row("Name a tree", ""), row("Name a tree.", "not an oak")]
    assert distinct(rows, 9, 0.7) == [rows[0], rows[2]]
    assert distinct(rows, 1, 0.7) == [rows[0]]
    assert distinct(rows, 0, 0.7) == []


def test_repeats_that_eat_the_margin_make_a_larger_draw(world: World, passes: list[str]) -> None:
    # A hundred copies of each of twelve texts: the first draws hold far too few different ones.
    words = "apple barn cloud door ember field garden hill island jar kettle lamp"
    rows: list[Row] = [
        (f"{word} {word[::-1]} {word}", f"output {word} {copy}")
        for word in words.split(" ")
        for copy in range(100)
    ]
    got = world.draw(rows, line(rows=12), deduplicate=True)[TRAIN]
    assert {text for text, _ in got} == {text for text, _ in rows}
    assert len(got) == 12
    assert len(passes) > 1


def test_the_margin_ends_when_there_are_no_more_rows(world: World) -> None:
    rows: list[Row] = [("the same text", f"output {row}") for row in range(40)]
    assert len(world.draw(rows, line(rows=10), deduplicate=True)[TRAIN]) == 1
    assert (world.drawn[0].wanted, world.drawn[0].got) == (10, 1)


# --- validation ------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 300])
def test_a_share_goes_to_validation_by_input(world: World, rows: int) -> None:
    texts = numbered(600)
    whole = world.draw(texts, line(rows=rows))[TRAIN]
    got = world.draw(texts, line(rows=rows, validation_share=0.25))
    train, validation = got[TRAIN], got["writing", "validation"]
    assert sorted(train + validation) == sorted(whole)
    assert 0.15 < len(validation) / len(whole) < 0.35
    assert world.drawn[0].got == len(whole)
    for text, _ in validation:
        assert held_out(42, content_digest("fluency", "meadow", "", text, ""), 0.25)
    # Rows of one input stay together, whatever their outputs: no input is on both sides.
    assert not {text for text, _ in train} & {text for text, _ in validation}


def test_equal_rows_are_on_the_same_side(world: World) -> None:
    texts = [row for row in numbered(40) for _ in range(5)]
    got = world.draw(texts, line(validation_share=0.5))
    assert not set(got[TRAIN]) & set(got["writing", "validation"])
    assert len(got[TRAIN]) + len(got["writing", "validation"]) == 200
