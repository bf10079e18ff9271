"""M2 files: a golden file, the official files, round trips, and every bad line."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics import Edit, M2Error, M2Sentence, apply_edits, read_m2, save_m2, write_m2

GOLDEN = """\
S She like the\u00a0tea , and cups .
A 1 2|||R:VERB:SVA|||likes|||REQUIRED|||-NONE-|||0
A 5 6|||UNK|||cups|||REQUIRED|||-NONE-|||0
A 6 6|||M:OTHER||| a||b |||REQUIRED|||-NONE-|||0
A 2 2|||||||||REQUIRED|||-NONE-|||0
A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||3

S\x20
A 0 0|||M:Odd type\u2028/ü|||Hi|||REQUIRED|||-NONE-|||0

S All well .

"""

SENTENCES = (
    M2Sentence(
        "She like the\u00a0tea , and cups .",
        (
            Edit(0, 1, 2, "R:VERB:SVA", "likes"),
            Edit(0, 5, 6, "UNK", "cups"),
            Edit(0, 6, 6, "M:OTHER", " a||b "),
            Edit(0, 2, 2, "", ""),
            Edit(3, -1, -1, "noop", "-NONE-"),
        ),
        1,
    ),
    M2Sentence("", (Edit(0, 0, 0, "M:Odd type\u2028/ü", "Hi"),), 8),
    M2Sentence("All well .", (), 11),
)


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    path = tmp_path / "golden.m2"
    path.write_bytes(GOLDEN.encode())
    return path


def test_the_golden_file_is_read_field_by_field(golden: Path) -> None:
    assert tuple(read_m2(golden)) == SENTENCES


def test_a_sentence_is_given_out_before_the_next_one_is_read() -> None:
    sentences = read_m2(iter(["S a\n", "\n", "nonsense\n"]))
    assert next(sentences) == M2Sentence("a", (), 1)
    with pytest.raises(M2Error, match="<lines>:3"):
        next(sentences)


def test_lines_need_no_line_end() -> None:
    assert tuple(read_m2(GOLDEN.split("\n"))) == SENTENCES


def test_the_last_line_end_and_blank_lines_around_sentences_do_not_matter() -> None:
    text = "\n" + GOLDEN.replace("\n\n", "\n\n\n").rstrip("\n")
    sentences = tuple(read_m2(text.split("\n")))
    assert [sentence[:2] for sentence in sentences] == [sentence[:2] for sentence in SENTENCES]


def test_an_s_line_without_its_blank_is_an_empty_source() -> None:
    assert list(read_m2(["S"])) == [M2Sentence("", (), 1)]


def test_writing_gives_the_golden_file_back(golden: Path, tmp_path: Path) -> None:
    assert "".join(write_m2(SENTENCES)) == GOLDEN
    assert "".join(write_m2(SENTENCES, final_blank=False)) == GOLDEN[:-1]
    assert list(write_m2([])) == []
    save_m2(tmp_path / "new.m2", SENTENCES)
    assert (tmp_path / "new.m2").read_bytes() == golden.read_bytes()


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(golden: Path) -> None:
    with pytest.raises(M2Error):
        save_m2(golden, [*SENTENCES, M2Sentence("two\nlines", (), 1)])
    assert golden.read_bytes() == GOLDEN.encode()
    assert [path.name for path in golden.parent.iterdir()] == ["golden.m2"]


def test_required_and_comment_are_not_kept() -> None:
    lines = ["S a", "A 0 1|||R|||b|||OPTIONAL|||a remark|||0"]
    assert list(write_m2(read_m2(lines)))[1] == "A 0 1|||R|||b|||REQUIRED|||-NONE-|||0\n"


def a_line(span: str = "0 1", kind: str = "R", annotator: str = "0") -> str:
    return f"A {span}|||{kind}|||b|||REQUIRED|||-NONE-|||{annotator}"


GOOD = a_line()

# the file, the line that is bad, what the message says
BAD = [
    (f"{GOOD}\n", 1, "expected an S line before the first A line"),
    (f"S a\n\n{GOOD}\n", 3, "expected an S line before the first A line"),
    (f"S a\n{GOOD}\nS b\n", 3, "expected a blank line before this S line, got 'S b'"),
    ("S a\r\n\r\n", 1, "got CRLF; convert the file first"),
    ("S a\n\r\n", 2, "got CRLF; convert the file first"),
    (f"S a\n{GOOD}\r\n", 2, "got CRLF; convert the file first"),
    ("Sa\n", 1, "expected `S tokens`, `A start end"),
    ("S a\nnonsense\n", 2, "or a blank line, got 'nonsense'"),
    ("S a\n \n", 2, "or a blank line, got ' '"),
    ("\ufeffS a\n", 1, "without a byte order mark, got one"),
    ("S a\nA 0 1|||R|||b|||REQUIRED|||0\n", 2, "expected 6 fields, .* got 5 in"),
    ("S a\nA 0 1\n", 2, "expected 6 fields, .* got 1 in"),
    ("S a\nA 0 1|||R|||b|||c|||REQUIRED|||-NONE-|||0\n", 2, "expected 6 fields, .* got 7 in"),
    ("S a\n" + a_line("0"), 2, "`A start end` with two whole numbers, got 'A 0'"),
    ("S a\n" + a_line("0  1"), 2, "two whole numbers, got 'A 0  1'"),
    ("S a\n" + a_line("0 1.0"), 2, "two whole numbers, got 'A 0 1.0'"),
    ("S a\n" + a_line("0 1_0"), 2, "two whole numbers, got 'A 0 1_0'"),
    ("S a\n" + a_line("0 \u0661"), 2, "two whole numbers, got 'A 0 \u0661'"),
    ("S a\n" + a_line("0 9" + "9" * 5000), 2, "two whole numbers, got 'A 0 99"),
    ("S a\n" + a_line("1 0"), 2, "expected 0 <= start <= end, .* got 1 0"),
    (
        "S a\n" + a_line("-1 -1"),
        2,
        "type noop, got -1 -1 with the type 'R'",
    ),
    ("S a\n" + a_line("-2 -2", "noop"), 2, "got -2 -2 with the type 'noop'"),
    ("S a\n" + a_line(annotator="x"), 2, "expected the annotator as a whole number, got 'x'"),
    ("S a\n" + a_line(annotator="-1"), 2, "expected the annotator as a whole number, got '-1'"),
]


@pytest.mark.parametrize(("text", "row", "message"), BAD)
def test_a_bad_line_is_named_with_file_line_expected_and_got(
    tmp_path: Path, text: str, row: int, message: str
) -> None:
    path = tmp_path / "bad.m2"
    path.write_bytes(text.encode())
    with pytest.raises(M2Error, match=rf"bad\.m2:{row}: .*{message}"):
        list(read_m2(path))


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.m2"
    path.write_bytes(b"S a\n\nS \xff\n")
    with pytest.raises(M2Error, match=r"bad\.m2:3: expected UTF-8"):
        list(read_m2(path))


def test_lines_given_have_the_name_that_the_caller_gives() -> None:
    with pytest.raises(M2Error, match=r"^train\.m2\.xz:1: "):
        list(read_m2(["nonsense"], name="train.m2.xz"))


def test_two_lines_in_one_item_are_refused() -> None:
    with pytest.raises(M2Error, match=r"<lines>:1: expected one line at a time"):
        list(read_m2(["S a\nS b\n"]))


def test_a_str_is_neither_a_path_nor_lines() -> None:
    with pytest.raises(M2Error, match=r"expected a pathlib\.Path or an iterable of lines"):
        read_m2("golden.m2")


@pytest.mark.parametrize(
    "sentence",
    [
        M2Sentence("a\nb", (), 1),
        M2Sentence("a\r", (), 1),
        M2Sentence("a", (Edit(0, 0, 1, "R|", "b"),), 1),
        M2Sentence("a", (Edit(0, 0, 1, "R", "b|||c"),), 1),
        M2Sentence("a", (Edit(0, 0, 1, "R", "b\nc"),), 1),
        M2Sentence("a", (Edit(0, 1, 0, "R", "b"),), 1),
        M2Sentence("a", (Edit(-1, 0, 1, "R", "b"),), 1),
        M2Sentence("a", (Edit(0, 0, 10**9, "R", "b"),), 1),
    ],
)
def test_what_m2_cannot_hold_is_not_written(sentence: M2Sentence) -> None:
    with pytest.raises(M2Error, match=r"expected a source on one line|of the sentence 'a'$"):
        list(write_m2([sentence]))


# No "|||" in a field, none that its border makes: a type does not end in "|".
texts = st.text(st.sampled_from("ab |\u00a0\u2028\x85\r\t-S"), max_size=8).filter(
    lambda text: "|||" not in text
)
one_edit = st.builds(
    lambda annotator, start, length, kind, correction: Edit(
        annotator, start, start + length, kind, correction
    ),
    st.integers(0, 9),
    st.integers(0, 99),
    st.integers(0, 9),
    texts.filter(lambda text: not text.endswith("|")),
    texts,
)
sentences = st.lists(
    st.builds(
        M2Sentence,
        texts.filter(lambda text: not text.endswith("\r")),
        st.lists(one_edit | st.just(Edit(1, -1, -1, "noop", "-NONE-")), max_size=4).map(tuple),
        st.just(0),
    ),
    max_size=4,
)


@settings(max_examples=100)
@given(sentences, st.booleans())
def test_what_is_written_is_read_back(written: list[M2Sentence], final_blank: bool) -> None:
    read = list(read_m2(write_m2(written, final_blank=final_blank)))
    assert [sentence[:2] for sentence in read] == [sentence[:2] for sentence in written]


# The official files below the sources: name, sentences, A lines, a blank line at the end.
OFFICIAL = [
    ("bea19/wi+locness/m2/ABC.train.gold.bea19.m2.xz", 34308, 74946, True),
    ("bea19/wi+locness/m2/A.train.gold.bea19.m2.xz", 10493, 31259, True),
    ("bea19/wi+locness/m2/B.train.gold.bea19.m2.xz", 13032, 28205, True),
    ("bea19/wi+locness/m2/C.train.gold.bea19.m2.xz", 10783, 15482, True),
    ("bea19/wi+locness/m2/ABCN.dev.gold.bea19.m2", 4384, 9160, True),
    ("bea19/wi+locness/m2/A.dev.gold.bea19.m2", 1037, 3232, True),
    ("bea19/wi+locness/m2/B.dev.gold.bea19.m2", 1290, 2912, True),
    ("bea19/wi+locness/m2/C.dev.gold.bea19.m2", 1069, 1594, True),
    ("bea19/wi+locness/m2/N.dev.gold.bea19.m2", 988, 1422, True),
    ("conll13/release2.3.1/original/data/official-preprocessed.m2", 1381, 3462, True),
    ("conll13/release2.3.1/revised/data/official-preprocessed.m2", 1381, 3506, True),
    ("conll14/conll14st-test-data/noalt/official-2014.0.m2", 1312, 2391, True),
    ("conll14/conll14st-test-data/noalt/official-2014.1.m2", 1312, 3317, True),
    ("conll14/conll14st-test-data/noalt/official-2014.combined.m2", 1312, 5873, True),
    ("conll14/conll14st-test-data/alt/official-2014.combined-withalt.m2", 1312, 7521, True),
    ("jfleg/EACL_exp/m2converter/dev.ref.m2", 754, 11611, True),
    ("jfleg/EACL_exp/m2converter/test.ref.m2", 747, 10938, False),
]


@pytest.mark.parametrize(("name", "n_sentences", "n_edits", "final_blank"), OFFICIAL)
def test_an_official_file_comes_back_byte_for_byte(
    official_sources: Path, name: str, n_sentences: int, n_edits: int, final_blank: bool
) -> None:
    path = official_sources / name
    if not path.exists():
        pytest.skip(f"this official file is not here: {path}")
    raw = path.read_bytes()
    if path.suffix == ".xz":
        raw = lzma.decompress(raw)
    sentences = list(read_m2(raw.decode().split("\n"), name=name))
    assert len(sentences) == n_sentences
    assert sum(len(sentence.edits) for sentence in sentences) == n_edits
    assert "".join(write_m2(sentences, final_blank=final_blank)).encode() == raw


def test_applied_edits_of_an_official_file_give_the_official_references(
    official_sources: Path,
) -> None:
    # JFLEG comes as M2 and as texts: an oracle for apply_edits that others made. Its M2 was made
    # without regard to case, and 6 of the 2,988 texts were tokenised in another way.
    folder = official_sources / "jfleg"
    path = folder / "EACL_exp/m2converter/test.ref.m2"
    if not path.exists():
        pytest.skip(f"this official file is not here: {path}")
    sentences = list(read_m2(path))
    equal = 0
    for annotator in range(4):
        references = (folder / f"test/test.ref{annotator}").read_text("utf-8").split("\n")
        for sentence, reference in zip(sentences, references, strict=False):
            corrected = apply_edits(sentence.source, sentence.edits, annotator=annotator)
            equal += corrected.lower().split() == reference.lower().split()
    assert (len(sentences), equal) == (747, 2982)
