from __future__ import annotations

from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from wa_data.errors import SetError, UsageError
from wa_data.show import ShownRow, render, show, word_diff

from . import built_sets as sets


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return sets.write_both(tmp_path)


def printed(rows: list[ShownRow], *, terminal: bool = False, width: int = 80) -> str:
    stream = StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, color_system="standard")
    render(rows, console)
    return stream.getvalue()


def mix_of(folder: Path, *rows: sets.Row) -> list[ShownRow]:
    return show(sets.write_set(folder, "mix", {"writing": {"train": list(rows)}}))


def test_rows_are_taken_from_each_task_in_turn(out: Path) -> None:
    rows = show(out / "writing-mix", n=4)
    assert [(row.task, row.id) for row in rows] == [
        ("grammaticality", "meadow-a1"),
        ("fluency", "meadow-a3"),
        ("generic", "meadow-g1"),
        ("grammaticality", "harbour-a2"),
    ]
    assert [row.id for row in show(out / "writing-mix", n=2)] == ["meadow-a1", "meadow-a3"]


def test_rows_can_be_chosen_by_task_config_and_split(out: Path) -> None:
    assert [row.id for row in show(out, task="simplification")] == ["asset-test-0"]
    assert [row.id for row in show(out, config="asset", split="validation")] == [
        "asset-validation-0"
    ]
    assert {row.config for row in show(out, config="generic")} == {"generic"}


def test_a_task_that_is_not_there_is_an_error_with_the_nearest(out: Path) -> None:
    with pytest.raises(UsageError, match=r"no rows of task fluensy.*did you mean 'fluency'"):
        show(out, task="fluensy")


def test_a_part_of_a_set_is_not_shown(out: Path) -> None:
    next((out / "writing-mix" / "data" / "generic").iterdir()).unlink()
    with pytest.raises(SetError, match="is missing; the manifest names it"):
        show(out, task="fluency")


def test_a_test_row_shows_its_first_reference_and_how_many_there_are(out: Path) -> None:
    (first, *_) = show(out, config="conll14")
    assert (first.output, first.references, first.source) == ("He goes home .", 2, "meadow")


def test_piped_output_is_plain_lines_with_a_word_diff(out: Path) -> None:
    assert printed(show(out, task="grammaticality", config="writing", n=1)).split("\n") == [
        "meadow-a1  grammaticality · writing-mix writing/train · meadow",
        "Fix grammatical errors in the text.",
        "She [-go-] {+goes+} to the shop .",
        "",
    ]


def test_long_texts_are_not_wrapped_when_piped(tmp_path: Path) -> None:
    rows = mix_of(tmp_path, sets.mix_row("a", "word " * 60 + "old", "word " * 60 + "new"))
    assert printed(rows).split("\n")[2] == "word " * 60 + "[-old-] {+new+}"


def test_a_terminal_shows_both_sides_struck_and_underlined(out: Path) -> None:
    text = printed(show(out, task="grammaticality", config="writing", n=1), terminal=True)
    assert "\x1b[9;31mgo\x1b[0m" in text  # struck, red
    assert "\x1b[4;32mgoes\x1b[0m" in text  # underlined, green
    lines = printed(show(out), terminal=True, width=60).split("\n")
    plain = [line for line in lines if "\x1b" not in line]
    assert max(map(len, plain)) <= 60


def benchmark_texts_are_no_markup_and_reach_the_terminal_without_control_characters(
    tmp_path: Path,
) -> None:
    text = "A [bold]b[/bold] [/x] \x1b[2J\x07 c ."
    rows = mix_of(tmp_path, sets.mix_row("a", text, text.replace("c", "d")))
    for terminal in (False, True):
        shown = printed(rows, terminal=terminal, width=200)
        assert "[bold]b[/bold] [/x] \ufffd[2J\ufffd" in shown
        assert "\x1b[2J" not in shown


def test_a_null_is_an_empty_text_and_a_column_that_is_not_there_an_error(tmp_path: Path) -> None:
    row = sets.mix_row("a", "One .", "Two .")
    assert printed(mix_of(tmp_path, {**row, "instruction": None, "output": None}))
    file = next(tmp_path.rglob("train-*.parquet"))
    pq.write_table(pq.read_table(file).drop_columns(["input"]), file)
    with pytest.raises(SetError, match="not readable as Parquet of the contract"):
        show(tmp_path)


def test_an_answer_that_is_no_version_of_the_input_is_not_compared(tmp_path: Path) -> None:
    rows = mix_of(tmp_path, sets.mix_row("a", "one two three four", "five six", task="generic"))
    assert printed(rows).split("\n")[2:4] == ["input: one two three four", "output: five six"]
    wide = printed(rows, terminal=True)
    assert "one two three four" in wide
    assert "\x1b[9;31m" not in wide


def test_rows_without_input_or_reference_are_shown_too(tmp_path: Path) -> None:
    rows = mix_of(tmp_path / "mix", sets.mix_row("g", "", "A puffin.", task="generic"))
    assert printed(rows).split("\n")[2] == "output: A puffin."
    assert "(no input)" in printed(rows, terminal=True)
    blind = sets.benchmark_row("0", "Alone here .", [], metric="none")
    folder = sets.write_set(tmp_path / "bench", "benchmark", {"conll14": {"test": [blind]}})
    assert printed(show(folder)).split("\n")[2:4] == [
        "input: Alone here .",
        "output: (no reference)",
    ]
    assert "no reference" in printed(show(folder), terminal=True)


texts = st.text(alphabet="ab \u00a0", max_size=12)


@given(before=texts, after=texts)
def test_a_word_diff_holds_both_texts_whole(before: str, after: str) -> None:
    words = word_diff(before, after)
    assert " ".join(text for mark, text in words if mark in "=-") == before
    assert " ".join(text for mark, text in words if mark in "=+") == after
