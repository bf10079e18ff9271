"""The command line as a newcomer types it: exit codes, what goes where, and the error messages."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WA_DATA = [sys.executable, "-c", "from wa_data.cli import main; main()"]


def run(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*WA_DATA, *words], input=text, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    assert run("build", "demo", "-o", str(out)).returncode == 0
    return out


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["build", "papr"], ["no recipe is called 'papr'", "did you mean 'paper'"]),
        (["build", "x/y.toml"], ["x/y.toml", "cannot read the recipe"]),
        (["build", "demo", "--limit", "0"], ["--limit is 0", "at least 1"]),
        (["build", "paper", "--mirror", "/nowhere"], ["/nowhere"]),
        (["build", "paper", "--sources", "/nowhere.toml"], ["/nowhere.toml", "cannot read"]),
        (["ls", "things"], ["'things' is not one of"]),
        (["fetch", "jflge"], ["no source is called 'jflge'", "did you mean 'jfleg'"]),
        (["fetch", "clang8", "--offline"], ["Fill in the form", "DIR/clang8/output_data/"]),
        (["demo-sources", "jflge", "-o", "x"], ["did you mean 'jfleg'"]),
        (["demo-sources", "-o", "x", "--rows", "many"], ["--rows is 'many'"]),
        (["prompt", "--task", "grammer"], ["no task is called 'grammer'"]),
        (["check", "/nowhere"], ["/nowhere", "wa-data build"]),
        (["show", "/nowhere"], ["/nowhere"]),
        (["card", "/nowhere"], ["/nowhere"]),
        (["diff", "/nowhere", "/nowhere"], ["/nowhere"]),
        (["export", "/nowhere", "--format", "alpaca", "-o", "x"], ["/nowhere"]),
        (["push", "/nowhere", "no slash"], ["no slash"]),
        (["verify", "no slash"], ["no slash"]),
    ],
)
def test_a_mistake_is_one_clear_error_on_stderr_and_exit_code_2(
    words: list[str], parts: list[str]
) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr


def test_a_bad_recipe_is_named_with_the_key_and_a_suggestion(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('name = "mine"\nsummary = "x"\nsede = 1\n')
    done = run("build", str(recipe))
    assert done.returncode == 2
    assert "unknown key 'sede' (did you mean 'seed'?)" in done.stderr
    assert str(recipe) in done.stderr


def test_ls_lists_sources_tasks_and_recipes() -> None:
    sources = json.loads(run("ls", "sources", "--json").stdout)
    assert {"wi_locness", "clang8", "alpaca_gpt4"} <= {row["source"] for row in sources}
    assert len(json.loads(run("ls", "tasks", "--json").stdout)) == 7
    assert "paper\tThe paper's mix" in run("ls", "recipes").stdout


def test_fetch_prints_one_line_a_file_and_names_where_it_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WA_CACHE", str(tmp_path / "cache"))  # other tests fetch the real files
    run("demo-sources", "jfleg", "-o", str(tmp_path))
    done = run("fetch", "jfleg", "--mirror", str(tmp_path), "--offline", "--allow-unverified")
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(lines) == 10
    assert {line[3] for line in lines} == {"UNVERIFIED"}


def test_a_made_up_file_is_refused_with_both_digests_unless_the_user_says_so(
    tmp_path: Path,
) -> None:
    run("demo-sources", "jfleg", "-o", str(tmp_path))
    done = run("fetch", "jfleg", "--mirror", str(tmp_path), "--offline")
    assert done.returncode == 2
    for part in ("expected sha256", "got sha256", "--allow-unverified"):
        assert part in done.stderr


def test_the_demo_is_checked_shown_compared_and_exported(demo: Path, tmp_path: Path) -> None:
    assert run("check", str(demo)).returncode == 0
    assert run("check", "--strict", str(demo)).returncode == 1
    shown = run("show", str(demo), "--task", "grammaticality", "-n", "2")
    assert shown.stdout.count("grammaticality") == 2
    assert run("diff", str(demo), str(demo)).returncode == 0
    assert run("card", str(demo), "--check").returncode == 0
    exported = run("export", str(demo), "--format", "messages", "-o", str(tmp_path / "x.jsonl"))
    assert exported.returncode == 0
    first = json.loads((tmp_path / "x.jsonl").read_text().split("\n")[0])
    assert [message["role"] for message in first["messages"]] == ["user", "assistant"]


def test_the_command_says_what_is_in_the_way_of_a_stale_card(demo: Path) -> None:
    card = demo / "writing-mix/README.md"
    text = card.read_text()
    card.write_text(text.replace("English only", "Esperanto only"))
    done = run("card", str(demo), "--check")
    card.write_text(text)
    assert done.returncode == 1
    assert "-- English only" not in done.stdout
    assert "+- English only" in done.stdout
    assert "wa-data card" in done.stderr


def test_paraphrased_prompts_use_other_wordings_of_the_same_rows(
    demo: Path, tmp_path: Path
) -> None:
    done = run("build", "demo", "--prompts", "paraphrased", "-o", str(tmp_path))
    assert done.returncode == 0
    differs = run("diff", str(demo), str(tmp_path), "--json")
    assert differs.returncode == 1
    splits = {
        (item["config"], item["split"]): item for item in json.loads(differs.stdout)["splits"]
    }
    writing = splits["writing", "train"]
    assert (writing["added"], writing["removed"]) == (0, 0)
    assert set(writing["fields"]) == {"instruction", "prompt", "prompt_id"}
    assert splits["conll14", "test"]["changed"] > 0


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "json"])
def test_a_reader_that_stops_is_no_error(demo: Path, options: list[str]) -> None:
    words = [*WA_DATA, "show", str(demo), "-n", "2000", *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_ended_leaves_nothing(tmp_path: Path, number: int, code: int) -> None:
    process = subprocess.Popen(
        [*WA_DATA, "build", "demo", "-o", str(tmp_path)], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / ".wa-data-partial").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, words = process.communicate(timeout=60)
    assert process.returncode == code, words
    assert "Traceback" not in words
    assert list(tmp_path.iterdir()) == []
