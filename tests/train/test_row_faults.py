"""Rows that cannot be trained on: each is one clear error that names file and row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wa_train.errors import DataError
from wa_train.recipe import Prompt
from wa_train.row_forms import choose_form
from wa_train.rows import Part, RowSource, open_rows

from .command import mix_row, pack, write_jsonl, write_parquet

Row = dict[str, Any]
PAIR = {"prompt": "Fix: he go", "completion": "he goes"}
CHAT = [{"role": "user", "content": "Fix: he go"}, {"role": "assistant", "content": "he goes"}]


def rows_of(source: RowSource) -> list[Row]:
    return [row for batch in source.batches() for row in batch]


def chat(path: Path) -> list[Row]:
    return rows_of(open_rows(str(path), prompt="chat"))


@pytest.mark.parametrize(
    ("fields", "prompt", "said"),
    [
        (["text"], "rows", r"expected the fields `prompt` and `completion`, got text"),
        (["prompt"], "rows", r"expected the fields `prompt` and `completion`, got prompt"),
        (["messages"], "rows", r"a chat model reads them as they are: --set base\.prompt=chat"),
        (["instruction", "output"], "rows", r"--set base\.prompt=chat"),
        (["prompt", "references"], "rows", r"benchmark rows, which are predicted; train on a mix"),
        (["instruction"], "chat", r"`instruction` and `completion` or `output`, or `messages`, or"),
    ],
)
def test_missing_fields_are_named_before_any_row_is_read(
    fields: list[str], prompt: Prompt, said: str, tmp_path: Path
) -> None:
    row = dict.fromkeys(fields, "x")
    for path in (
        write_jsonl(tmp_path / "rows.jsonl", row),
        write_parquet(tmp_path / "rows.parquet", row),
    ):
        with pytest.raises(DataError, match=said) as told:
            open_rows(str(path), prompt=prompt)
        assert str(path) in str(told.value)


def test_the_second_file_of_a_folder_is_checked_as_well(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", PAIR)
    write_parquet(tmp_path / "b.parquet", {"text": "x"})
    with pytest.raises(DataError, match=r"b\.parquet: expected the fields"):
        open_rows(str(tmp_path))


def test_numbers_in_place_of_text_are_refused_at_once(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "rows.parquet", {"prompt": 1, "completion": "x"})
    with pytest.raises(DataError, match="prompt: expected string values, got int64"):
        open_rows(str(path))
    path = write_parquet(tmp_path / "rows.parquet", {"messages": "x"})
    with pytest.raises(DataError, match="messages: expected list values, got string"):
        open_rows(str(path), prompt="chat")


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_every_arrow_type_of_text_is_text(kind: pa.DataType, tmp_path: Path) -> None:
    schema = pa.schema([("prompt", kind), ("completion", pa.string())])
    table = pa.table({"prompt": pa.array(["a"]).cast(kind), "completion": ["b"]}, schema=schema)
    pq.write_table(table, tmp_path / "rows.parquet")
    assert rows_of(open_rows(str(tmp_path / "rows.parquet")))[0]["prompt"] == "a"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompt": None}, r":2: prompt: expected a string, got null"),
        ({"prompt": 7}, r":2: prompt: expected a string, got int 7"),
        ({"prompt": " \n"}, r":2: prompt: expected text, got a blank string ' \\n'"),
        ({"completion": None}, r":2: completion: expected a string, got null"),
        ({"completion": ["x"]}, r":2: completion: expected a string, got list \['x'\]"),
        ({"prompt": ...}, r":2: prompt: expected a string, got a row without it \(completion"),
    ],
)
def test_a_bad_row_is_named_by_file_and_row(
    change: Mapping[str, Any], said: str, tmp_path: Path
) -> None:
    wrong = {name: value for name, value in {**PAIR, **change}.items() if value is not ...}
    path = write_jsonl(tmp_path / "rows.jsonl", PAIR, wrong)
    with pytest.raises(DataError, match=rf"rows\.jsonl{said}"):
        rows_of(open_rows(str(path)))
    if change.get("prompt") in (None, " \n") and "prompt" in change and change["prompt"] is not ...:
        path = write_parquet(tmp_path / "rows.parquet", PAIR, wrong)
        with pytest.raises(DataError, match=rf"rows\.parquet{said}"):
            rows_of(open_rows(str(path)))


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "at least two messages, got"),
        (CHAT[:1], "at least two messages"),
        (None, "at least two messages, got None"),
        ([*CHAT, CHAT[0]], "the last role to be assistant, got 'user'"),
        ([CHAT[0], {"role": "assistant"}], r"messages\[1\]: content: expected a string, got a row"),
        ([CHAT[0], "x"], r"messages\[1\]: expected an object, got 'x'"),
        ([{"role": "", "content": "x"}, CHAT[1]], r"messages\[0\]: role: expected text"),
        ([{"role": "user", "content": " "}, CHAT[1]], "something to answer, got blank"),
    ],
)
def test_a_bad_conversation_is_named(messages: Any, said: str, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "rows.jsonl", {"messages": messages})
    with pytest.raises(DataError, match=rf"rows\.jsonl:1: .*{said}"):
        chat(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "expected one JSON object a line, got '{'"),
        (b"\n", "expected one JSON object a line, got ''"),
        (b"[1]", r"expected one JSON object, got \[1\]"),
        (b'{"prompt": NaN}', "expected one JSON object, got NaN, which is not JSON; write null"),
        (b'{"prompt": "\xff"}', "expected UTF-8 text, got "),
        (b'{"prompt": "\\ud83d", "completion": ""}', "expected UTF-8 text, got "),
        (b"[" * 100_000, "expected one JSON object"),
    ],
)
def test_a_bad_line_is_named(line: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(json.dumps(PAIR).encode() + b"\n" + line)
    with pytest.raises(DataError, match=rf"rows\.jsonl:2: {said}") as told:
        rows_of(open_rows(str(path)))
    assert len(str(told.value)) < 500 + len(str(path))


def test_a_whole_pair_of_surrogates_is_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "\\ud83d\\ude00", "completion": "x"}\n')
    assert rows_of(open_rows(str(path)))[0]["prompt"] == "\U0001f600"


def test_a_byte_order_mark_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(PAIR).encode())
    with pytest.raises(DataError, match="byte order mark"):
        open_rows(str(path))


def test_empty_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError, match=r"empty\.jsonl: expected at least one row, got an empty"):
        open_rows(str(tmp_path / "empty.jsonl"))
    schema = pa.schema([("prompt", pa.string()), ("completion", pa.string())])
    pq.write_table(schema.empty_table(), tmp_path / "empty.parquet")
    with pytest.raises(DataError, match=r"expected at least one row, got none"):
        open_rows(str(tmp_path / "empty.parquet"))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match=r"expected files that end in \.parquet, .*found none"):
        open_rows(str(tmp_path / "nothing"))
    with pytest.raises(DataError, match=r"\*\.none: expected files"):
        open_rows(str(tmp_path / "*.none"))


def test_a_source_without_a_row_is_noticed_where_no_count_is_known() -> None:
    form = choose_form({"prompt": "", "completion": ""}, "rows", "nowhere")
    part = Part(
        "default", "nowhere", ("prompt", "completion"), form, None, lambda columns: iter(())
    )
    with pytest.raises(DataError, match="nowhere: expected at least one row, got none"):
        rows_of(RowSource("nowhere", (part,), (), str))


def test_a_file_that_is_absent_names_its_neighbour(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "training.jsonl", PAIR)
    with pytest.raises(DataError, match=r"no such file or folder \(did you mean 'training\.jsonl'"):
        open_rows(str(tmp_path / "trainin.jsonl"))
    with pytest.raises(DataError, match="no such file or folder, and"):
        open_rows(str(tmp_path / "no" / "where.jsonl"))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("prompt,completion\n")
    with pytest.raises(DataError, match=r"expected a name that ends in \.parquet, \.jsonl,"):
        open_rows(str(tmp_path / "rows.csv"))
    with pytest.raises(DataError, match="read more than once, which the standard input cannot"):
        open_rows("-")


def damaged(path: Path, damage: Callable[[bytes], bytes]) -> str:
    path.write_bytes(damage(path.read_bytes()))
    return str(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no Parquet at all",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1",
        lambda data: data[:4] + b"\x00" * 40 + data[44:],
    ],
    ids=["empty", "text", "half", "footer", "pages"],
)
def test_a_corrupt_parquet_is_one_clear_error(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = write_parquet(tmp_path / "rows.parquet", *[mix_row(n) for n in range(50)])
    name = damaged(path, damage)
    with pytest.raises(DataError, match=r"rows\.parquet: expected a whole Parquet file") as told:
        rows_of(open_rows(name))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_a_packed_file_that_is_cut_is_one_clear_error(suffix: str, tmp_path: Path) -> None:
    lines = "".join(json.dumps({**PAIR, "n": n}) + "\n" for n in range(3000))
    path = pack(tmp_path / f"rows.jsonl{suffix}", lines)
    name = damaged(path, lambda data: data[: len(data) * 3 // 4])
    with pytest.raises(DataError, match=rf"expected a whole \{suffix} file, got a broken one"):
        rows_of(open_rows(name))
    path.write_bytes(b"not packed")
    with pytest.raises(DataError, match=rf"expected a whole \{suffix} file|cannot read it"):
        open_rows(name)


def test_an_empty_completion_is_one(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "rows.jsonl", PAIR, {**PAIR, "completion": ""})
    assert [row["completion"] for row in rows_of(open_rows(str(path)))] == ["he goes", ""]
