"""Made-up rows of the benchmark contract."""

from __future__ import annotations

from typing import Any

from .command import PROMPT


def benchmark_row(
    number: int, *, benchmark: str = "jfleg", split: str = "test", words: int = 2
) -> dict[str, Any]:
    text = " ".join(["She go home", *(f"and walk {number + n} mile" for n in range(words)), "."])
    instruction = "Make the text more fluent."
    return {
        "id": f"{benchmark}-{split}-{number}",
        "task": "fluency",
        "benchmark": benchmark,
        "abbrev": benchmark[:3].upper(),
        "split": split,
        "metric": "gleu-py2",
        "input_format": "tokenised",
        "instruction": instruction,
        "input": text,
        "prompt": PROMPT.format(instruction=instruction, input=text),
        "references": [text.replace("go", "goes")],
        "edits": [],
    }
