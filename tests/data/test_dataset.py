from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from wa_data.dataset import contract_schema, find_sets, open_set, read_batches
from wa_data.errors import SetError

from . import built_sets as sets


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return sets.write_both(tmp_path)


def test_the_schemas_are_those_of_the_contract() -> None:
    text = pa.string()
    mix = (
        *("id", "task", "source", "source_row", "instruction"),
        *("input", "output", "prompt", "completion", "prompt_id"),
    )
    assert contract_schema("mix") == pa.schema(
        [pa.field(name, pa.int64() if name == "source_row" else text) for name in mix]
    )
    whole = pa.int32()
    edit = pa.struct(
        [
            pa.field("annotator", whole),
            pa.field("start", whole),
            pa.field("end", whole),
            pa.field("type", text),
            pa.field("correction", text),
        ]
    )
    texts = (
        *("id", "task", "benchmark", "abbrev", "split", "metric"),
        *("input_format", "instruction", "input", "prompt"),
    )
    benchmark: list[pa.Field[Any]] = [pa.field(name, text) for name in texts]
    benchmark.append(pa.field("references", pa.list_(text)))
    benchmark.append(pa.field("edits", pa.list_(edit)))
    assert contract_schema("benchmark") == pa.schema(benchmark)


def test_a_folder_with_both_sets_gives_the_mix_first(out: Path) -> None:
    assert [item.kind for item in find_sets(out)] == ["mix", "benchmark"]
    assert [item.kind for item in find_sets(out / "writing-benchmark")] == ["benchmark"]


def test_splits_come_in_the_manifests_order_with_their_files(out: Path) -> None:
    splits = list(open_set(out / "writing-benchmark").splits())
    assert [(item.config, item.split) for item in splits] == [
        ("conll14", "test"),
        ("asset", "validation"),
        ("asset", "test"),
    ]
    assert splits[0].files[0].name == "test-00000-of-00001.parquet"


def test_batches_stream_the_rows_as_they_were_written(out: Path) -> None:
    built = open_set(out / "writing-mix")
    rows = [row for batch in built.batches("writing", "train") for row in batch.to_pylist()]
    assert rows == sets.small_mix()["writing"]["train"]
    assert list(built.batches("writing", "test")) == []


def test_an_absent_folder_is_an_error_that_names_the_build_command(tmp_path: Path) -> None:
    with pytest.raises(SetError, match=r"no such data-set folder; build one with `wa-data build"):
        find_sets(tmp_path / "nowhere")


def test_a_folder_of_two_sets_is_not_one_of_them(out: Path) -> None:
    with pytest.raises(SetError, match=r"got a folder of .*writing-benchmark and .*writing-mix"):
        open_set(out)


def test_a_set_without_a_manifest_is_an_interrupted_build(out: Path) -> None:
    (out / "writing-mix" / "manifest.json").unlink()
    for path in (out, out / "writing-mix"):
        with pytest.raises(SetError, match=r"writing-mix: expected manifest\.json.*interrupted"):
            find_sets(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not readable as JSON"),
        ("[]", r"expected format 1, got \[\]"),
        ('{"format": 2}', "expected format 1, got 2"),
        ('{"format": 1, "kind": "corpus", "configs": {}}', "expected kind mix or benchmark"),
        ('{"format": 1, "kind": "mix"}', "lacks digest, configs, sources, or holds"),
        ("[" * 100_000, "not readable as JSON"),
    ],
)
def test_a_manifest_that_is_none_of_ours_is_an_error(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(SetError, match=message):
        open_set(tmp_path)


Table = dict[str, Any]


def first_file(manifest: Table) -> Table:
    file: Table = manifest["configs"]["writing"]["train"]["files"][0]
    return file


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda m: m.pop("sources"), r"manifest\.json lacks sources,"),
        (lambda m: m.update(sources=[]), r"manifest\.json lacks sources,"),
        (lambda m: m.update(contamination=[]), r"manifest\.json lacks contamination,"),
        (lambda m: m.update(published=3), r"manifest\.json lacks published,"),
        (lambda m: m["sources"].update(meadow="x"), r"sources\.meadow: expected a table, got 'x'"),
        (lambda m: m["sources"]["meadow"].pop("files"), r"sources\.meadow lacks files,"),
        (
            lambda m: m["sources"]["meadow"]["licence"].update(republish=True),
            r"sources\.meadow\.licence lacks republish,",
        ),
        (lambda m: m["configs"].update(writing=1), r"writing: expected a table, got 1"),
        (lambda m: m["configs"]["writing"].update(train=1), r"writing/train: expected a table"),
        (lambda m: m["configs"]["writing"]["train"].pop("rows"), r"writing/train lacks rows,"),
        (
            lambda m: m["configs"]["writing"]["train"].update(files=["x"]),
            r"writing/train: files: expected a table, got 'x'",
        ),
        (lambda m: first_file(m).pop("sha256"), r"writing/train: files lacks sha256,"),
        *(
            (
                lambda m, path=path: first_file(m).update(path=path),
                r"writing/train: expected data/writing/train-NNNNN-of-NNNNN\.parquet, got",
            )
            for path in (
                "/etc/passwd",
                "data/writing/../../../x/train-00000-of-00001.parquet",
                "data/generic/train-00000-of-00001.parquet",
                "data/writing/train-00000-of-00001.parquet\n",
            )
        ),
    ],
)
def test_a_manifest_that_says_something_else_is_an_error_that_names_it(
    out: Path, harm: Callable[[Table], object], message: str
) -> None:
    file = out / "writing-mix" / "manifest.json"
    manifest = json.loads(file.read_text())
    harm(manifest)
    file.write_text(json.dumps(manifest))
    with pytest.raises(SetError, match=message) as raised:
        open_set(file.parent)
    assert str(raised.value).startswith(str(file))


def test_keys_that_this_version_does_not_know_are_let_be(out: Path) -> None:
    file = out / "writing-mix" / "manifest.json"
    manifest = json.loads(file.read_text())
    first_file(manifest)["colour"] = manifest["colour"] = "blue"
    manifest["sources"]["meadow"]["colour"] = "green"
    file.write_text(json.dumps(manifest))
    assert open_set(file.parent).manifest["colour"] == "blue"


def test_a_full_set_has_the_files_that_its_manifest_names_and_no_others(out: Path) -> None:
    built = open_set(out / "writing-mix")
    before = list(built.splits())
    file = before[0].files[0]
    file.with_name("train-00001-of-00002.parquet").write_bytes(file.read_bytes())
    assert list(built.splits()) == before
    file.unlink()
    with pytest.raises(SetError, match=r"00000-of-00001\.parquet is missing; the manifest names"):
        list(built.splits())


def test_a_published_set_has_the_files_that_are_there(out: Path) -> None:
    folder = out / "writing-mix"
    sets.write_set(folder, "mix", sets.small_mix(), published={})
    (folder / "recipe").mkdir()
    (folder / "data" / "generic").rename(folder / "recipe" / "generic")
    built = open_set(folder)
    assert [item.config for item in built.splits()] == ["writing"]
    assert [item.config for item in built.splits("recipe")] == ["generic"]


def test_a_broken_parquet_file_is_an_error_that_names_it(out: Path) -> None:
    file = next((out / "writing-mix").rglob("*.parquet"))
    file.write_bytes(b"PAR1 cut off")
    with pytest.raises(SetError, match=rf"{file.name}.*not readable as Parquet"):
        list(read_batches(file))


def test_a_name_that_the_system_refuses_is_an_error_in_our_words(tmp_path: Path) -> None:
    for find in (open_set, find_sets):
        with pytest.raises(SetError, match=r"cannot read it \(.*name too long"):
            find(tmp_path / ("x" * 300))


def test_the_manifest_of_the_test_sets_is_json_without_a_path_of_the_machine(out: Path) -> None:
    text = (out / "writing-mix" / "manifest.json").read_text()
    assert str(out) not in text
    assert json.loads(text)["configs"]["writing"]["train"]["rows"] == 3
