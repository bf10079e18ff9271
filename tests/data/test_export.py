from __future__ import annotations

import ast
import json
from pathlib import Path

import datasets
import jinja2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import metadata_load

from wa_data.errors import SetError, UsageError
from wa_data.export import export

from . import built_sets as sets


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return sets.write_both(tmp_path)


def task(folder: Path, name: str) -> dict[str, object]:
    """Read a task file with the YAML reader at hand: that of a card's metadata."""
    text = (folder / f"{name}.yaml").read_text()
    (folder / "card.md").write_text(f"---\n{text}---\n")
    return dict(metadata_load(folder / "card.md") or {})


def test_alpaca_is_one_json_array_of_three_fields(out: Path, tmp_path: Path) -> None:
    report = export(out, tmp_path / "x" / "alpaca.json", "alpaca")
    rows = json.loads((tmp_path / "x" / "alpaca.json").read_text())
    assert report.rows == len(rows) == 4
    ask = sets.ASK["grammaticality"]
    assert rows[0] == {"instruction": ask, "input": sets.SHOP, "output": sets.SHOP_RIGHT}


def test_messages_join_instruction_and_input_with_a_blank_line(out: Path, tmp_path: Path) -> None:
    export(out / "writing-mix", tmp_path / "m.jsonl", "messages")
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().split("\n")[:-1]]
    assert lines[0]["messages"] == [
        {"role": "user", "content": f"{sets.ASK['grammaticality']}\n\n{sets.SHOP}"},
        {"role": "assistant", "content": sets.SHOP_RIGHT},
    ]
    assert lines[-1]["messages"][0]["content"] == sets.ASK["generic"]


def test_line_separators_of_unicode_stay_in_their_row(tmp_path: Path) -> None:
    row = sets.mix_row("a", "One\u2028two\nthree \u00e9", "Four\x85")
    sets.write_set(tmp_path / "mix", "mix", {"writing": {"train": [row]}})
    export(tmp_path / "mix", tmp_path / "m.jsonl", "messages")
    (line, rest) = (tmp_path / "m.jsonl").read_text(encoding="utf-8").split("\n")
    assert (json.loads(line)["messages"][1]["content"], rest) == ("Four\x85", "")


def test_one_split_is_written_so_that_validation_stays_out_of_training(tmp_path: Path) -> None:
    mix = {"writing": {"train": [sets.mix_row("a", "A", "B")], "validation": []}}
    mix["writing"]["validation"] = [sets.mix_row("v", "C", "D")]
    sets.write_set(tmp_path / "mix", "mix", mix)
    for split, output in (("train", "B"), ("validation", "D")):
        export(tmp_path / "mix", tmp_path / "a.json", "alpaca", split)
        assert [row["output"] for row in json.loads((tmp_path / "a.json").read_text())] == [output]
    with pytest.raises(UsageError, match=r"no split 'test'; expected one of: train, validation"):
        export(tmp_path / "mix", tmp_path / "a.json", "alpaca", "test")


def test_a_task_file_reads_back_as_the_harness_reads_it(out: Path, tmp_path: Path) -> None:
    report = export(out, tmp_path / "lm", "lm-eval")
    assert report.rows == 3
    asset = task(tmp_path / "lm", "writing_asset")
    assert asset["doc_to_target"] == "references"
    assert asset["output_type"] == "generate_until"
    kwargs = asset["dataset_kwargs"]
    assert isinstance(kwargs, dict)
    rows = datasets.load_dataset(
        str(asset["dataset_path"]), **kwargs, cache_dir=str(tmp_path / "cache")
    )
    assert isinstance(rows, datasets.DatasetDict)
    assert list(rows["test"]) == sets.small_benchmark()["asset"]["test"]
    prompt = jinja2.Template(str(asset["doc_to_text"])).render(**rows["test"][0])
    assert prompt == rows["test"][0]["prompt"]
    group = task(tmp_path / "lm", "writing_benchmark")
    assert group["task"] == ["writing_conll14", "writing_asset"]


def test_rows_with_fewer_references_repeat_their_last_one(out: Path, tmp_path: Path) -> None:
    export(out, tmp_path / "lm", "lm-eval")
    template = jinja2.Template(str(task(tmp_path / "lm", "writing_conll14")["doc_to_target"]))
    rows = pq.read_table(out / "writing-benchmark" / "data" / "conll14").to_pylist()
    assert [ast.literal_eval(template.render(**row)) for row in rows] == [
        ["He goes home .", "He go home ."],
        ["Rain fell all night .", "Rain fell all night ."],
    ]


def test_test_sets_without_references_are_left_out_and_named(tmp_path: Path) -> None:
    rows = sets.small_benchmark()
    rows["bea19_test"] = {"test": [sets.benchmark_row("0", "Alone .", [], metric="none")]}
    sets.write_set(tmp_path / "set", "benchmark", rows)
    report = export(tmp_path / "set", tmp_path / "lm", "lm-eval")
    assert report.left_out == ("bea19_test",)
    assert report.render().endswith("left out, no references: bea19_test")
    assert not (tmp_path / "lm" / "writing_bea19_test.yaml").exists()


def test_a_format_of_the_other_kind_names_what_would_work(out: Path, tmp_path: Path) -> None:
    with pytest.raises(
        SetError, match=r"exports a mix, and there is none.*or --format m2 or lm-eval"
    ):
        export(out / "writing-benchmark", tmp_path / "a.json", "alpaca")
    with pytest.raises(SetError, match=r"exports a benchmark.*or --format alpaca or messages"):
        export(out / "writing-mix", tmp_path / "lm", "lm-eval")
    with pytest.raises(UsageError, match=r"no format is called 'alpacca' \(did you mean 'alpaca'"):
        export(out, tmp_path / "a.json", "alpacca")
    with pytest.raises(UsageError, match="expected a file"):
        export(out, tmp_path, "alpaca")


def test_a_broken_set_leaves_no_half_export(out: Path, tmp_path: Path) -> None:
    (out / "writing-mix" / "data" / "generic" / "train-00000-of-00001.parquet").write_bytes(b"x")
    with pytest.raises(SetError, match="not readable as Parquet"):
        export(out, tmp_path / "x" / "a.json", "alpaca")
    assert list((tmp_path / "x").iterdir()) == []


@pytest.mark.parametrize("form", ["alpaca", "m2", "lm-eval"])
def test_a_place_that_cannot_be_written_is_one_clear_error(
    out: Path, tmp_path: Path, form: str
) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(SetError, match=r"cannot write it \(.*or choose another place"):
            export(out, place, form)


def test_a_part_of_a_set_is_not_exported(out: Path, tmp_path: Path) -> None:
    (out / "writing-mix" / "data" / "generic" / "train-00000-of-00001.parquet").unlink()
    with pytest.raises(SetError, match=r"is missing; the manifest names it; run `wa-data check"):
        export(out, tmp_path / "a.json", "alpaca")
    assert not (tmp_path / "a.json").exists()


def test_rows_that_are_not_of_the_contract_are_one_error(out: Path, tmp_path: Path) -> None:
    file = next((out / "writing-mix/data/writing").iterdir())
    whole = pq.read_table(file)
    nulls = whole.set_column(6, whole.schema.field("output"), pa.array([None] * 3, pa.string()))
    for table, message in (
        (whole.drop_columns(["output"]), "expected the columns instruction, input, output, got"),
        (nulls, "null in output, expected a value in each row"),
    ):
        pq.write_table(table, file)
        for form in ("alpaca", "messages"):
            with pytest.raises(SetError, match=message):
                export(out, tmp_path / "mix.json", form)
    assert not (tmp_path / "mix.json").exists()


@pytest.mark.parametrize(
    ("text", "kind"), [("One\ntwo .", "R"), ("One two .", "a|||b"), ("One two .", None)]
)
def test_edits_that_no_m2_line_can_hold_are_one_error(tmp_path: Path, text: str, kind: str) -> None:
    row = sets.benchmark_row("0", text, [text], edits=[(0, 0, 1, kind, "One")])
    sets.write_set(tmp_path / "tests", "benchmark", {"conll14": {"test": [row]}})
    with pytest.raises(SetError, match="conll14/test"):
        export(tmp_path / "tests", tmp_path / "m2", "m2")
    assert not list((tmp_path / "m2").glob("*"))
