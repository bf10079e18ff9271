from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from wa_data.dataset import contract_schema, find_sets, open_set, read_batches, whole_file
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
        ('{"format": 1, "kind": "mix"}', "and its configs"),
    ],
)
def test_a_manifest_that_is_none_of_ours_is_an_error(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(SetError, match=message):
        open_set(tmp_path)


def test_a_broken_parquet_file_is_an_error_that_names_it(out: Path) -> None:
    file = next((out / "writing-mix").rglob("*.parquet"))
    file.write_bytes(b"PAR1 cut off")
    with pytest.raises(SetError, match=rf"{file.name}.*not readable as Parquet"):
        list(read_batches(file))


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "below" / "card.txt"
    with whole_file(file) as stream:
        stream.write(b"first")
        assert not file.exists()
    with pytest.raises(KeyError), whole_file(file) as stream:
        stream.write(b"half")
        raise KeyError
    assert file.read_bytes() == b"first"
    assert [item.name for item in file.parent.iterdir()] == ["card.txt"]


def test_the_manifest_of_the_test_sets_is_json_without_a_path_of_the_machine(out: Path) -> None:
    text = (out / "writing-mix" / "manifest.json").read_text()
    assert str(out) not in text
    assert json.loads(text)["configs"]["writing"]["train"]["rows"] == 3
