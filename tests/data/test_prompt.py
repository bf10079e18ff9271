from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.cli.building import prompt
from wa_data.digest import BENCHMARK_FIELDS
from wa_data.prompt import TEMPLATES, choose_instruction, render_prompt, user_row
from wa_data.recipe import Task, load_tasks
from wa_data.render import prompts

COMMAND = str(Path(sys.executable).with_name("wa-data"))
LORA, STANFORD = TEMPLATES["alpaca-lora"], TEMPLATES["stanford-alpaca"]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=15)

WITH_INPUT = (
    b"Below is an instruction that describes a task, paired with an input that provides further "
    b"context. Write a response that appropriately completes the request.\n"
    b"\n"
    b"### Instruction:\n"
    b"Simplify the text.\n"
    b"\n"
    b"### Input:\n"
    b"The caf\xc3\xa9 {shut} early .\n"
    b"\n"
    b"### Response:"
)
WITHOUT_INPUT = (
    b"Below is an instruction that describes a task. Write a response that appropriately "
    b"completes the request.\n"
    b"\n"
    b"### Instruction:\n"
    b"Name a river.\n"
    b"\n"
    b"### Response:"
)


def test_the_prompt_with_an_input_is_alpacas_byte_for_byte() -> None:
    asked = "Simplify the text.", "The café {shut} early ."
    assert render_prompt(STANFORD, *asked).encode() == WITH_INPUT
    assert render_prompt(LORA, *asked).encode() == WITH_INPUT + b"\n"


def test_the_prompt_without_an_input_is_alpacas_byte_for_byte() -> None:
    assert render_prompt(STANFORD, "Name a river.", "").encode() == WITHOUT_INPUT
    assert render_prompt(LORA, "Name a river.", "").encode() == WITHOUT_INPUT + b"\n"


def test_blanks_are_an_input() -> None:
    assert "### Input:\n \n\n" in render_prompt(LORA, "Name a river.", " ")


def test_templates_are_told_apart_by_their_digest() -> None:
    digests = [template.sha256 for template in TEMPLATES.values()]
    assert len(set(digests)) == len(digests) == 2
    assert all(TEMPLATES[name].name == name for name in TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.tuples(texts, texts | st.just("")), min_size=1, max_size=6))
def test_prompts_of_a_table_are_those_of_its_rows(name: str, rows: list[tuple[str, str]]) -> None:
    asked, shown = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    expected = [render_prompt(TEMPLATES[name], *row) for row in rows]
    assert prompts(name, asked, shown).to_pylist() == expected
    assert prompts(name, asked, pa.chunked_array([shown])).to_pylist() == expected


TASK = Task(instruction="Do it.", paraphrases=("Get it done.", "See to it.", "Carry it out."))


def digests(amount: int) -> list[bytes]:
    return [sha256(b"%d" % number).digest() for number in range(amount)]


def test_the_papers_wording_is_the_only_one_unless_others_are_asked_for() -> None:
    chosen = {choose_instruction("t", TASK, "paper", digest) for digest in digests(50)}
    assert chosen == {("Do it.", "t/0")}


def test_the_choice_among_wordings_is_that_of_the_content_and_uses_every_one() -> None:
    chosen = [choose_instruction("t", TASK, "paraphrased", digest) for digest in digests(800)]
    assert chosen == [choose_instruction("t", TASK, "paraphrased", one) for one in digests(800)]
    wordings = [TASK.instruction, *TASK.paraphrases]
    for number, wording in enumerate(wordings):
        assert 130 < chosen.count((wording, f"t/{number}")) < 270
    assert len(set(chosen)) == len(wordings)


def test_the_choice_among_wordings_is_pinned() -> None:
    digest = b"\xff" * 24 + (6).to_bytes(8)
    assert choose_instruction("t", TASK, "paraphrased", digest) == ("See to it.", "t/2")


def test_a_task_without_other_wordings_keeps_its_own() -> None:
    alone = Task(instruction="Do it.")
    assert choose_instruction("t", alone, "paraphrased", bytes(32)) == ("Do it.", "t/0")


def test_every_wording_of_the_package_is_used() -> None:
    for name, task in load_tasks().tasks.items():
        chosen = {choose_instruction(name, task, "paraphrased", digest) for digest in digests(400)}
        assert {wording for wording, _ in chosen} == {task.instruction, *task.paraphrases}


def test_a_users_text_is_a_row_of_the_benchmark_contract() -> None:
    row = user_row("clarity", "Be brief.", "A long text .", 3, "stanford-alpaca")
    assert tuple(row) == BENCHMARK_FIELDS
    assert row["id"] == "user-test-3"
    assert row["prompt"] == render_prompt(STANFORD, "Be brief.", "A long text .")
    assert (row["references"], row["edits"]) == ([], [])


def test_the_command_line_gives_one_row_a_line(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes("One text .\n\nAn\u00a0other\u2028one .".encode())
    done = subprocess.run(
        [
            COMMAND,
            "prompt",
            "--task",
            "fluency",
            str(tmp_path / "mine.txt"),
        ],
        capture_output=True,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.decode().rstrip("\n").split("\n")]
    assert [row["input"] for row in rows] == ["One text .", "An\u00a0other\u2028one ."]
    assert rows[0]["prompt"] == render_prompt(LORA, "Make the text more fluent.", "One text .")


def test_what_windows_adds_to_a_text_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes("\ufeffOne text .\r\n\r\nTwo .\r\n".encode())
    done = CliRunner().invoke(prompt, ["--task", "fluency", str(path)])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["id"], row["input"]) for row in rows] == [
        ("user-test-0", "One text ."),
        ("user-test-2", "Two ."),
    ]
