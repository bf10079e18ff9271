from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wa_data import readers
from wa_data.errors import ConfigError, FormatError
from wa_data.example import Example
from wa_data.readers import find_reader
from wa_data.readers.text import read_lines
from wa_data.registry import load_sources
from wa_data.resolve import Access, resolve
from wa_metrics.edits import Edit

OFFICIAL = Path(__file__).resolve().parents[3] / "shared" / "sources"
JSON = {"layout": "lines", "input": "a", "references": ["b"]}
TSV = {"columns": ["x", "y", "z"], "input": "x", "references": ["y"]}
CSV = {**TSV, "delimiter": ",", "quoted": True, "label": "z"}


class Reading:
    """Writes files and reads them back by a reader's name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, name: str, options: Mapping[str, Any], *contents: str | bytes
    ) -> list[Example]:
        files = []
        for number, content in enumerate(contents):
            files.append(self.folder / f"local-{number}")
            files[-1].write_bytes(content.encode() if isinstance(content, str) else content)
        where = [f"src/f{number}" for number in range(len(files))]
        return list(find_reader(name)(files, options, where))

    def refusal(self, name: str, options: Mapping[str, Any], *contents: str | bytes) -> str:
        with pytest.raises(FormatError) as caught:
            self(name, options, *contents)
        return str(caught.value)


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


# --- lines of text ---------------------------------------------------------------------------


def lines_of(folder: Path, content: bytes, **options: bool) -> list[str]:
    path = folder / "text"
    path.write_bytes(content)
    return list(read_lines(path, "src/text", **options))


def test_only_a_line_feed_ends_a_line_and_the_last_may_be_missing(tmp_path: Path) -> None:
    text = "one\u00a0\u2028two\u0085\x0b\x0c\x1c\ttab\n\n three \nlast"
    expected = ["one\u00a0\u2028two\u0085\x0b\x0c\x1c\ttab", "", " three ", "last"]
    assert lines_of(tmp_path, text.encode()) == expected
    assert lines_of(tmp_path, text.encode() + b"\n") == expected
    assert lines_of(tmp_path, b"") == []
    assert lines_of(tmp_path, b"\n") == [""]


def test_a_byte_order_mark_is_refused_where_a_file_begins(tmp_path: Path) -> None:
    assert lines_of(tmp_path, "a\n\ufeffb\n".encode()) == ["a", "\ufeffb"]
    with pytest.raises(FormatError, match=r"src/text:1: the file begins with a byte order mark"):
        lines_of(tmp_path, "\ufeffa\n".encode())


def test_a_carriage_return_at_a_lines_end_is_refused_inside_it_is_text(tmp_path: Path) -> None:
    assert lines_of(tmp_path, b"a\rb\n") == ["a\rb"]
    with pytest.raises(FormatError, match=r"src/text:2: the line ends in CR LF, expected LF"):
        lines_of(tmp_path, b"a\rb\nc\r\nd\n")
    assert lines_of(tmp_path, b"a\r\nb\r\n", carriage_return=True) == ["a\r", "b\r"]


def test_a_bad_byte_is_named_by_its_row(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"src/text:3: not valid UTF-8 .* at byte 1"):
        lines_of(tmp_path, b"a\nb\nc\xff\nd\n")
    with pytest.raises(FormatError, match=r"src/text:1: not valid UTF-8"):
        lines_of(tmp_path, b"\xed\xa0\x80")  # half a surrogate pair, encoded


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_lines_are_those_of_the_definition_in_any_block_size(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    expected = text.split("\n")
    if expected[-1] == "":
        expected.pop()
    folder = tmp_path_factory.mktemp("lines")
    with pytest.MonkeyPatch.context() as patch:
        for block in (1, 3, 1 << 20):
            patch.setattr("wa_data.readers.text.BLOCK", block)
            assert lines_of(folder, text.encode()) == expected


def test_rows_are_counted_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wa_data.readers.text.BLOCK", 4)
    with pytest.raises(FormatError, match=r"src/text:30: not valid UTF-8"):
        lines_of(tmp_path, b"ab\n" * 29 + b"\xff\n" + b"cd\n" * 9)


# --- m2 --------------------------------------------------------------------------------------

M2 = """S They goes home .
A 1 2|||R:VERB:SVA|||go|||REQUIRED|||-NONE-|||0
A 3 3|||M:ADV|||now|||REQUIRED|||-NONE-|||0
A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||1

S All is well .

"""


def test_m2_gives_the_text_of_each_annotator_and_the_edits_as_they_are(reading: Reading) -> None:
    first, second = reading("m2", {}, M2)
    assert first == Example(
        0,
        "They goes home .",
        ("They go home now .", "They goes home ."),
        (
            Edit(0, 1, 2, "R:VERB:SVA", "go"),
            Edit(0, 3, 3, "M:ADV", "now"),
            Edit(1, -1, -1, "noop", "-NONE-"),
        ),
    )
    assert second == Example(1, "All is well .", ("All is well .",))


def test_m2_rows_run_on_over_several_files(reading: Reading) -> None:
    assert [row.row for row in reading("m2", {}, M2, M2.rstrip("\n"))] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("A 1 2|||R", "A 1 9|||R", "src/f1:1: edit"),  # beyond the sentence
        ("A 1 2|||R", "A 2 1|||R", "src/f1:2: expected 0 <= start <= end"),
        ("A 1 2|||R", "A one two|||R", "src/f1:2: expected `A start end`"),
        ("|||go|||REQUIRED", "|||go", "src/f1:2: expected 6 fields"),
        ("S All", "T All", "src/f1:6: expected `S tokens`"),
        ("S They goes home .\n", "", "src/f1:1: expected an S line"),
        ("S All is well .", "S All is well .\r", "src/f1:6: the line ends in CR LF"),
    ],
)
def test_m2_that_is_not_in_the_format_is_named_by_file_and_row(
    reading: Reading, old: str, new: str, place: str
) -> None:
    assert old in M2
    assert reading.refusal("m2", {}, M2, M2.replace(old, new)).startswith(place)


# --- parallel lines --------------------------------------------------------------------------


def test_parallel_lines_belong_together(reading: Reading) -> None:
    got = reading("lines", {}, "a\nb\n", "A\n\n", "AA\nBB")
    assert got == [Example(0, "a", ("A", "AA")), Example(1, "b", ("", "BB"))]


def test_one_file_alone_is_a_blind_set(reading: Reading) -> None:
    assert reading("lines", {}, "a\u00a0b\n") == [Example(0, "a\u00a0b", ())]


def test_groups_of_parallel_files_follow_each_other(reading: Reading) -> None:
    got = reading("lines", {"group": 2}, "a\nb\n", "A\nB\n", "c\n", "C\n")
    assert got == [Example(0, "a", ("A",)), Example(1, "b", ("B",)), Example(2, "c", ("C",))]


def test_files_of_different_length_are_refused_at_the_row_where_one_ends(
    reading: Reading,
) -> None:
    assert reading.refusal("lines", {}, "a\nb\nc\n", "A\nB\n").startswith(
        "src/f1:3: the file ends here, src/f0 goes on"
    )
    assert reading.refusal("lines", {}, "", "A\n").startswith("src/f0:1: the file ends here")


@pytest.mark.parametrize("group", [2, -1, 4])
def test_files_that_do_not_divide_into_groups_are_a_config_error(
    reading: Reading, group: int
) -> None:
    with pytest.raises(ConfigError, match=rf"src/f0: 3 files do not divide into groups of {group}"):
        reading("lines", {"group": group}, "", "", "")
    with pytest.raises(ConfigError, match="0 files do not divide"):
        reading("lines", {})


# --- tsv and csv -----------------------------------------------------------------------------


def test_raw_columns_are_split_on_tabs_alone_quotes_are_text(reading: Reading) -> None:
    got = reading("tsv", TSV, 'He said "no\tHe\u2028left\t"\n"a"\t\t\n')
    assert got == [Example(0, 'He said "no', ("He\u2028left",)), Example(1, '"a"', ("",))]


def test_quoted_columns_are_rfc_4180(reading: Reading) -> None:
    got = reading("tsv", CSV, '"a, ""b""",c,5.0\r\nd,"",2\r\n')
    assert got == [
        Example(0, 'a, "b"', ("c",), label="5.0"),
        Example(1, "d", ("",), label="2"),
    ]


@pytest.mark.parametrize(
    ("options", "content", "place"),
    [
        (TSV, "a\tb\tc\na\tb\n", "src/f0:2: 2 columns, expected 3 (x, y, z)"),
        (TSV, "a\tb\tc\td\n", "src/f0:1: 4 columns, expected 3"),
        (TSV, "a\tb\tc\n\n", "src/f0:2: 1 columns, expected 3"),
        (TSV, "a\tb\tc\r\n", "src/f0:1: the line ends in CR LF"),
        (CSV, 'a,b,c\na,"b,c\n', "src/f0:2: not valid CSV"),
        (CSV, 'a,"b"b,c\n', "src/f0:1: not valid CSV"),
        (CSV, "a,b,c\n\na,b,c\n", "src/f0:2: 0 columns, expected 3"),
        (CSV, "a,b,c\na,b,\rc\n", "src/f0:2: not valid CSV"),
    ],
)
def test_a_row_with_other_columns_is_named(
    reading: Reading, options: Mapping[str, Any], content: str, place: str
) -> None:
    assert reading.refusal("tsv", options, content).startswith(place)


# --- json ------------------------------------------------------------------------------------


def test_json_lines_and_arrays_give_the_same_examples(reading: Reading) -> None:
    items = [{"a": "x\u2028", "b": "y", "q": "ask", "l": "fluency"}, {"b": "", "a": "\u00a0"}]
    options = {**JSON, "instruction": "", "label": ""}
    lines = "".join(json.dumps(item) + "\n" for item in items)
    expected = [Example(0, "x\u2028", ("y",)), Example(1, "\u00a0", ("",))]
    assert reading("json", options, lines) == expected
    assert reading("json", {**options, "layout": "array"}, json.dumps(items)) == expected
    first = {**JSON, "instruction": "q", "label": "l"}
    assert reading("json", first, json.dumps(items[0])) == [
        Example(0, "x\u2028", ("y",), instruction="ask", label="fluency")
    ]


def test_json_paths_lead_into_objects_and_lists(reading: Reading) -> None:
    chat = {"m": [{"c": "zero"}, {"c": "one"}], "1": {"n": "two"}}
    options = {**JSON, "input": "m.1.c", "references": ["m.0.c"]}
    assert reading("json", options, json.dumps(chat)) == [Example(0, "one", ("zero",))]


def test_rows_without_the_prefix_drop_out_but_keep_their_number(reading: Reading) -> None:
    options = {**JSON, "reference_prefix": "Neutral: "}
    lines = '{"a":"x","b":"nothing"}\n{"a":"y","b":"Neutral: z"}\n'
    assert reading("json", options, lines) == [Example(1, "y", ("z",))]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
        ("\ufeff{}", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"a": ' + "9" * 5000 + "}", "not valid JSON"),
        ('{"a": "x"}', "no 'b' in the object"),
        ('{"a": "x", "b": 3}', "'b' is int, expected text"),
        ('{"a": "x", "b": null}', "no 'b' in the object"),
        ('{"a": "\\ud800", "b": "y"}', "not valid JSON"),
        ('["a", "b"]', "no 'a' in the object"),
        ('"ab"', "no 'a' in the object"),
        ("null", "no 'a' in the object"),
    ],
)
def test_a_json_line_that_is_no_row_is_named(reading: Reading, line: str, words: str) -> None:
    good = '{"a": "x", "b": "y"}\n'
    refusal = reading.refusal("json", JSON, good + line + "\n")
    assert refusal.startswith("src/f0:2: ")
    assert words in refusal
    assert len(refusal) < 300


def test_a_whole_surrogate_pair_is_a_character(reading: Reading) -> None:
    [row] = reading("json", JSON, '{"a": "\\ud83c\\udf33", "b": "y"}')
    assert row.input == "\U0001f333"


def test_an_index_is_of_a_list_never_of_a_text(reading: Reading) -> None:
    options = {**JSON, "input": "a.0"}
    assert "no 'a.0'" in reading.refusal("json", options, '{"a": "text", "b": "y"}')
    assert "no 'a.0'" in reading.refusal("json", options, '{"a": [], "b": "y"}')
    assert "no 'a.0'" in reading.refusal("json", options, '{"a": {"0": "x"}, "b": "y"}')


def test_a_json_array_must_be_one(reading: Reading) -> None:
    options = {**JSON, "layout": "array"}
    assert "src/f0: expected one JSON array, got dict" in reading.refusal("json", options, "{}")
    assert "src/f0: not valid JSON" in reading.refusal("json", options, b'["\xff"]')
    assert reading.refusal("json", options, '[{"a":"x","b":"y"},{}]').startswith("src/f0:2: ")
    assert reading("json", options, "[]") == []


# --- options ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("json", {**JSON, "layuot": "x"}, "unknown key 'layuot' (did you mean 'layout'?)"),
        ("json", {**JSON, "layout": "table"}, "layout: expected one of lines, array"),
        ("json", {"layout": "lines", "input": "a"}, "key 'references' is missing"),
        ("json", {**JSON, "references": "b"}, "references: expected a list"),
        ("tsv", {**TSV, "input": "w"}, "no column 'w'; columns: x, y, z"),
        ("tsv", {**TSV, "label": "w"}, "no column 'w'"),
        ("tsv", {**TSV, "delimiter": ""}, "delimiter is '', expected one character"),
        ("tsv", {**TSV, "delimiter": "||"}, "delimiter is '||', expected one character"),
        ("tsv", {**TSV, "delimiter": '"'}, "neither a quote nor a line end"),
        ("lines", {"group": "2"}, "group: expected int, got '2'"),
        ("m2", {"annotator": 0}, "unknown key 'annotator'"),
    ],
)
def test_wrong_options_are_a_config_error_that_names_reader_or_file(
    reading: Reading, name: str, options: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        reading(name, options, "")
    assert words in str(caught.value)
    assert "src/f0" in str(caught.value)


# --- junk ------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        *(b"\t", b"\n", b"\r\n", b'"', b"'", b",", b"\x00", b"\r", b"\xc2\xa0", b"\xe2\x80\xa8"),
        *(b"\\ud800", b"\\u0000", b'{"a":"x","b":"y"}', b"[" * 3000, b"9" * 4400, b"-", b"1e999"),
        *(
            b"S a b",
            b"A 0 1|||X|||y|||R|||-|||0",
            b"A -1 -1|||noop",
            b"|||",
            b"||",
            b"\xed\xa0\x80",
        ),
        *(
            b"a",
            b"a,b,c",
            b"a\tb\tc",
            b"{",
            b"}",
            b"[",
            b"]",
            b":",
            b"NaN",
            b"null",
            b"\xef\xbb\xbf",
        ),
    ]
)
junk = st.binary(max_size=60) | st.lists(pieces, max_size=9).map(b"".join)
GOOD: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "m2": ({}, M2),
    "lines": ({"group": 2}, "one\ntwo\n"),
    "tsv": (TSV, "a\tb\tc\nd\te\tf\n"),
    "csv": (CSV, '"a, b",c,5.0\r\nd,"e ""f""",2\r\n'),
    "json": (JSON, '{"a": "x", "b": "y"}\n{"a": "z", "b": "\\u00e9"}\n'),
    "array": ({**JSON, "layout": "array"}, '[{"a": "x", "b": "y"},\n {"a": "z", "b": "w"}]'),
    "path": ({**JSON, "input": "a.0", "references": ["b.c"]}, '{"a": ["x"], "b": {"c": "d"}}\n'),
}
READER = {"csv": "tsv", "array": "json", "path": "json"}
NO_ROW = ("not valid UTF-8", "expected one JSON array", "not valid JSON")  # faults of a whole array


def read_or_refuse(folder: Path, kind: str, first: bytes, second: bytes) -> list[Example] | None:
    options, _ = GOOD[kind]
    try:
        rows = Reading(folder)(READER.get(kind, kind), options, first, second)
    except FormatError as error:
        message = str(error)
        assert re.match(r"src/f[01](:\d+)?: ", message), message
        assert re.match(r"src/f[01]:\d+: ", message) or (
            kind == "array" and any(words in message for words in NO_ROW)
        ), message
        return None
    for row in rows:
        for text in (row.input, *row.references, row.instruction, row.label):
            text.encode()  # nothing that UTF-8 cannot write comes out
    return rows


@pytest.mark.parametrize("kind", GOOD)
@settings(max_examples=60, deadline=None)
@given(first=junk, second=junk)
@example(first=b"", second=b"")
def test_junk_is_rows_or_a_format_error_that_names_the_file(
    kind: str, first: bytes, second: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    read_or_refuse(tmp_path_factory.mktemp("junk"), kind, first, second)


@pytest.mark.parametrize("kind", GOOD)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_rows_or_a_format_error_that_names_the_file(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    good = GOOD[kind][1].encode()
    at = data.draw(st.integers(0, len(good)))
    cut = data.draw(st.integers(0, len(good)))
    damaged = good[:at] + data.draw(junk) + good[at + cut :]
    folder = tmp_path_factory.mktemp("damage")
    read_or_refuse(folder, kind, good, damaged)
    read_or_refuse(folder, kind, damaged, damaged)


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_file_is_read_and_an_empty_one_has_no_rows(kind: str, tmp_path: Path) -> None:
    good = GOOD[kind][1].encode()
    rows = read_or_refuse(tmp_path, kind, good, good)
    assert rows
    empty = b"[]" if kind == "array" else b""
    assert read_or_refuse(tmp_path, kind, empty, empty) == []


# --- readers of other packages ---------------------------------------------------------------


def own_reader(
    files: Sequence[Path], options: Mapping[str, Any], where: Sequence[str]
) -> Iterator[Example]:
    yield Example(0, files[0].read_text(), ())


def plug_in(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    found = [
        importlib.metadata.EntryPoint(name, value, "wa_data.readers")
        for name, value in values.items()
    ]
    groups: dict[str, list[importlib.metadata.EntryPoint]] = {"wa_data.readers": found}
    monkeypatch.setattr(readers, "entry_points", lambda *, group: groups.get(group, []))
    monkeypatch.setitem(sys.modules, "own_readers", SimpleNamespace(read=own_reader))


def test_an_installed_package_brings_a_reader(
    monkeypatch: pytest.MonkeyPatch, reading: Reading
) -> None:
    plug_in(monkeypatch, leaves="own_readers:read")
    assert find_reader("leaves") is own_reader
    assert reading("leaves", {}, "green") == [Example(0, "green", ())]


def test_our_own_readers_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, json="own_readers:read")
    assert find_reader("json") is not own_reader


def test_an_unknown_reader_is_a_config_error_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plug_in(monkeypatch, leaves="own_readers:read")
    with pytest.raises(ConfigError, match=r"no reader is called 'leafs' \(did you mean 'leaves'"):
        find_reader("leafs")
    with pytest.raises(ConfigError, match=r"known: json, lines, m2, tsv, leaves"):
        find_reader("parquet")


@pytest.mark.parametrize("value", ["no_such_module:read", "own_readers:absent"])
def test_a_broken_package_is_a_config_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    plug_in(monkeypatch, leaves=value)
    with pytest.raises(ConfigError, match=f"reader 'leaves' \\({value}\\) cannot be loaded"):
        find_reader("leaves")


# --- the official files ----------------------------------------------------------------------

OFFICIAL_ROWS = {
    ("wi_locness", "train"): 34_308,
    ("wi_locness", "dev"): 4384,
    ("wi_locness", "test"): 4477,
    ("conll14", "test"): 1312,
    ("conll13", "test"): 1381,
    ("jfleg", "test"): 747,
    ("jfleg", "dev"): 754,
    ("iterater_human", "train"): 3254,
    ("iterater_human", "dev"): 400,
    ("iterater_human", "test"): 364,
    ("turkcorpus", "tune"): 2000,
    ("turkcorpus", "test"): 359,
    ("turkcorpus", "tune_gem"): 2000,
    ("turkcorpus", "test_gem"): 359,
    ("asset", "valid"): 2000,
    ("asset", "test"): 359,
    ("wnc", "test"): 1000,
    ("stsb", "test"): 1379,
    ("alpaca", "train"): 52_002,
}
Official = Callable[[str, str], list[Example]]


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Official:
    if not OFFICIAL.is_dir():
        pytest.skip("the official files are not beside the repository")
    access = Access(cache=tmp_path_factory.mktemp("cache"), mirrors=(OFFICIAL,), offline=True)
    inputs = resolve(list(OFFICIAL_ROWS), load_sources(), access)
    assert not inputs.missing
    assert all(item.verified for item in inputs.files.values())
    return lambda source, split: list(inputs.examples(source, split))


@pytest.mark.parametrize(("source", "split"), OFFICIAL_ROWS)
def test_the_official_files_have_their_rows(official: Official, source: str, split: str) -> None:
    rows = official(source, split)
    assert len(rows) == OFFICIAL_ROWS[source, split]
    assert [row.row for row in rows] == list(range(len(rows)))
    widths = {len(row.references) for row in rows}
    known = {"jfleg": {4}, "turkcorpus": {8}, "asset": {10}, "conll14": {1, 2}}
    blind = (source, split) == ("wi_locness", "test")
    assert widths == ({0} if blind else known.get(source, {1}))


def test_labels_of_the_official_files_select_the_papers_rows(official: Official) -> None:
    scores = Counter(row.label for row in official("stsb", "test"))
    assert scores["5.0"] == 97
    intents = Counter(
        row.label for row in official("iterater_human", "test") if len(row.references[0]) >= 2
    )
    assert [intents[name] for name in ("fluency", "clarity", "coherence")] == [88, 185, 35]
