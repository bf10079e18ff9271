"""Rows from sets, files and the Hub: what is read, in which order, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from wa_train.errors import DataError, UsageError
from wa_train.row_files import BATCH_ROWS
from wa_train.rows import RowSource, open_rows, read_file

from .command import mix_row, pack, write_jsonl, write_parquet, write_set

Row = dict[str, Any]
PAIR = {"prompt": "Fix: he go", "completion": "he goes"}
CHAT = [{"role": "user", "content": "Fix: he go"}, {"role": "assistant", "content": "he goes"}]


def rows_of(source: RowSource, *columns: str) -> list[Row]:
    return [row for batch in source.batches(columns) for row in batch]


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    """Write a set of two configs, one with rows held out."""
    writing = [mix_row(number) for number in range(5)]
    generic = [mix_row(10 + number, task="generic") for number in range(3)]
    configs = {
        "writing": {"train": writing, "validation": [mix_row(90)]},
        "generic": {"train": generic},
    }
    return write_set(tmp_path / "out" / "writing-mix", configs)


# --- sets of wa-data ----------------------------------------------------------------------------


def test_a_set_gives_all_configs_in_the_manifests_order(mix: Path) -> None:
    source = open_rows(str(mix))
    rows = rows_of(source)
    assert [row["_config"] for row in rows] == ["writing"] * 5 + ["generic"] * 3
    assert [row["completion"] for row in rows[:2]] == [
        "They have 0 cats in the garden .",
        "They have 1 cats in the garden .",
    ]
    assert rows[0]["id"] == "made-up-0000000000000000"
    assert (source.rows, source.configs, source.digest) == (
        8,
        ("writing", "generic"),
        "sha256:whole",
    )
    assert [path.parent.name for path in source.files] == ["writing", "generic"]


def test_only_what_is_needed_is_read(mix: Path) -> None:
    source = open_rows(str(mix))
    assert set(rows_of(source)[0]) == {"id", "prompt", "completion", "_config"}
    assert set(rows_of(source, "task")[0]) == {"id", "prompt", "completion", "_config", "task"}
    with pytest.raises(DataError, match="expected the field 'tsk', got id, task"):
        rows_of(source, "tsk")


def test_a_config_is_named_behind_the_folder_or_by_the_recipe(mix: Path) -> None:
    by_name = open_rows(f"{mix}:generic")
    assert rows_of(by_name) == rows_of(open_rows(str(mix), config="generic"))
    assert (by_name.rows, by_name.digest) == (3, "sha256:generic-train")
    assert open_rows(f"{mix}:writing", config="generic").configs == ("writing",)
    assert open_rows(f"{mix}:all", config="generic").rows == 8


def test_the_folder_above_a_set_will_do(mix: Path) -> None:
    assert open_rows(str(mix.parent)).name == str(mix)
    assert open_rows(f"{mix.parent}:writing").rows == 5


def test_a_split_is_read_where_it_is(mix: Path) -> None:
    held_out = open_rows(str(mix), split="validation")
    assert [(row["_config"], row["id"][-2:]) for row in rows_of(held_out)] == [("writing", "5a")]
    with pytest.raises(DataError, match="no split 'validation' in generic; there: train"):
        open_rows(f"{mix}:generic", split="validation")


def test_a_config_that_is_not_there_names_those_that_are(mix: Path) -> None:
    with pytest.raises(
        DataError, match=r"'writin' \(did you mean 'writing'\?\); there: writing, g"
    ):
        open_rows(f"{mix}:writin")


def test_a_set_that_was_changed_by_hand_has_another_digest(mix: Path) -> None:
    path = mix / "data/generic/train-00000-of-00001.parquet"
    write_parquet(path, *[mix_row(20 + number) for number in range(3)])
    digest = open_rows(str(mix)).digest
    assert digest.startswith("files:")
    write_parquet(path, *[mix_row(30 + number) for number in range(3)])
    assert open_rows(str(mix)).digest != digest


def test_a_set_with_fewer_rows_than_its_manifest_says_is_refused(mix: Path) -> None:
    write_parquet(mix / "data/generic/train-00000-of-00001.parquet", mix_row(1))
    with pytest.raises(DataError, match=r"expected 3 rows, as the manifest says, got 1"):
        open_rows(str(mix))


def test_a_set_without_a_file_of_its_manifest_is_refused(mix: Path) -> None:
    (mix / "data/generic/train-00000-of-00001.parquet").unlink()
    with pytest.raises(DataError, match=r"generic/train.* is missing; the manifest names it"):
        open_rows(str(mix))


def test_an_unfinished_set_is_refused(mix: Path) -> None:
    (mix / "manifest.json").unlink()
    for name in (mix, mix.parent):
        with pytest.raises(
            DataError, match=r"manifest\.json beside data/, found none.*interrupted"
        ):
            open_rows(str(name))


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"configs": {"a": {"train": {}}}}'])
def test_a_damaged_manifest_is_named(content: str, mix: Path) -> None:
    (mix / "manifest.json").write_text(content)
    with pytest.raises(DataError, match=r"manifest\.json: "):
        open_rows(str(mix))


def test_a_published_set_is_read_from_the_files_that_it_has(mix: Path) -> None:
    manifest = json.loads((mix / "manifest.json").read_text())
    (mix / "manifest.json").write_text(json.dumps({**manifest, "published": {}}))
    write_parquet(mix / "data/generic/train-00000-of-00001.parquet", mix_row(1))
    source = open_rows(str(mix))
    assert source.rows == 6
    assert source.digest.startswith("files:")


# --- files, folders, patterns -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.jsonl.xz"])
def test_json_lines_are_read_plain_and_packed(name: str, tmp_path: Path) -> None:
    path = pack(tmp_path / name, "".join(json.dumps({**PAIR, "n": n}) + "\n" for n in range(3)))
    source = open_rows(str(path))
    assert rows_of(source, "n")[2] == {
        **PAIR,
        "n": 2,
        "id": f"{path}:3",
        "_config": "default",
    }
    assert source.rows is None
    assert source.digest == f"files:{sha256(sha256_hex(path).encode()).hexdigest()}"


def sha256_hex(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_a_single_file_has_no_config_whatever_the_recipe_says(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "rows.parquet", PAIR)
    assert open_rows(str(path), config="generic", split="validation").rows == 1
    with pytest.raises(DataError, match=r"no config 'generic': only a set folder"):
        open_rows(f"{path}:generic")


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name, number in (("b.jsonl", 1), ("a.jsonl", 0), ("c.jsonl", 2)):
        write_jsonl(tmp_path / name, {**PAIR, "id": number})
    (tmp_path / "notes.txt").write_text("no rows")
    (tmp_path / ".hidden.jsonl").write_text("no rows")
    assert [row["id"] for row in rows_of(open_rows(str(tmp_path)))] == ["0", "1", "2"]
    pattern = open_rows(str(tmp_path / "[ac].jsonl"))
    assert [path.name for path in pattern.files] == ["a.jsonl", "c.jsonl"]


def test_a_folder_with_files_named_for_splits_gives_the_split(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train-0.jsonl", {**PAIR, "id": "t"})
    write_jsonl(tmp_path / "test.jsonl", {**PAIR, "id": "e"})
    assert [row["id"] for row in rows_of(open_rows(str(tmp_path)))] == ["t"]
    assert [row["id"] for row in rows_of(open_rows(str(tmp_path), split="test"))] == ["e"]
    with pytest.raises(DataError, match="no file of the split 'validation'; there: test, train"):
        open_rows(str(tmp_path), split="validation")


def test_the_digest_of_files_is_that_of_their_bytes_in_order(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "a.jsonl", PAIR)
    digest = open_rows(str(one)).digest
    assert open_rows(str(one.rename(tmp_path / "b.jsonl"))).digest == digest
    write_jsonl(tmp_path / "b.jsonl", PAIR, PAIR)
    assert open_rows(str(tmp_path / "b.jsonl")).digest != digest


def test_a_name_with_a_colon_is_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "odd:name"
    folder.mkdir()
    (tmp_path / "odd").mkdir()
    write_jsonl(folder / "rows.jsonl", PAIR)
    assert len(rows_of(open_rows(str(folder)))) == 1


def test_large_files_come_in_batches(tmp_path: Path) -> None:
    total = BATCH_ROWS + 10
    path = write_parquet(tmp_path / "rows.parquet", *[PAIR] * total)
    assert [len(batch) for batch in open_rows(str(path)).batches()] == [BATCH_ROWS, 10]
    path = write_jsonl(tmp_path / "rows.jsonl", *[PAIR] * total)
    assert [len(batch) for batch in open_rows(str(path)).batches()] == [BATCH_ROWS, 10]


def test_streaming_holds_a_batch_not_the_file(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "rows.jsonl", *[PAIR] * (3 * BATCH_ROWS))
    batches = open_rows(str(path)).batches()
    first = next(batches)
    # The file's end is broken only now: a reader that had read on would not see it.
    with path.open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"oops")
    assert len(first) == BATCH_ROWS
    with pytest.raises(DataError, match=rf"rows\.jsonl:{3 * BATCH_ROWS}: "):
        list(batches)


# --- chat ---------------------------------------------------------------------------------------


def chat(path: Path, *columns: str) -> list[Row]:
    return rows_of(open_rows(str(path), prompt="chat"), *columns)


def test_messages_are_read_for_a_chat_model(tmp_path: Path) -> None:
    system = {"role": "system", "content": ""}
    path = write_parquet(
        tmp_path / "rows.parquet", {"messages": CHAT}, {"messages": [system, *CHAT]}
    )
    first, second = chat(path)
    assert first == {
        "messages": CHAT,
        "completion": "he goes",
        "id": f"{path}:1",
        "_config": "default",
    }
    assert second["messages"] == [system, *CHAT]


def test_instructions_are_read_for_a_chat_model(tmp_path: Path) -> None:
    row = {"instruction": "Fix it.", "input": None, "output": "Fixed."}
    [read] = chat(write_jsonl(tmp_path / "rows.jsonl", row))
    assert (read["instruction"], read["input"], read["completion"]) == ("Fix it.", "", "Fixed.")
    del row["input"]
    [read] = chat(write_jsonl(tmp_path / "rows.jsonl", row))
    assert "prompt" not in read or not read["prompt"]


def test_the_completion_of_a_set_goes_before_its_output(mix: Path) -> None:
    row = chat(mix)[0]
    assert set(row) == {"id", "instruction", "input", "prompt", "completion", "_config"}


def test_a_bare_prompt_becomes_one_user_message(tmp_path: Path) -> None:
    [row] = chat(write_jsonl(tmp_path / "rows.jsonl", PAIR))
    assert row["messages"] == CHAT
    assert "prompt" not in row


# --- single files for prediction ----------------------------------------------------------------


def test_a_file_is_read_row_by_row_with_all_fields(tmp_path: Path) -> None:
    row = {"id": "a", "references": ["x", "y"], "edits": [{"start": 1}]}
    for path in (
        write_jsonl(tmp_path / "rows.jsonl", row, row),
        write_parquet(tmp_path / "rows.parquet", row, row),
    ):
        assert list(read_file(path)) == [(f"{path}:1", row), (f"{path}:2", row)]


@pytest.mark.parametrize("name", ["rows.parquet", "rows.jsonl", "rows.jsonl.gz"])
def test_a_file_that_is_not_there_is_not_called_broken(name: str, tmp_path: Path) -> None:
    (tmp_path / f"my-{name}").touch()
    with pytest.raises(DataError, match=rf"{name}: no such file or folder \(did you mean 'my-"):
        list(read_file(tmp_path / name))


def test_json_lines_of_the_standard_input_are_read() -> None:
    code = (
        "from pathlib import Path; from wa_train.rows import read_file\n"
        "print(list(read_file(Path('-'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input='{"id": "\u00e9"}\n{"id": 2}\n',
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    assert done.stdout == "[('<stdin>:1', {'id': '\u00e9'}), ('<stdin>:2', {'id': 2})]\n"


# --- the Hub ------------------------------------------------------------------------------------


def test_a_reference_that_is_none_is_refused() -> None:
    for name in ("hf://", "hf://org", "hf://org/a b", "hf://org/name@"):
        with pytest.raises(UsageError, match=r"expected hf://ORG/NAME\[@REVISION\]\[:CONFIG\]"):
            open_rows(name)


def test_without_datasets_the_command_to_install_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"pip install 'wa-train\[hub\]'"):
        open_rows("hf://org/name")
