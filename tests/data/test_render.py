from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from wa_data.candidate import Candidate
from wa_data.digest import TRAIN_FIELDS
from wa_data.example import content_digest
from wa_data.prompt import TEMPLATES, choose_instruction, render_prompt
from wa_data.recipe import MixItem, Recipe, load_tasks
from wa_data.render import RowIds, train_rows
from wa_data.schema import TRAIN_SCHEMA
from wa_data.sort import DigestSort

WRITING = MixItem(config="writing", task="fluency", source="meadow", split="train")
NATURAL = MixItem(
    config="writing", task="clarity", source="harbour", split="train", input_format="natural"
)
GENERIC = MixItem(config="generic", task="generic", source="cookbook", split="train")


def recipe(**changes: Any) -> Recipe:
    table: dict[str, Any] = {"mix": (WRITING, NATURAL, GENERIC), **changes}
    return Recipe(name="mine", summary="mine", **table)


def candidate(item: int, text: str, output: str, row: int = 0, asked: str = "") -> Candidate:
    line = recipe().mix[item]
    digest = content_digest(line.task, line.source, asked, text, output)
    return Candidate(digest, row, item, asked, text, output)


def rendered(
    folder: Path, rows: Iterable[Candidate], chosen: Recipe | None = None, memory: int = 1 << 20
) -> list[dict[str, Any]]:
    ids = RowIds()
    with DigestSort(folder / "sort", memory) as sorter:
        sorter.extend(rows)
        tables = [train_rows(table, chosen or recipe(), ids) for table in sorter.sorted()]
    assert all(table.schema == TRAIN_SCHEMA for table in tables)
    return list(pa.concat_tables(tables).to_pylist())


def test_a_row_has_every_field_of_the_contract(tmp_path: Path) -> None:
    source = candidate(0, "She do n't go .", "She does n't go .", row=9)
    [row] = rendered(tmp_path, [source])
    assert tuple(row) == TRAIN_FIELDS
    asked = "Make the text more fluent."
    assert row == {
        "id": f"meadow-{source.digest.hex()[:16]}",
        "task": "fluency",
        "source": "meadow",
        "source_row": 9,
        "instruction": asked,
        "input": "She do n't go .",
        "output": "She does n't go .",
        "prompt": render_prompt(TEMPLATES["alpaca-lora"], asked, "She do n't go ."),
        "completion": "She does n't go .",
        "prompt_id": "fluency/0",
    }


def test_a_natural_line_shows_and_asks_for_detokenised_text_and_keeps_the_official_one(
    tmp_path: Path,
) -> None:
    [row] = rendered(tmp_path, [candidate(1, "She do n't go , no .", "She wo n't go .")])
    assert (row["input"], row["output"]) == ("She do n't go , no .", "She wo n't go .")
    assert "### Input:\nShe don't go, no.\n\n### Response:" in row["prompt"]
    assert row["completion"] == "She won't go."


def test_natural_and_tokenised_lines_do_not_mix(tmp_path: Path) -> None:
    rows = rendered(tmp_path, [candidate(item, "Yes , I do n't .", "No .") for item in (0, 1)])
    shown = {row["source"]: (row["prompt"][-35:-16], row["completion"]) for row in rows}
    assert shown["meadow"][1] == "No ."
    assert shown["harbour"][1] == "No."
    assert "Yes , I do n't ." in shown["meadow"][0]
    assert "Yes, I don't." in shown["harbour"][0]


def test_a_generic_row_brings_its_own_instruction(tmp_path: Path) -> None:
    rows = rendered(
        tmp_path,
        [
            candidate(2, "", "Rice .", asked="Name a grain."),
            candidate(2, "rice, oats", "Rice .", asked="Which is whiter?"),
        ],
    )
    by_asked = {row["instruction"]: row for row in rows}
    template = TEMPLATES["alpaca-lora"]
    without, with_input = by_asked["Name a grain."], by_asked["Which is whiter?"]
    assert without["prompt"] == render_prompt(template, "Name a grain.", "")
    assert with_input["prompt"] == render_prompt(template, "Which is whiter?", "rice, oats")
    assert {row["prompt_id"] for row in rows} == {"generic/cookbook"}


def test_another_template_ends_otherwise(tmp_path: Path) -> None:
    rows = [candidate(0, "a", "b")]
    [row] = rendered(tmp_path, rows, recipe(template="stanford-alpaca"))
    assert row["prompt"].endswith("### Response:")


def test_paraphrases_are_chosen_by_content_and_named(tmp_path: Path) -> None:
    rows = [candidate(number % 3, f"text {number}", "o", asked="Own.") for number in range(60)]
    got = rendered(tmp_path, rows, recipe(prompts="paraphrased"))
    tasks = load_tasks().tasks
    digests = {f"text {number}": row.digest for number, row in enumerate(rows)}
    for row in got:
        if row["task"] == "generic":
            assert (row["instruction"], row["prompt_id"]) == ("Own.", "generic/cookbook")
            continue
        expected = choose_instruction(
            row["task"], tasks[row["task"]], "paraphrased", digests[row["input"]]
        )
        assert (row["instruction"], row["prompt_id"]) == expected
        assert row["prompt"].count(row["instruction"]) == 1
    assert len({row["prompt_id"] for row in got}) > 8


@pytest.mark.parametrize("memory", [1, 1 << 20])
def test_repeats_of_a_content_are_numbered_from_two_in_official_order(
    tmp_path: Path, memory: int
) -> None:
    rows = [candidate(0, "same", "same", row) for row in (5, 3, 8)]
    rows += [candidate(0, f"other {number}", "x", number) for number in range(40)]
    got = rendered(tmp_path, rows, memory=memory)
    base = f"meadow-{rows[0].digest.hex()[:16]}"
    same = [(row["id"], row["source_row"]) for row in got if row["input"] == "same"]
    assert same == [(base, 3), (f"{base}-2", 5), (f"{base}-3", 8)]
    assert len({row["id"] for row in got}) == len(rows)


def test_repeats_are_counted_across_tables() -> None:
    ids = RowIds()
    one, two = bytes(32), b"\x01" * 32
    first = list(ids.name(["a", "a"], [one, one]))
    second = list(ids.name(["a", "a", "b"], [one, two, two]))
    zero, other = "0" * 16, "01" * 8
    assert first == [f"a-{zero}", f"a-{zero}-2"]
    assert second == [f"a-{zero}-3", f"a-{other}", f"b-{other}"]


def test_no_rows_are_an_empty_table_of_the_contract(tmp_path: Path) -> None:
    assert rendered(tmp_path, []) == []
