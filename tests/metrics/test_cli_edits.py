"""`m2`, `errant` and `annotate`, as a user types them; hand-worked counts and the library."""

from __future__ import annotations

import gzip
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wa_metrics.errant import ERRANT
from wa_metrics.errant.annotation import annotate
from wa_metrics.m2 import read_m2, write_m2
from wa_metrics.maxmatch import M2
from wa_metrics.metric import Metric

from .command import WA_METRICS, bad, good, run, write

# Three gold edits of one annotator; the second sentence has two annotators, one content with it.
GOLD = [
    "S He go home at night .",
    "A 1 2|||R:VERB:SVA|||goes|||REQUIRED|||-NONE-|||0",
    "",
    "S The dog bark loud .",
    "A 2 3|||R:VERB:SVA|||barks|||REQUIRED|||-NONE-|||0",
    "A 3 4|||R:ADV|||loudly|||REQUIRED|||-NONE-|||0",
    "A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||1",
    "",
    "S Well .",
    "",
]
SOURCES = ["He go home at night .", "The dog bark loud .", "Well ."]
# Right; half right; an edit where none should be.
TEXTS = ["He goes home at night .", "The dog barks loud .", "Well well ."]
WORSE = ["He go home at nights .", "The dog bark loud .", "Well ."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("edits")
    write(made / "gold.m2", *GOLD)
    write(made / "src", *SOURCES)
    write(made / "hyp", *TEXTS)
    write(made / "worse", *WORSE)
    write(made / "natural", "He goes home at night.", "The dog barks loud.", "Well well.")
    return made


def files(folder: Path, hypothesis: str = "hyp") -> list[object]:
    return ["--gold", folder / "gold.m2", "--hyp", folder / hypothesis]


@pytest.mark.parametrize("command", ["m2", "errant"])
def test_counts_are_those_worked_out_by_hand(folder: Path, command: str) -> None:
    """2 right (goes, barks), 1 wrong (well), 1 missed (loudly): P 2/3, R 2/3."""
    record = json.loads(good(command, *files(folder), "--json"))
    parts = record["parts"]
    assert [parts[name] for name in ("tp", "fp", "fn")] == [2, 1, 1]
    for name in ("p", "r", "f"):
        assert parts[name] == pytest.approx(200 / 3, abs=0.005)
    assert record["score"] == pytest.approx(200 / 3, abs=0.005)
    assert record["n"] == 3
    assert record["metric"] == command


@pytest.mark.parametrize(
    ("words", "metric"),
    [
        (["m2"], M2()),
        (["m2", "--beta", "1"], M2(beta=1.0)),
        (["m2", "--max-unchanged-words", "0"], M2(max_unchanged_words=0)),
        (["m2", "--ignore-whitespace-casing"], M2(ignore_whitespace_casing=True)),
        (["m2", "--tokenize", "treebank"], M2(tokenize="treebank")),
        (["errant"], ERRANT()),
        (["errant", "--mode", "cse", "--beta", "1"], ERRANT(mode="cse", beta=1.0)),
        (["errant", "--mode", "dt"], ERRANT(mode="dt")),
        (["errant", "--single"], ERRANT(single=True)),
        (["errant", "--multi"], ERRANT(multi=True)),
        (["errant", "--filt", "R:ADV", "--filt", "R:OTHER"], ERRANT(filt=("R:ADV", "R:OTHER"))),
        (["errant", "--tokenize", "spacy"], ERRANT(tokenize="spacy")),
        (["errant", "--workers", "2"], ERRANT()),
    ],
)
def test_json_is_the_librarys_score_in_full(
    folder: Path, words: list[str], metric: Metric[Any]
) -> None:
    expected = metric.corpus_score(
        references=tuple(read_m2(folder / "gold.m2")), predictions=TEXTS, ci=True
    )
    found = json.loads(good(*words, *files(folder), "--json", "--ci"))
    assert found == json.loads(json.dumps(expected.to_dict(), default=lambda value: value.tolist()))


@pytest.mark.parametrize("command", ["m2", "errant"])
def test_the_score_is_shown_in_words_alone_and_by_sentence(folder: Path, command: str) -> None:
    lines = dict(line.split("\t") for line in good(command, *files(folder)).splitlines())
    assert lines[command] == "66.67"
    assert [lines[name] for name in ("tp", "fp", "fn", "sentences")] == ["2", "1", "1", "3"]
    assert lines["signature"].endswith("|version:0.1.0")
    assert good(command, *files(folder), "-b") == "66.67\n"
    assert good(command, *files(folder), "--sentence").splitlines()[0] == "100.00"


def test_errant_breaks_down_by_error_type(folder: Path) -> None:
    record = json.loads(good("errant", *files(folder), "--cat", "2", "--json"))
    assert record["categories"]["VERB:SVA"]["tp"] == 2
    assert record["categories"]["ADV"]["fn"] == 1
    shown = good("errant", *files(folder), "--cat", "1")
    table = [line.split("\t") for line in shown.partition("\n\n")[2].splitlines()]
    assert table[0][:4] == ["categories", "tp", "fp", "fn"]
    assert ["R", "2", "0", "1", "100.00", "66.67", "90.91"] in table
    assert "categories" not in good("errant", *files(folder))


def test_natural_output_is_tokenised_where_asked_for(folder: Path) -> None:
    for command, how in (("m2", "treebank"), ("errant", "spacy")):
        tokens = json.loads(good(command, *files(folder), "--json"))
        natural = json.loads(good(command, *files(folder, "natural"), "--json", "--tokenize", how))
        assert natural["parts"] == tokens["parts"]
        assert f"tok:{how}" in natural["signature"]


def test_errant_takes_annotated_output(folder: Path) -> None:
    out = folder / "hyp.m2"
    assert good("annotate", "--src", folder / "src", "--hyp", folder / "hyp", "-o", out) == ""
    (folder / "hyp.m2.gz").write_bytes(gzip.compress(out.read_bytes()))
    expected = json.loads(good("errant", *files(folder), "--json"))
    for name in ("hyp.m2", "hyp.m2.gz"):
        found = json.loads(good("errant", *files(folder, name), "--json"))
        assert (found["parts"], found["score"]) == (expected["parts"], expected["score"])


def test_gold_may_be_packed_or_come_from_the_standard_input(folder: Path) -> None:
    (folder / "gold.m2.gz").write_bytes(gzip.compress((folder / "gold.m2").read_bytes()))
    expected = good("m2", *files(folder))
    hyp = ["--hyp", folder / "hyp"]
    assert good("m2", "--gold", folder / "gold.m2.gz", *hyp) == expected
    assert good("m2", "--gold", "-", *hyp, text="\n".join(GOLD)) == expected


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["--merge", "all-merge"], {"merge": "all-merge"}),
        (["--lev"], {"lev": True}),
        (["--tok"], {"tok": True}),
    ],
)
def test_annotate_writes_what_the_library_finds(
    folder: Path, words: list[str], options: dict[str, Any]
) -> None:
    sources = ["The dog bark loud .", "He like walk in park.", "A end begin cold time ."]
    systems = [
        ["A cat barks so loudly .", "He likes walks in the park!", "The old cats begin ."],
        ["The dog bark loud .", "He like walk in park.", "An end begin cold time ."],
    ]
    source = write(folder / "annotate.src", *sources)
    files = [
        ["--hyp", write(folder / f"annotate.{number}", *texts)]
        for number, texts in enumerate(systems)
    ]
    shown = good("annotate", "--src", source, *files[0], *files[1], *words, "-o", "-")
    assert shown == "".join(write_m2(annotate(sources=sources, hypotheses=systems, **options)))
    plain = "".join(write_m2(annotate(sources=sources, hypotheses=systems)))
    assert (shown == plain) == (not options), "the texts do not show what the option does"


def test_processes_change_nothing(folder: Path) -> None:
    words = ["annotate", "--src", folder / "src", "--hyp", folder / "hyp", "-o", "-"]
    assert good(*words, "--workers", "2") == good(*words)


def test_a_copy_has_no_edit_but_noop(folder: Path) -> None:
    shown = good("annotate", "--src", folder / "src", "--hyp", folder / "src", "-o", "-")
    assert [line[:6] for line in shown.splitlines() if line[:1] == "A"] == ["A -1 -"] * 3


def test_m2_systems_are_compared(folder: Path) -> None:
    words = ["compare", "--gold", folder / "gold.m2", folder / "worse", folder / "hyp", "--json"]
    for metric in (M2(), ERRANT()):
        report = json.loads(good(*words, "--metric", metric.name, "--resamples", "50"))
        gold = tuple(read_m2(folder / "gold.m2"))
        scores = [
            metric.corpus_score(references=gold, predictions=texts).score
            for texts in (WORSE, TEXTS)
        ]
        assert [system["score"] for system in report["systems"]] == scores
        assert report["systems"][1]["delta"] == scores[1] - scores[0] > 0


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["m2", "--gold", "{}/src", "--hyp", "{}/hyp"], ["src:1: expected `S tokens`"]),
        (["m2", "--gold", "{}/bad.m2", "--hyp", "{}/hyp"], ["bad.m2:2: expected 6 fields"]),
        (["m2", "--gold", "{}/crlf.m2", "--hyp", "{}/hyp"], ["crlf.m2:1: ", "CRLF"]),
        (["m2", "--gold", "{}/empty.m2", "--hyp", "{}/hyp"], ["empty.m2: ", "empty file"]),
        (["errant", "--gold", "{}/gold.m2", "--hyp", "{}/short"],
         ["as many sentences each", "gold.m2: 3, ", "short: 1"]),
        (["errant", "--gold", "{}/gold.m2", "--hyp", "{}/other.m2"], ["source"]),
        (["errant", *"--gold {}/gold.m2 --hyp {}/hyp --single --multi".split()], ["--multi"]),
        (["errant", *"--gold {}/gold.m2 --hyp {}/hyp --mode x".split()], ["'x' is not one of"]),
        (["errant", *"--gold {}/gold.m2 --hyp {}/hyp --cat 4".split()], ["--cat"]),
        (["m2", *"--gold {}/gold.m2 --hyp {}/hyp --beta 0".split()], ["--beta"]),
        (["m2", *"--gold {}/gold.m2 --hyp {}/other.m2".split()], ["other.m2"]),
        (["annotate", *"--src {}/src --hyp {}/short -o {}/out.m2".split()], ["short: 1"]),
        (["annotate", *"--src {}/src --hyp {}/hyp".split()], ["-o"]),
        (["annotate", *"--src {}/src --hyp {}/hyp -o {}/no/out.m2".split()], ["a folder that"]),
        (["annotate", *"--src {}/src --hyp {}/hyp -o {}/out.m2.gz".split()], ["without .gz"]),
        (["annotate", *"--src {}/src --hyp {}/hyp -o {}/src".split()], ["would replace an input"]),
        (["annotate", *"--src {}/lines --hyp {}/lines -o {}/out.m2".split()],
         ["lines: expected texts", "M2 file"]),
        (["errant", *"--gold {}/gold.m2 --hyp {}/lines".split()], ["ends in .m2"]),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_error_on_stderr_and_exit_code_2(
    folder: Path, words: list[str], parts: list[str]
) -> None:
    write(folder / "short", "One .")
    write(folder / "bad.m2", "S One .", "A 0 1|||R")
    write(folder / "lines", *(folder / "gold.m2").read_text(encoding="utf-8").splitlines())
    write(folder / "other.m2", *(line for text in WORSE for line in (f"S {text}", "")))
    (folder / "crlf.m2").write_bytes(b"S One .\r\n\r\n")
    (folder / "empty.m2").write_bytes(b"")
    said = bad(*(word.format(folder) for word in words))
    for part in parts:
        assert part in said
    assert not (folder / "out.m2").exists()


def test_annotate_leaves_the_file_as_it_was_when_it_fails(folder: Path, tmp_path: Path) -> None:
    out = write(tmp_path / "out.m2", "before")
    code = (
        "import wa_metrics.errant.annotation as module\n"
        "def fail(**options):\n"
        "    yield from list(found(**options))[:1]\n"
        "    raise KeyboardInterrupt\n"
        "found, module.annotate = module.annotate, fail\n"
        "from wa_metrics.cli import main; main()"
    )
    words = ["annotate", "--src", folder / "src", "--hyp", folder / "hyp", "-o", out]
    done = subprocess.run(
        [WA_METRICS[0], "-c", code, *map(str, words)], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 130
    assert out.read_text() == "before\n"
    assert list(tmp_path.iterdir()) == [out]


def test_without_errant_its_install_command_is_named(folder: Path) -> None:
    code = (
        "import importlib.util as util, sys\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'errant' else find(name, *more)\n"
        "from wa_metrics.cli import main; main()"
    )
    for words in (
        ["errant", *files(folder)],
        ["annotate", "--src", folder / "src", "--hyp", folder / "hyp", "-o", folder / "out.m2"],
    ):
        done = subprocess.run(
            [WA_METRICS[0], "-c", code, *map(str, words)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert "pip install 'wa-metrics[errant]'" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (folder / "out.m2").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_progress_is_shown_on_a_terminal_alone(folder: Path) -> None:
    words = ["annotate", "--src", folder / "src", "--hyp", folder / "hyp", "-o", "-"]
    assert run(*words).stderr == ""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([*WA_METRICS, *map(str, words)], stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    out, _ = child.communicate(timeout=60)
    said = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "annotate" in said
    assert "100%" in said
    assert out.decode() == good(*words)
