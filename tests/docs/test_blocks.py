"""Every block of the documents is of one kind, and what is wrong with one is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from .blocks import read_blocks
from .sandbox import documents

TEXT = """\
<!-- not run: eight GPUs -->
```console
$ torchrun --nproc-per-node 8 \\
>   -m wa_train fit tiny-demo
```

```toml title="mine.toml"
name = "mine"
```

```console
$ cat > own.txt <<'END'
$ no command
END
$ echo one
one
```

```
sources --> sets
```
"""


def test_each_block_is_run_or_parsed_or_a_file_or_only_shown() -> None:
    assert [block.kind for block in read_blocks(TEXT, "X.md")] == ["parsed", "file", "run", "shown"]


def test_a_command_has_its_further_lines_its_here_document_and_what_it_prints() -> None:
    launched, _, said, _ = read_blocks(TEXT, "X.md")
    assert [c.text for c in launched.commands] == [
        "torchrun --nproc-per-node 8 \\\n  -m wa_train fit tiny-demo"
    ]
    assert [(c.text, c.prints) for c in said.commands] == [
        ("cat > own.txt <<'END'\n$ no command\nEND", ""),
        ("echo one", "one\n"),
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("```console\n$ ls\n", "X.md:1: the fence is not closed"),
        ("``` console\n$ ls\n```\n", "X.md:1: no fence of a known form"),
        ("```fish\n$ ls\n```\n", "X.md:1: no fence of a known form"),
        ("<!-- not run -->\n```console\n$ ls\n```\n", "X.md:1: expected <!-- not run: REASON -->"),
        ("\n<!-- not run: a GPU -->\nText\n", "X.md:3: a block was expected"),
    ],
)
def test_a_block_of_no_kind_is_an_error(text: str, where: str) -> None:
    with pytest.raises(ValueError, match=where):
        read_blocks(text, "X.md")


def test_output_above_the_first_command_is_an_error() -> None:
    (block,) = read_blocks("```console\nls\n```\n", "X.md")
    with pytest.raises(ValueError, match=r"X.md:1: expected '\$ ' and a command"):
        _ = block.commands


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_no_document_hides_commands_in_a_block_that_is_only_shown(path: Path) -> None:
    starts = ("$ ", "wa-data ", "wa-metrics ", "wa-train ", "wa-analysis ", "make ")
    for block in read_blocks(path.read_text(encoding="utf-8"), path.name):
        if block.kind == "shown":
            assert not [line for line in block.text.splitlines() if line.startswith(starts)], block
