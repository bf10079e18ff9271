"""Every command of the documents runs, or is at least what its command line understands."""

from __future__ import annotations

import doctest
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..warm import Server  # type: ignore[import-not-found]  # mypy starts at tests/
from .blocks import Block, read_blocks
from .sandbox import (
    PERHAPS,
    QUIET,
    REPOSITORY,
    documents,
    lay_environments,
    lay_programs,
    run_block,
    write_file,
)

# What the guides start from, made by their own commands, at the size of the tests.
PREPARED = """\
$ wa-data -q demo-sources -o corpora --rows 40
$ wa-data build demo --limit 40 -o out
$ wa-data build demo-gec -o demo/gec
$ wa-train fit tiny-demo --data demo/gec -o runs/tagger
$ cp -r out/writing-mix old
$ cp -r out/writing-mix new
$ cp corpora/conll14/conll14st-test-data/noalt/official-2014.combined.m2 .
$ cp corpora/wi_locness/wi+locness/m2/ABCN.dev.gold.bea19.m2 .
$ cp ABCN.dev.gold.bea19.m2 gold.m2
$ cp corpora/jfleg/test/test.* .
$ cp corpora/asset/dataset/asset.test.orig asset.src
$ cp corpora/asset/dataset/asset.test.simp.0 asset.0
$ cp corpora/asset/dataset/asset.test.simp.1 asset.1
$ for name in system llm mine; do cp test.ref0 $name.txt; done
$ cp test.ref1 baseline.txt
$ grep '^S ' gold.m2 | cut -c3- > theirs.txt
"""
# What single documents start from besides.
BESIDES = {
    "docs/wa-metrics.md": """\
$ wa-metrics annotate --src test.src --hyp test.ref0 -o gold.m2
$ for name in system baseline; do wa-train import-predictions $name.txt --data out \\
>   --benchmark jfleg --model $name -o $name.jsonl; done
$ cp corpora/wi_locness/wi+locness/test/ABCN.test.bea19.orig blind.txt
$ wa-train import-predictions blind.txt --data out --benchmark bea19_test --model system \\
>   -o blind.jsonl
$ cat system.jsonl baseline.jsonl blind.jsonl > predictions.jsonl
""",
    "docs/wa-train.md": """\
$ wa-train predict runs/tagger --data demo/gec --benchmark jfleg -o system.jsonl
$ wa-data export demo/gec/writing-benchmark --format m2 -o exported
$ grep '^S ' exported/bea19_dev.test.m2 | cut -c3- > corrected.txt
""",
    "packages/wa-analysis/README.md": """\
$ for name in tagger llama; do wa-train import-predictions theirs.txt --data out \\
>   --benchmark bea19_dev --model $name -o $name.jsonl; done
""",
}
# Documents whose reader has nothing yet.
FROM_NOTHING = ("README.md", "docs/tutorial.md", "packages/wa-train/README.md", "docs/extend.md")
DOCUMENTS = {str(path.relative_to(REPOSITORY)): path for path in documents()}
ALIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where documents are tried: a folder of folders, and the programs of both kinds."""

    folder: Path
    run: Path
    parse: Path

    def sandbox(self, name: str) -> Path:
        """Give a document its own folder, empty or with what it starts from."""
        folder = self.folder / name.replace("/", "-")
        if name in FROM_NOTHING:
            folder.mkdir()
        else:
            shutil.copytree(self._prepared(), folder)
        lay_environments(folder)
        if name == "docs/extend.md":  # what it changes, and what runs changed
            for package in ("wa-data", "wa-metrics"):
                shutil.copytree(
                    REPOSITORY / "packages" / package / "src", folder / "packages" / package / "src"
                )
        self._make(BESIDES.get(name, ""), folder)
        return folder

    def _prepared(self) -> Path:
        folder = self.folder / "prepared"
        if not folder.exists():
            folder.mkdir()
            self._make(PREPARED, folder)
        return folder

    def _make(self, commands: str, folder: Path) -> None:
        block = Block(document="made first", row=1, language="console", title="", text=commands)
        found = faults(block, folder, self)
        assert not found, "\n\n".join(found)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("docs")
    server = Server({**os.environ, **QUIET}, before=Path(__file__).with_name("before.py"))
    yield Workshop(
        folder=folder,
        run=lay_programs(folder, server.address, parse_only=False),
        parse=lay_programs(folder, server.address, parse_only=True),
    )
    server.close()


def faults(block: Block, folder: Path, workshop: Workshop) -> list[str]:
    """Try one block; list what is wrong with it."""
    if block.kind == "file":
        write_file(block, folder)
    if block.kind not in ("run", "parsed"):
        return []
    parsed = block.kind == "parsed"
    found = []
    if parsed:
        folder = folder.with_name(f"{folder.name}-parsed")
        lay_environments(folder)
    results = run_block(block, folder, workshop.parse if parsed else workshop.run)
    if len(results) != len(block.commands):
        found.append(f"{block.place}: the shell ended after {len(results)} of its commands")
    for result in results:
        if result.code:
            found.append(f"{block.place}: $ {result.command.text}\n{result.printed[-1500:]}")
        elif not parsed and not block.mark and _compared(result.command.text):
            want = result.command.prints
            if want and not doctest.OutputChecker().check_output(want, result.printed, ALIKE):
                found.append(
                    f"{block.place}: $ {result.command.text}\nprints:\n{result.printed[-3000:]}"
                )
    return found


def _compared(command: str) -> bool:
    return all(shutil.which(tool) for tool in PERHAPS if tool in command.split())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_commands_of_a_document_do_what_it_says(name: str, workshop: Workshop) -> None:
    blocks = read_blocks(DOCUMENTS[name].read_text(encoding="utf-8"), name)
    if not any(block.kind in ("run", "parsed") for block in blocks):
        return
    folder = workshop.sandbox(name)
    found = [fault for block in blocks for fault in faults(block, folder, workshop)]
    assert not found, "\n\n".join(found)


GOOD = """<!-- not run: it is long -->
```console
$ wa-train fit alpaca-7b --data out -o runs/x
```
"""


def test_a_command_that_is_not_run_may_name_what_is_not_there(workshop: Workshop) -> None:
    (block,) = read_blocks(GOOD, "X.md")
    assert faults(block, workshop.folder / "good", workshop) == []


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("-o runs/x", "-o runs/x --no-such-option", "No such option"),
        ("wa-train fit", "wa-train fits", "No such command"),
        ("--data out", "", "Missing option '--data'"),
        ("alpaca-7b", "alpaca-70b", "alpaca-70b"),
        ("-o runs/x", "-o runs/x --set train.epoch=3", "train.epoch"),
        ("-o runs/x", "-o runs/x --eval-steps often", "not a valid integer"),
        ("wa-train fit alpaca-7b --data out -o", "wa-data export out --format xml -o", "'xml'"),
        ("wa-train fit", "torchrun --nproc-per-node 8 -m wa_train fits", "No such command"),
        ("wa-train fit", "make no-such-target && wa-train fit", "no-such-target"),
        ("wa-train fit", "wget", "command not found"),
    ],
)
def test_a_wrong_command_is_found_though_it_is_not_run(
    right: str, wrong: str, says: str, workshop: Workshop
) -> None:
    (block,) = read_blocks(GOOD.replace(right, wrong), "X.md")
    (fault,) = faults(block, workshop.folder / "wrong", workshop)
    assert says in fault


@pytest.mark.parametrize(
    ("command", "prints", "right"),
    [
        ("wa-metrics variants | grep chrf", "chrf\tchrF2 of sacrebleu...", True),
        ("wa-metrics variants | grep chrf", "chrf\tchrF1 of sacrebleu...", False),
        ("wa-metrics sari --hyp nowhere.txt | head -n 1", "...", False),
        ("wget example.org", "...", False),
    ],
)
def test_a_command_that_fails_or_prints_something_else_is_found(
    command: str, prints: str, right: bool, workshop: Workshop
) -> None:
    (block,) = read_blocks(f"```console\n$ {command}\n{prints}\n```\n", "X.md")
    assert (faults(block, workshop.folder, workshop) == []) is right
