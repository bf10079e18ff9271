"""The prompt template of Alpaca, in both endings and both forms, and the choice of instruction.

The model reads `prompt` and writes `completion`; both are rendered here once and travel with the
rows, so that training and inference cannot differ.

Source: tatsu-lab/stanford_alpaca train.py (PROMPT_DICT) and tloen/alpaca-lora
templates/alpaca.json, whose prompt ends in a line end; the paper prints the preface (Table 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from wa_data.digest import canonical
from wa_data.recipe import Task

_WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n"
)
_WITHOUT_INPUT = (
    "Below is an instruction that describes a task. Write a response that appropriately completes "
    "the request.\n\n"
    "### Instruction:\n"
)
_INPUT = "\n\n### Input:\n"


class Template(NamedTuple):
    """A prompt template: what stands before, between and after instruction and input."""

    name: str
    with_input: tuple[str, str, str]
    without_input: tuple[str, str]

    @property
    def sha256(self) -> str:
        """Give the digest of the template's exact text, hexadecimal."""
        return sha256(canonical([self.with_input, self.without_input])).hexdigest()


def _template(name: str, ending: str) -> Template:
    response = f"\n\n### Response:{ending}"
    return Template(name, (_WITH_INPUT, _INPUT, response), (_WITHOUT_INPUT, response))


TEMPLATES = {
    "alpaca-lora": _template("alpaca-lora", "\n"),
    "stanford-alpaca": _template("stanford-alpaca", ""),
}


def render_prompt(template: Template, instruction: str, input: str) -> str:
    r"""Render the prompt of one row; an empty input takes the form without one.

    >>> render_prompt(TEMPLATES["alpaca-lora"], "Simplify the text.", "Hi.")[-32:]
    '\n\n### Input:\nHi.\n\n### Response:\n'
    """
    if input:
        before, between, after = template.with_input
        return f"{before}{instruction}{between}{input}{after}"
    before, after = template.without_input
    return f"{before}{instruction}{after}"


def choose_instruction(name: str, task: Task, prompts: str, digest: bytes) -> tuple[str, str]:
    """Give (instruction, prompt id) of a task's row.

    Args:
        name: the task's name; prompt ids are `<task>/<n>`, 0 being the paper's own.
        task: its instructions.
        prompts: "paper" or "paraphrased".
        digest: the row's content digest, which makes the draw among the paraphrases.
    """
    if prompts == "paper":
        return task.instruction, f"{name}/0"
    wordings: Sequence[str] = (task.instruction, *task.paraphrases)
    number = int.from_bytes(digest[-8:]) % len(wordings)
    return wordings[number], f"{name}/{number}"


def user_row(
    task: str, instruction: str, text: str, number: int, template: str
) -> dict[str, object]:
    """Give a row of the benchmark contract for a text of the user's own, without references."""
    return {
        "id": f"user-test-{number}",
        "task": task,
        "benchmark": "user",
        "abbrev": "USER",
        "split": "test",
        "metric": "none",
        "input_format": "tokenised",
        "instruction": instruction,
        "input": text,
        "prompt": render_prompt(TEMPLATES[template], instruction, text),
        "references": [],
        "edits": [],
    }
