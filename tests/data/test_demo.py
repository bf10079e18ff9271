"""The demo sources: official formats, official counts, the same bytes everywhere, learnable."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.demo import SMALL_ROWS, SOURCES, write_sources
from wa_data.demo.corpora import CORPORA
from wa_data.errors import UsageError

WI = "wi_locness/wi+locness"
CONLL14 = "conll14/conll14st-test-data/noalt/official-2014.combined.m2"
CONLL13 = "conll13/release2.3.1/revised/data/official-preprocessed.m2"
WIKI = "wikilarge/data-simplification/wikilarge/wiki.full.aner.ori"
CLANG8 = "clang8/output_data/clang8_source_target_en.spacy_tokenized.tsv"

M2_FILES = [
    f"{WI}/m2/ABC.train.gold.bea19.m2",
    f"{WI}/m2/ABCN.dev.gold.bea19.m2",
    CONLL14,
    CONLL13,
]
# Official rows, as the authors state them; parallel files have the same.
PAPER = {
    f"{WI}/m2/ABCN.dev.gold.bea19.m2": 4384,
    f"{WI}/test/ABCN.test.bea19.orig": 4477,
    CONLL14: 1312,
    CONLL13: 1381,
    "jfleg/test/test.ref3": 747,
    "jfleg/dev/dev.src": 754,
    "iterater_human/human_sent_level/train.json": 3254,
    "iterater_human/human_sent_level/dev.json": 400,
    "iterater_human/human_sent_level/test.json": 364,
    "turkcorpus/tune.8turkers.tok.turk.7": 2000,
    "turkcorpus/GEM/test.8turkers.tok.norm": 359,
    "asset/dataset/asset.valid.simp.9": 2000,
    "asset/dataset/asset.test.orig": 359,
    "stsb/stsb_multi_mt/stsb-en-train.csv": 5749,
    "stsb/stsb_multi_mt/stsb-en-dev.csv": 1500,
    "stsb/stsb_multi_mt/stsb-en-test.csv": 1379,
}
SMALL_SOURCES = sorted({path.split("/")[0] for path in PAPER})


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write_sources(folder)
    return folder


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paper")
    counts = write_sources(folder, "paper", only=SMALL_SOURCES)
    assert {path: counts[path] for path in PAPER} == PAPER
    return folder


def text_of(path: Path) -> str:
    return path.read_bytes().decode()


def lines(path: Path) -> list[str]:
    """Split on line feeds only, with or without a last one."""
    return text_of(path).removesuffix("\n").split("\n")


def blocks(path: Path) -> list[tuple[list[str], dict[str, list[list[str]]]]]:
    """Parse M2 anew: (source tokens, edit fields by annotator), noops as no edits."""
    found = []
    text = text_of(path)
    assert text.endswith("\n\n")
    for block in text.removesuffix("\n\n").split("\n\n"):
        head, *rest = block.split("\n")
        assert head.startswith("S ")
        annotators: dict[str, list[list[str]]] = {}
        for line in rest:
            span, kind, correction, required, none, annotator = line.split("|||")
            assert (span[:2], required, none) == ("A ", "REQUIRED", "-NONE-")
            edits = annotators.setdefault(annotator, [])
            if kind == "noop":
                assert (span, correction) == ("A -1 -1", "-NONE-")
            else:
                edits.append([*span[2:].split(" "), kind, correction])
        found.append((head[2:].split(" "), annotators))
    return found


def corrected(source: list[str], edits: list[list[str]]) -> str:
    """Apply edits from the last to the first."""
    tokens = list(source)
    for start, end, _, correction in reversed(edits):
        tokens[int(start) : int(end)] = correction.split(" ") if correction else []
    return " ".join(tokens)


def revisions(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in lines(path)]


def snapshot(folder: Path) -> Mapping[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


# Worked examples.


def test_the_edits_of_a_learner_sentence_lead_back_to_the_clean_one() -> None:
    from wa_data.demo.corruption import find_edits, m2_block

    clean = ["the", "nurse", "often paints", "a", "lamp", ",", "and", "Ann", "to sing", "."]
    wrong = ["the", "nurse", "paints often", "", "lamp", "", "and", "ann", "sing", "."]
    kinds = {2: "R:WO", 3: "M:DET", 5: "M:PUNCT", 7: "R:ORTH", 8: "M:VERB:FORM"}
    edits = find_edits(clean, wrong, kinds)
    assert edits == [
        (2, 4, "R:WO", "often paints"),
        (4, 4, "M:DET", "a"),
        (5, 5, "M:PUNCT", ","),
        (6, 7, "R:ORTH", "Ann"),
        (7, 7, "M:VERB:FORM", "to"),
    ]
    assert m2_block("x .", [(0, edits[:1]), (1, [])], conll=True).split("\n") == [
        "S x .",
        "A 2 4|||WOadv|||often paints|||REQUIRED|||-NONE-|||0",
        "A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||1",
    ]


def test_a_row_is_a_pure_function_of_its_file_and_place() -> None:
    from hashlib import sha256

    from wa_data.demo.grammar import number

    assert number("test.src", 7) == int.from_bytes(sha256(b"test.src:7").digest(), "little")
    # A literal, so that a change of the texts is seen and meant.
    first = next(corpus for corpus in CORPORA if corpus.source == "stsb").row(0)
    assert first == (
        "A musician polishes a difficult postcard in Palermo.,"
        '"In Palermo, a dancer is keeping a difficult garden.",1.917',
    )


# Properties of the small mirror.


def test_two_runs_give_the_same_bytes(small: Path, tmp_path: Path) -> None:
    counts = write_sources(tmp_path)
    assert snapshot(tmp_path) == snapshot(small)
    assert set(counts) == set(snapshot(small))
    assert {path.split("/")[0] for path in counts} == set(SOURCES)
    assert max(counts.values()) == SMALL_ROWS


def test_fewer_rows_are_a_head_of_more_rows(small: Path, tmp_path: Path) -> None:
    write_sources(tmp_path, 50)
    ends = {path: corpus.frame.end for corpus in CORPORA for path in corpus.paths}
    for name, content in snapshot(tmp_path).items():
        head = content.decode().removesuffix(ends[name.split("/", 1)[1]])
        assert text_of(small / name).startswith(head), name


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(CORPORA), st.integers(0, 300))
def test_a_row_alone_is_the_row_of_the_file(corpus: object, row: int) -> None:
    assert isinstance(corpus, type(CORPORA[0]))
    texts = corpus.row(row)
    assert len(texts) == len(corpus.paths)
    assert texts == corpus.row(row)
    if corpus.frame.between in ("\n", "\r\n"):
        assert not any("\n" in text or "\r" in text for text in texts)


@pytest.mark.parametrize("name", M2_FILES)
def test_m2_edits_lie_inside_in_order_and_change_what_they_span(small: Path, name: str) -> None:
    parsed = blocks(small / name)
    assert len(parsed) == SMALL_ROWS
    edited = 0
    for source, annotators in parsed:
        assert all(source)
        for edits in annotators.values():
            end = 0
            for start, stop, kind, correction in edits:
                assert end <= int(start) <= int(stop) <= len(source)
                assert " ".join(source[int(start) : int(stop)]) != correction
                assert kind == "UNK" or kind[0].isupper()
                end = int(stop)
            edited += bool(edits)
    assert edited > SMALL_ROWS / 2


@pytest.mark.parametrize("name", M2_FILES)
def test_the_first_annotators_corrections_are_clean_sentences(small: Path, name: str) -> None:
    from wa_data.demo.grammar import PLAIN

    words = {word for template in PLAIN for slot in template for chunk in slot for word in
             chunk.split(" ")} | {"too"}  # fmt: skip
    words |= {word[:1].upper() + word[1:] for word in words}
    for source, annotators in blocks(small / name):
        clean = corrected(source, annotators.get("0", []))
        assert set(clean.split(" ")) <= words
        assert clean[0].isupper()
        assert clean.endswith(" .")
        assert "  " not in clean


def test_bea_marks_every_unchanged_sentence_and_conll_does_not(small: Path) -> None:
    train = text_of(small / M2_FILES[0])
    assert all(set(annotators) == {"0"} for _, annotators in blocks(small / M2_FILES[0]))
    assert 0.25 < train.count("|||noop|||") / SMALL_ROWS < 0.45
    assert "noop" not in text_of(small / CONLL13)
    assert any(not annotators for _, annotators in blocks(small / CONLL13))
    assert {"R:VERB:SVA", "M:DET", "R:PREP", "R:NOUN:NUM", "R:SPELL", "M:PUNCT", "R:WO"} <= {
        edit[2] for _, found in blocks(small / M2_FILES[0]) for edit in found["0"]
    }


def test_conll14_has_two_annotators_who_differ(small: Path) -> None:
    parsed = blocks(small / CONLL14)
    patterns = Counter(
        tuple((name, bool(edits)) for name, edits in sorted(annotators.items()))
        for _, annotators in parsed
    )
    assert patterns.most_common(1)[0][0] == (("0", True), ("1", True))
    assert {
        (),
        (("0", True),),
        (("0", True), ("1", False)),
        (("0", False), ("1", True)),
    } < set(patterns)
    assert any(found["0"] != found["1"] for _, found in parsed if len(found) == 2)
    types = {edit[2] for _, found in parsed for edits in found.values() for edit in edits}
    assert {"SVA", "ArtOrDet", "Nn", "Prep", "Mec", "Wci"} <= types
    assert not any(":" in kind for kind in types)


def test_parallel_files_have_equal_line_counts(small: Path) -> None:
    for corpus in CORPORA:
        if len(corpus.paths) > 1:
            counts = {len(lines(small / corpus.source / path)) for path in corpus.paths}
            assert counts == {min(SMALL_ROWS, corpus.rows)}


def test_turkcorpus_is_lower_cased_at_the_top_and_cased_below_gem(small: Path) -> None:
    top = text_of(small / "turkcorpus/test.8turkers.tok.norm")
    gem = text_of(small / "turkcorpus/GEM/test.8turkers.tok.norm")
    assert top == top.lower()
    assert not top.endswith("\n")
    assert gem.endswith("\n")
    assert "-lrb-" in top
    assert " ( " in gem
    assert gem.removesuffix("\n").lower() == top.replace("-lrb-", "(").replace("-rrb-", ")")


def test_the_simplification_sets_share_their_sources_as_the_official_ones_do(small: Path) -> None:
    def key(text: str) -> str:
        return "".join(char for char in text.lower() if char.isalnum())

    def keys(path: str) -> list[str]:
        plain = (
            line.lower().replace("-lrb-", "").replace("-rrb-", "") for line in lines(small / path)
        )
        return list(map(key, plain))

    assert keys("asset/dataset/asset.valid.orig") == keys("turkcorpus/tune.8turkers.tok.norm")
    assert keys("asset/dataset/asset.test.orig") == keys("turkcorpus/test.8turkers.tok.norm")
    assert keys(f"{WIKI}.test.src") == keys("turkcorpus/test.8turkers.tok.norm")
    tests = set(keys(f"{WIKI}.test.src"))
    assert [row for row, text in enumerate(keys(f"{WIKI}.train.src")) if text in tests] == [3, 4]


def test_wikilarge_escapes_brackets_and_slashes_and_holds_identical_pairs(small: Path) -> None:
    sources, targets = lines(small / f"{WIKI}.train.src"), lines(small / f"{WIKI}.train.dst")
    assert any("-LRB-" in source for source in sources)
    assert not any("(" in source for source in sources)
    assert "\u00a0" in "".join(sources)
    identical = sum(map(str.__eq__, sources, targets))
    assert 0.2 < identical / SMALL_ROWS < 0.4
    row = next(row for row in range(3000) if "/" in CORPORA_BY_PATH["train.src"](row)[0])
    assert "\\/" in CORPORA_BY_PATH["train.src"](row)[0]


CORPORA_BY_PATH = {
    corpus.paths[0].split("ori.")[1]: corpus.row
    for corpus in CORPORA
    if corpus.source == "wikilarge"
}


def test_wnc_has_seven_tab_fields_and_pairs_that_differ(small: Path) -> None:
    quoted = 0
    for line in lines(small / "wnc/bias_data/WNC/biased.word.train"):
        number, source, target, raw_source, raw_target, tags, relations = line.split("\t")
        assert number.isdigit()
        assert line == line.lower() or raw_source == raw_source.lower()
        assert raw_source != raw_target
        assert len(source.split(" ")) == len(tags.split(" ")) == len(relations.split(" "))
        assert source.replace(" ##", "").replace(" ", "") == raw_source.replace(" ", "")
        assert target.replace(" ##", "").replace(" ", "") == raw_target.replace(" ", "")
        quoted += raw_source.startswith('"')
    assert quoted == 3


def test_stsb_is_quoted_where_a_sentence_has_a_comma_and_ends_lines_with_crlf(small: Path) -> None:
    text = text_of(small / "stsb/stsb_multi_mt/stsb-en-train.csv")
    assert text.count("\r\n") == text.count("\n") == SMALL_ROWS
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert all(len(row) == 3 and 0 <= float(row[2]) <= 5 for row in rows)
    assert any("," in row[0] + row[1] for row in rows)
    assert '""' in text
    assert all(row[0] != row[1] for row in rows)


@pytest.mark.parametrize(
    "name", ["alpaca/alpaca_data.json", "alpaca_gpt4/data/alpaca_gpt4_data.json"]
)
def test_alpaca_is_one_json_array_indented_by_four(small: Path, name: str) -> None:
    text = text_of(small / name)
    items = json.loads(text)
    assert text == json.dumps(items, indent=4)
    assert [list(item) for item in items] == [["instruction", "input", "output"]] * SMALL_ROWS
    assert 0.5 < sum(not item["input"] for item in items) / SMALL_ROWS < 0.7
    assert not any("{" in item["instruction"] + item["output"] for item in items)


def test_the_two_alpacas_share_instructions_but_not_answers(small: Path) -> None:
    one = json.loads(text_of(small / "alpaca/alpaca_data.json"))
    two = json.loads(text_of(small / "alpaca_gpt4/data/alpaca_gpt4_data.json"))
    for left, right in zip(one, two, strict=True):
        assert (left["instruction"], left["input"]) == (right["instruction"], right["input"])
        assert left["output"] != right["output"]
    assert [row for row, item in enumerate(one) if not item["output"]] == [100]


def test_clang8_has_two_tokenised_columns_and_takes_more_rows_than_the_official(
    small: Path,
) -> None:
    corpus = next(corpus for corpus in CORPORA if corpus.source == "clang8")
    pairs = [line.split("\t") for line in lines(small / CLANG8)]
    assert {len(pair) for pair in pairs} == {2}
    assert 0.3 < sum(source == target for source, target in pairs) / SMALL_ROWS < 0.7
    assert corpus.unbounded
    assert corpus.row(2_400_000 - 1)[0].count("\t") == 1


def test_small_iterater_files_hold_every_label_in_its_share(small: Path) -> None:
    labels = Counter(
        row["labels"] for row in revisions(small / "iterater_v2/sent-level.train.intents.json")
    )
    assert set(labels) == {"fluency", "clarity", "coherence", "style", "meaning-changed", "others"}
    assert abs(labels["coherence"] - SMALL_ROWS * 30_000 / 292_929) <= 1
    human = revisions(small / "iterater_human/human_sent_level/test.json")
    for row in human:
        assert row["before_sent_with_intent"] == f"<{row['labels']}> {row['before_sent']}"
        assert row["before_sent"] != row["after_sent"]


def test_wi_train_repeats_five_dev_rows_and_no_other(small: Path) -> None:
    train = [" ".join(source) for source, _ in blocks(small / M2_FILES[0])]
    dev = [" ".join(source) for source, _ in blocks(small / M2_FILES[1])]
    assert [row for row, text in enumerate(train) if text in set(dev)] == [5, 6, 7]
    assert train[5:8] == dev[:3]
    assert [text.replace(" too .", " .") for text in train[8:10]] == dev[3:5]
    assert train[8] != dev[3]


def test_sentences_are_of_ordinary_length_and_mostly_distinct(small: Path) -> None:
    for name in (f"{WIKI}.train.src", f"{WI}/test/ABCN.test.bea19.orig", "jfleg/test/test.src"):
        texts = lines(small / name)
        assert len(set(texts)) == len(texts)
        assert all(6 <= len(text.split(" ")) <= 35 for text in texts), name
    rows = [CORPORA_BY_PATH["train.src"](row)[0] for row in range(5000)]
    assert len(set(rows)) > 0.999 * len(rows)


# Official counts.


def test_the_paper_counts_hold_for_the_small_files(paper: Path) -> None:
    for path, rows in PAPER.items():
        found = len(blocks(paper / path)) if path.endswith(".m2") else len(lines(paper / path))
        assert found == rows, path


def test_iterater_human_has_the_official_labels_and_one_deletion_each(paper: Path) -> None:
    def count(split: str, kept: bool) -> tuple[int, ...]:
        rows = revisions(paper / f"iterater_human/human_sent_level/{split}.json")
        labels = Counter(row["labels"] for row in rows if not kept or len(row["after_sent"]) > 1)
        return tuple(labels[name] for name in ("fluency", "clarity", "coherence"))

    assert count("test", kept=False) == (88, 186, 36)
    assert count("test", kept=True) == (88, 185, 35)
    assert count("dev", kept=False) == (115, 157, 46)
    assert count("train", kept=False) == (739, 1258, 311)
    assert count("train", kept=True) == (739, 1253, 275)


@pytest.mark.parametrize(("split", "fives"), [("train", 266), ("dev", 56), ("test", 97)])
def test_stsb_has_the_official_number_of_fives(paper: Path, split: str, fives: int) -> None:
    text = text_of(paper / f"stsb/stsb_multi_mt/stsb-en-{split}.csv")
    rows = csv.reader(io.StringIO(text, newline=""))
    assert sum(float(row[2]) == 5 for row in rows) == fives


def test_the_large_files_have_the_official_counts_without_being_written() -> None:
    rows = {corpus.paths[0]: corpus.rows for corpus in CORPORA}
    assert rows["wi+locness/m2/ABC.train.gold.bea19.m2"] == 34308
    assert [rows[f"sent-level.{split}.intents.json"] for split in ("train", "dev", "test")] == [
        292929,
        34029,
        39511,
    ]
    assert rows["data-simplification/wikilarge/wiki.full.aner.ori.train.src"] == 296402
    assert rows["bias_data/WNC/biased.word.train"] == 53803
    assert rows["alpaca_data.json"] == rows["data/alpaca_gpt4_data.json"] == 52002
    assert rows["output_data/clang8_source_target_en.spacy_tokenized.tsv"] == 2372119
    alpaca = next(corpus for corpus in CORPORA if corpus.source == "alpaca")
    empty = [row for row in range(100, 52002, 1857) if '"output": ""' in alpaca.row(row)[0]]
    assert len(empty) == 28


# Errors.


def test_an_unknown_source_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'jflag' does not exist \(did you mean 'jfleg'\?\)"):
        write_sources(tmp_path, only=["jflag"])
    assert not list(tmp_path.iterdir())


def test_rows_must_be_one_or_more(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rows is 0"):
        write_sources(tmp_path, 0)


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wa_data.demo.rows as rows

    def fail(name: str, row: int) -> int:
        if row > 20:
            raise OSError("disk full")
        return row

    monkeypatch.setattr(rows, "number", fail)
    with pytest.raises(OSError, match="disk full"):
        write_sources(tmp_path, 50, only=["conll13"])
    assert snapshot(tmp_path) == {}


# The probe.


def test_the_probe_asks_a_hundred_things_and_ends_with_the_two_of_the_paper() -> None:
    text = files("wa_data").joinpath("probe.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.removesuffix("\n").split("\n")]
    assert len(rows) >= 102
    assert all(list(row) == ["instruction", "input", "category"] for row in rows)
    assert len({(row["instruction"], row["input"]) for row in rows}) == len(rows)
    assert 0.25 < sum(bool(row["input"]) for row in rows) / len(rows) < 0.45
    assert rows[-2:] == [
        {"instruction": "Tell me about panda.", "input": "", "category": "paper"},
        {
            "instruction": "Paraphrase the text.",
            "input": "Dear Mrs Ashby, My name is Andrea Cocci.",
            "category": "paper",
        },
    ]
