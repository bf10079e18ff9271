"""The commands that score files, as a user types them; the library's figures are the oracle."""

from __future__ import annotations

import gzip
import json
import lzma
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wa_metrics.gleu import GLEU
from wa_metrics.metric import Metric
from wa_metrics.sari import SARI

from .command import WA_METRICS, bad, good, write

SOURCES = ["He go home .", "The dog , it barks , loud .", "Well .", "She has a cats ."]
REFERENCES = [
    ["He goes home .", "The dog barks loudly .", "Well .", "She has cats ."],
    ["He went home .", "The dog is barking loudly .", "Fine .", "She has a cat ."],
]
TEXTS = ["He goes home .", "The dog barks , loudly .", "Well .", "She have a cat ."]
WORSE = ["He go a home .", "Dog .", "Well", "She has has a cats ."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("texts")
    write(made / "src", *SOURCES)
    write(made / "hyp", *TEXTS)
    write(made / "worse", *WORSE)
    for number, texts in enumerate(REFERENCES):
        write(made / f"ref{number}", *texts)
    return made


def files(folder: Path, hypothesis: str = "hyp") -> list[object]:
    return [
        "--src", folder / "src", "--ref", folder / "ref0", "--ref", folder / "ref1",
        "--hyp", folder / hypothesis,
    ]  # fmt: skip


GOLD: dict[str, Any] = {
    "sources": SOURCES,
    "references": [list(texts) for texts in zip(*REFERENCES, strict=True)],
}


@pytest.mark.parametrize(
    ("words", "metric"),
    [
        (["sari"], SARI()),
        (["sari", "--variant", "hf"], SARI("hf")),
        (["sari", "--variant", "hf-evaluate"], SARI("hf-evaluate")),
        (["sari", "--variant", "editeval"], SARI("editeval")),
        (["sari", "--tokenize", "none", "--cased"], SARI(tokenize="none", lowercase=False)),
        (["sari", "--delete", "precision"], SARI(delete="precision")),
        (["gleu"], GLEU()),
        (["gleu", "--rng", "py3", "--iterations", "7"], GLEU(rng="py3", iterations=7)),
        (["gleu", "--variant", "editeval"], GLEU(variant="editeval")),
        (["gleu", "--tokenize", "treebank"], GLEU(tokenize="treebank")),
    ],
)
def test_json_is_the_librarys_score_in_full(
    folder: Path, words: list[str], metric: Metric[Any]
) -> None:
    expected = metric.corpus_score(predictions=TEXTS, **GOLD)
    found = json.loads(good(*words, *files(folder), "--json"))
    for name in ("fkgl", "compression_ratio"):
        found.pop(name, None)
    assert found == json.loads(json.dumps(expected.to_dict(), default=lambda value: value.tolist()))
    assert 0 < expected.score < 100


@pytest.mark.parametrize("command", ["sari", "gleu"])
def test_the_number_alone_is_shown_with_the_decimals_asked_for(folder: Path, command: str) -> None:
    metric: Metric[Any] = SARI() if command == "sari" else GLEU()
    score = metric.corpus_score(predictions=TEXTS, **GOLD).score
    assert good(command, *files(folder), "-b") == f"{score:.2f}\n"
    assert good(command, *files(folder), "--score-only", "-w", "5") == f"{score:.5f}\n"


def test_words_are_lines_of_name_and_value_with_the_signature(folder: Path) -> None:
    score = SARI().corpus_score(predictions=TEXTS, **GOLD, ci=True, resamples=200, seed=3)
    shown = good("sari", *files(folder), "--ci", "--resamples", "200", "--seed", "3")
    lines = dict(line.split("\t") for line in shown.splitlines())
    assert score.ci is not None
    assert lines["sari-easse"] == f"{score.score:.2f}"
    assert lines["95 % interval"] == f"{score.ci.low:.2f} .. {score.ci.high:.2f}"
    record = json.loads(good("sari", *files(folder), "--ci", "--seed", "3", "--json"))
    assert (record["ci"]["seed"], record["ci"]["resamples"]) == (3, 1000)
    assert lines["keep"] == f"{score.parts['keep']:.2f}"
    assert lines["sentences"] == "4"
    assert lines["signature"] == score.signature


def test_sari_shows_readability_and_compression_beside_the_score(folder: Path) -> None:
    from wa_metrics.readability import compression_ratio, fkgl

    record = json.loads(good("sari", *files(folder), "--json"))
    assert record["fkgl"] == fkgl(TEXTS)
    assert record["compression_ratio"] == compression_ratio(predictions=TEXTS, sources=SOURCES)
    lines = dict(line.split("\t") for line in good("sari", *files(folder)).splitlines())
    assert lines["fkgl"] == f"{fkgl(TEXTS):.2f}"


def test_output_without_a_word_is_scored_and_has_no_grade(folder: Path) -> None:
    write(folder / "nothing", "", "", "", "")
    record = json.loads(good("sari", *files(folder, "nothing"), "--json"))
    assert record["score"] > 0
    assert record["fkgl"] is None
    assert record["compression_ratio"] == 0
    assert "\nfkgl\t-\n" in good("sari", *files(folder, "nothing"))


@pytest.mark.parametrize("command", ["sari", "gleu"])
def test_sentence_scores_are_one_a_line(folder: Path, command: str) -> None:
    metric: Metric[Any] = SARI() if command == "sari" else GLEU()
    scores = metric.sentence_scores(predictions=TEXTS, **GOLD).tolist()
    shown = good(command, *files(folder), "--sentence").splitlines()
    assert shown == [f"{score:.2f}" for score in scores]
    records = good(command, *files(folder), "--sentence", "--json").splitlines()
    assert [json.loads(line) for line in records] == [
        {"sentence": number, "score": score} for number, score in enumerate(scores, 1)
    ]


def test_packed_files_and_the_standard_input_are_read(folder: Path) -> None:
    expected = good("sari", *files(folder))
    for name, pack in (("src.gz", gzip.compress), ("hyp.xz", lzma.compress)):
        (folder / name).write_bytes(pack((folder / name[:3]).read_bytes()))
    references = ["--ref", folder / "ref0", "--ref", folder / "ref1"]
    packed = ["--src", folder / "src.gz", *references, "--hyp", folder / "hyp.xz"]
    assert good("sari", *packed) == expected
    piped = ["--src", folder / "src", *references, "--hyp", "-"]
    assert good("sari", *piped, text="\n".join(TEXTS)) == expected


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["sari", "--src", "{}/src", "--ref", "{}/ref0", "--hyp", "{}/no"], ["no: No such file"]),
        (["sari", "--src", "{}", "--ref", "{}/ref0", "--hyp", "{}/hyp"], ["directory"]),
        (["sari", "--ref", "{}/ref0", "--hyp", "{}/hyp"], ["--src"]),
        (["sari", "--src", "{}/src", "--hyp", "{}/hyp"], ["--ref"]),
        (["gleu", "--src", "-", "--ref", "-", "--hyp", "{}/hyp"], ["`-`", "once"]),
        (["gleu", "--src", "{}/src", "--ref", "{}/ref0", "--hyp", "{}/short"],
         ["src: 4, ", "short: 1, ", "ref0: 4"]),
        (["gleu", "--src", "{}/src", "--ref", "{}/ref0", "--hyp", "{}/crlf"],
         ["crlf:1: expected line ends of LF alone, got CRLF"]),
        (["gleu", "--src", "{}/src", "--ref", "{}/ref0", "--hyp", "{}/latin"],
         ["latin:1: expected UTF-8"]),
        (["gleu", "--src", "{}/src", "--ref", "{}/ref0", "--hyp", "{}/empty"],
         ["empty: expected at least one line"]),
        (["sari", *"--src {}/src --ref {}/ref0 --hyp {}/hyp --variant ease".split()],
         ["'ease' is not one of", "'easse'"]),
        (["sari", *"--src {}/src --ref {}/ref0 --hyp {}/hyp --tokenize 14a".split()], ["14a"]),
        (["sari", *"--src {}/src --ref {}/ref0 --hyp {}/hyp -b --json".split()],
         ["--json and --score-only"]),
        (["sari", *"--src {}/src --ref {}/ref0 --hyp {}/hyp --sentence --ci".split()], ["--ci"]),
        (["gleu", *"--src {}/src --ref {}/ref0 --hyp {}/hyp --variant editeval "
          "--tokenize spacy".split()], ["variant='editeval'"]),
        (["gleu", *"--src {}/src --ref {}/ref0 --hyp {}/hyp --iterations 0".split()],
         ["--iterations"]),
        (["score"], ["PREDICTIONS"]),
        (["scores"], ["No such command 'scores'"]),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_error_on_stderr_and_exit_code_2(
    folder: Path, words: list[str], parts: list[str]
) -> None:
    write(folder / "short", "One .")
    (folder / "crlf").write_bytes(b"One .\r\nTwo .\r\n")
    (folder / "latin").write_bytes("Café .\n".encode("latin-1"))
    (folder / "empty").write_bytes(b"")
    said = bad(*(word.format(folder) for word in words))
    for part in parts:
        assert part in said
    assert "error: " in said.lower()


def test_variants_lists_every_word(folder: Path) -> None:
    rows = json.loads(good("variants", "--json"))
    assert {row["metric"] for row in rows} >= {"sari-easse", "gleu-py2", "m2", "errant", "none"}
    assert all(row["installed"] for row in rows)
    table = [line.split("\t") for line in good("variants").splitlines()]
    assert [line[0] for line in table] == ["metric", *(row["metric"] for row in rows)]
    assert {len(line) for line in table} == {6}


def test_the_version_is_the_packages() -> None:
    from importlib.metadata import version

    assert good("--version") == f"wa-metrics, version {version('wa-metrics')}\n"


def test_help_loads_nothing_heavy_and_every_command_has_some() -> None:
    code = (
        "import sys; from wa_metrics.cli import cli\n"
        "try: cli.main(sys.argv[1:])\n"
        "finally: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    commands = "sari gleu m2 errant annotate compare score submission variants".split()
    for words in ([], *([command] for command in commands)):
        done = subprocess.run(
            [sys.executable, "-c", code, *words, "--help"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.startswith("Usage: ")
        loaded = set(done.stderr.split())
        assert not loaded & {"numpy", "spacy", "errant", "nltk", "sacrebleu", "pyarrow"}, words
        if not words:
            for command in commands:
                assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize("words", [["sari", "--sentence"], ["gleu", "--sentence", "--json"]])
def test_head_closes_the_pipe_without_a_traceback(
    tmp_path: Path, folder: Path, words: list[str]
) -> None:
    for name in ("src", "ref0", "ref1", "hyp"):
        (tmp_path / name).write_bytes((folder / name).read_bytes() * 4000)
    child = subprocess.Popen(
        [*WA_METRICS, *map(str, (*words, *files(tmp_path)))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait(timeout=60) == 0
