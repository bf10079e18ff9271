"""`wa-train ls` and `show`, and how the command line fails."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import click
import pytest

from wa_train import cli
from wa_train.cli.failures import explain_failure
from wa_train.errors import DataError, DivergedError, RecipeError
from wa_train.settings import dump_recipe, load_recipe, recipe_names

from .command import WA_TRAIN, bad, good, run


def test_ls_prints_a_line_a_recipe_in_columns() -> None:
    lines = good("ls").splitlines()
    assert [line.split()[0] for line in lines] == ["recipe", *recipe_names()]
    head, [row] = lines[0], [line for line in lines if line.startswith("alpaca-7b ")]
    expected = {
        "base": "huggyllama/llama-7b",
        "method": "lora",
        "data": "generic-only:generic",
        "paper": "Alpaca-7B",
        "summary": "LLaMA-7B with",
    }
    for column, value in expected.items():
        assert row[head.index(column) :].startswith(value)


def test_ls_prints_json() -> None:
    rows = json.loads(good("ls", "--json"))
    assert [row["recipe"] for row in rows] == recipe_names()
    assert {"base", "method", "data", "paper", "summary"} < set(rows[0])
    assert {row["method"] for row in rows} == {"lora", "full", "none"}


def test_what_show_prints_is_again_a_recipe(tmp_path: Path) -> None:
    shown = good("show", "writing-alpaca-7b", "--set", "lora.options.use_dora=true",
                 "--set", "train.epochs=2")  # fmt: skip
    path = tmp_path / "mine.toml"
    path.write_text(shown, encoding="utf-8")
    expected = load_recipe("writing-alpaca-7b", ["lora.options.use_dora=true", "train.epochs=2"])
    assert load_recipe(str(path)) == expected
    assert good("show", path) == shown
    assert json.loads(good("show", path, "--json")) == dump_recipe(expected)
    assert tomllib.loads(shown)["train"]["max_steps"] == 0


def test_wrong_names_and_settings_are_one_line_and_exit_2(tmp_path: Path) -> None:
    assert "did you mean 'alpaca-7b'?" in bad("show", "alpaca-7")
    said = bad("show", "alpaca-7b", "--set", "train.max_step=100")
    assert said.startswith(
        "error: --set: train.max_step: unknown key 'max_step' (did you mean 'max_"
    )
    (tmp_path / "bad.toml").write_text("name = 'x'\nsummary = 'y'\n[lora]\nrank = 3\n")
    assert "lora.rank: unknown key 'rank'" in bad("show", tmp_path / "bad.toml")


def test_usage_errors_exit_2_and_the_version_is_the_packages() -> None:
    done = run("shw")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'shw'" in done.stderr
    assert good("--version").startswith("wa-train, version ")


def test_help_lists_every_command() -> None:
    listed = good("--help")
    assert all(
        f"\n  {name} " in listed for name in ("ls", "show", "fit", "predict", "merge", "push")
    )


def test_a_reader_that_has_read_enough_is_no_error() -> None:
    line = " ".join(f"'{word}'" for word in [*WA_TRAIN, "ls"])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{line} | head -n 1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("recipe ")


def test_an_interrupt_ends_with_130() -> None:
    code = (
        "import time, click, wa_train.cli as cli\n"
        "@click.command()\n"
        "def ls():\n    print('started', flush=True)\n    time.sleep(60)\n"
        "cli._Lazy.get_command = lambda *_: ls\n"
        "cli.main()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, "ls"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "started\n"
    time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, said.strip()) == (130, "interrupted")


# --- what a failure comes to --------------------------------------------------------------------


class OutOfMemoryError(RuntimeError):
    """Torch's class of this name is no MemoryError."""


@pytest.mark.parametrize(
    ("error", "said", "code"),
    [
        (RecipeError("one\ntwo"), "one two", 2),
        (DivergedError("the loss is nan"), "the loss is nan", 1),
        (MemoryError(), "not enough memory; expected less at once: smaller --set train.micro_", 2),
        (OutOfMemoryError("CUDA: 20 GiB"), "not enough memory; ", 2),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "not enough memory; ", 2),
        (OSError(errno.ENOSPC, "No space", "run/x"), "run/x: no space left on the disk; free", 2),
        (
            RuntimeError("[enforce fail] PytorchStreamWriter failed writing file"),
            "no space left",
            2,
        ),
        (Exception("I/O error: No space left on device (os error 28)"), "no space left", 2),
        (PermissionError(errno.EACCES, "Permission denied", "run"), "run: Permission denied", 2),
        (OSError("in two\nlines"), "in two lines", 2),
    ],
)
def test_a_failure_is_one_line_with_advice(error: Exception, said: str, code: int) -> None:
    failure = explain_failure(error)
    assert failure is not None
    assert failure.words.startswith(said)
    assert "\n" not in failure.words
    assert failure.exit_code == code


def test_a_bug_is_not_explained_away() -> None:
    assert explain_failure(ValueError("a bug")) is None


def test_a_failure_in_a_command_is_printed_and_its_code_is_the_exit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(error: Exception) -> int:
        @click.command()
        def ls() -> None:
            raise error

        monkeypatch.setattr(cli._Lazy, "get_command", lambda *_: ls)
        monkeypatch.setattr(sys, "argv", ["wa-train", "ls"])
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as end:
                cli.main()
        finally:
            signal.signal(signal.SIGTERM, before)
        assert isinstance(end.value.code, int)
        return end.value.code

    assert fail(DataError("rows.jsonl:3: wrong")) == 2
    assert capsys.readouterr() == ("", "error: rows.jsonl:3: wrong\n")
    assert fail(DivergedError("nan")) == 1
    assert fail(KeyboardInterrupt()) == 130  # type: ignore[arg-type]
    assert fail(MemoryError()) == 2
    with pytest.raises(ZeroDivisionError):
        fail(ZeroDivisionError())
