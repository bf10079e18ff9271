"""What a tuning made a model forget: the paper's cases, on both sides of the thresholds.

arXiv 2305.13225 v2, Table 6: without generic instructions in its training, a model edits "Tell me
about panda." instead of answering it, and paraphrases by correcting grammar alone. The outputs here
are ours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_analysis.answers import (
    ANSWER_THRESHOLD,
    PARAPHRASE_THRESHOLD,
    Share,
    judge_answer,
    measure_similarity,
)
from wa_analysis.asked import read_asked
from wa_analysis.errors import InputError
from wa_analysis.forgetting import Change, Forgetting, Trial, measure_forgetting
from wa_metrics.significance import paired_bootstrap

from .command import bad, good, row, run, write, write_rows

PANDA = "Tell me about panda."
ANSWER = "Pandas are black and white bears. They live in the mountains of China and eat bamboo."
SOURCE = "The boy play football in the park with his friend."
CORRECTED = "The boy plays football in the park with his friend."
PARAPHRASE = "Together with a friend, the boy is having a game of football in the park."


def no_edits(outputs: Sequence[Any]) -> Any:
    raise AssertionError("nothing here counts edits")


# -- the paper's cases


@pytest.mark.parametrize("output", [PANDA, "Tell me about pandas.", "tell me about the panda ."])
def test_an_instruction_that_comes_back_corrected_is_edited(output: str) -> None:
    assert judge_answer(output, instruction=PANDA).verdict == "edited"
    assert measure_similarity(output, PANDA) >= ANSWER_THRESHOLD


@pytest.mark.parametrize(
    "output", [ANSWER, "A panda is a bear.", f"{PANDA} {ANSWER}", "I do not know."]
)
def test_an_instruction_that_is_followed_is_answered(output: str) -> None:
    assert judge_answer(output, instruction=PANDA).verdict == "answered"
    assert measure_similarity(output, PANDA) < ANSWER_THRESHOLD


def test_a_corrected_sentence_is_no_paraphrase() -> None:
    assert measure_similarity(CORRECTED, SOURCE) >= PARAPHRASE_THRESHOLD
    assert measure_similarity(PARAPHRASE, SOURCE) < PARAPHRASE_THRESHOLD


def test_an_input_that_comes_back_is_edited_and_an_empty_output_is_neither() -> None:
    instruction, text = "Say who is the tallest.", "Ana is taller than Ben."
    judge = partial(judge_answer, instruction=instruction, text=text)
    assert judge("Ana is tall than Ben.").verdict == "edited"
    assert judge(f"{instruction} {text}").verdict == "edited"
    assert judge("Ana.").verdict == "answered"
    assert judge(" \n") == ("empty", 0.0)


def test_the_threshold_is_the_users() -> None:
    near = measure_similarity(ANSWER, PANDA)
    assert judge_answer(ANSWER, instruction=PANDA, threshold=near).verdict == "edited"
    assert judge_answer(ANSWER, instruction=PANDA, threshold=near + 0.1).verdict == "answered"


@given(st.text(), st.text())
def test_similarity_has_no_sides_and_no_case(first: str, second: str) -> None:
    near = measure_similarity(first, second)
    assert 0 <= near <= 100
    assert near == pytest.approx(measure_similarity(second, first))
    assert measure_similarity(first, f"  {first} ") == 100


def test_the_similarity_is_twice_the_common_subsequence_over_both_lengths() -> None:
    """`tell me` and `tall men`: t, l, l, blank, m, e in common, 7 and 8 characters."""
    assert measure_similarity("Tell me", "tall  men") == pytest.approx(100 * 2 * 6 / 15)


def test_shares_are_tested_as_scores_are() -> None:
    before, after = np.array([1.0] * 18 + [0.0] * 2), np.array([1.0] * 6 + [0.0] * 14)
    test = paired_bootstrap(Share(), before, after, resamples=200, seed=1)
    assert [test.baseline, test.system] == pytest.approx([90.0, 30.0])
    assert test.p < 0.01
    assert paired_bootstrap(Share(), before, before, resamples=200, seed=1).p == 1.0


# -- predictions before and after


def paraphrases(prediction: str, *, n: int = 12, **fields: Any) -> list[dict[str, Any]]:
    return [
        row(
            number,
            **{
                "id": f"sts-test-{number}",
                "task": "paraphrasing",
                "benchmark": "sts",
                "abbrev": "STS",
                "metric": "sari-easse",
                "instruction": "Paraphrase the text.",
                "input": SOURCE,
                "references": [PARAPHRASE],
                "prediction": prediction,
                **fields,
            },
        )
        for number in range(n)
    ]


def probes(predictions: Sequence[str], *, text: str = "", **fields: Any) -> list[dict[str, Any]]:
    return [
        row(
            number,
            **{
                "id": f"generic_probe-test-{number}",
                "task": "generic",
                "benchmark": "generic_probe",
                "abbrev": "PROBE",
                "metric": "none",
                "instruction": PANDA,
                "input": text,
                "references": [],
                "prediction": prediction,
                **fields,
            },
        )
        for number, prediction in enumerate(predictions)
    ]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Before, it paraphrases and answers; after, it corrects, and answers once in four."""
    before = [*paraphrases(PARAPHRASE, model="old"), *probes([ANSWER] * 4, model="old")]
    after = [
        *paraphrases(CORRECTED, model="new"),
        *probes([PANDA, "Tell me about pandas.", ANSWER, ""], model="new"),
    ]
    return write_rows(tmp_path / "b.jsonl", *before), write_rows(tmp_path / "a.jsonl", *after)


def measure(before: Sequence[Path], after: Sequence[Path], **options: Any) -> Forgetting:
    trial = Trial(annotate=no_edits, resamples=100, **options)
    return measure_forgetting(read_asked(before), read_asked(after), trial)


def find(measured: Forgetting, name: str) -> Change:
    return next(each for each in measured.changes if each.measure == name)


def test_the_held_out_task_and_plain_instructions_before_and_after(
    files: tuple[Path, Path],
) -> None:
    measured = measure([files[0]], [files[1]])
    assert (measured.before, measured.after) == (
        "run first, model old, decoding greedy",
        "run first, model new, decoding greedy",
    )
    score = find(measured, "paraphrasing: sari-easse")
    assert score.before == pytest.approx(100.0)
    assert score.after < 60
    near = find(measured, "paraphrasing: merely edited, %")
    assert (near.before, near.after, near.reference) == (0.0, 100.0, 0.0)
    assert near.p < 0.02
    found = {
        word: find(measured, f"instructions: {word}, %") for word in ("answered", "edited", "empty")
    }
    shares = {word: (change.before, change.after) for word, change in found.items()}
    assert shares == {"answered": (100.0, 25.0), "edited": (0.0, 50.0), "empty": (0.0, 25.0)}
    assert find(measured, "instructions without an input: answered, %").n == 4
    assert [each.after for each in measured.edited] == [PANDA, "Tell me about pandas."]
    assert measured.edited[0].before == ANSWER


def test_instructions_with_an_input_stand_apart(tmp_path: Path) -> None:
    sides = []
    for model, outputs in (("old", [ANSWER, ANSWER]), ("new", [ANSWER, "Some text."])):
        rows = probes(outputs[:1], model=model) + [
            {**each, "id": "generic_probe-test-9"}
            for each in probes(outputs[1:], text="Some text .", model=model)
        ]
        sides.append(write_rows(tmp_path / f"{model}.jsonl", *rows))
    measured = measure(sides[:1], sides[1:])
    assert find(measured, "instructions without an input: answered, %").after == 100
    assert find(measured, "instructions with an input: answered, %").after == 0


def test_rows_may_stand_in_another_order(files: tuple[Path, Path], tmp_path: Path) -> None:
    lines = files[1].read_text().splitlines()
    turned = tmp_path / "turned.jsonl"
    turned.write_text("".join(f"{line}\n" for line in lines[::-1]))
    there, back = measure([files[0]], [files[1]]), measure([files[0]], [turned])
    assert set(there.changes) == set(back.changes)


# -- wordings


def test_other_wordings_of_the_same_rows_are_held_against_the_first(tmp_path: Path) -> None:
    other = "Say it in other words."
    sides = []
    for model, reworded in (("old", PARAPHRASE), ("new", CORRECTED)):
        first = write_rows(tmp_path / f"{model}0.jsonl", *paraphrases(PARAPHRASE, model=model))
        rows = paraphrases(reworded, model=model, instruction=other)
        sides.append([first, write_rows(tmp_path / f"{model}1.jsonl", *rows)])
    measured = measure(*sides)
    assert [(each.side, each.wordings) for each in measured.wordings] == [
        ("before", ("Paraphrase the text.",)),
        ("before", (other,)),
        ("after", ("Paraphrase the text.",)),
        ("after", (other,)),
    ]
    assert [each.delta for each in measured.wordings[:2]] == [None, 0.0]
    last = measured.wordings[-1]
    assert last.delta == pytest.approx(last.score - 100)
    assert last.p is not None and last.p < 0.02
    text = good("forgetting", *sides[0], "--after", sides[1][0], "--after", sides[1][1])
    spread = next(line for line in text.split("\n") if line.startswith("spread over wordings"))
    cells = spread.split("\t")
    assert cells[1:4] == ["sts", "12", "0.00"]
    assert float(cells[4]) == pytest.approx(100 - last.score, abs=0.01)


def test_the_same_wording_twice_is_an_error(files: tuple[Path, Path], tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    again.write_text(files[0].read_text())
    with pytest.raises(
        InputError, match=r"again.jsonl: expected other instructions than in .* --pro"
    ):
        measure([files[0], again], [files[1]])


# -- what does not go together


def test_other_instructions_before_and_after_are_an_error(tmp_path: Path) -> None:
    before = write_rows(tmp_path / "b.jsonl", *paraphrases(PARAPHRASE, model="old"))
    rows = paraphrases(PARAPHRASE, model="new", instruction="Say it anew.")
    after = write_rows(tmp_path / "a.jsonl", *rows)
    with pytest.raises(
        InputError, match=r"a.jsonl: expected the instruction 'Paraphrase .* got 'Say"
    ):
        measure([before], [after])


def test_other_rows_before_and_after_are_an_error(files: tuple[Path, Path], tmp_path: Path) -> None:
    fewer = write_rows(tmp_path / "f.jsonl", *paraphrases(CORRECTED, n=5, model="new"))
    with pytest.raises(InputError, match=r"f.jsonl: expected the row 'sts-test-5' of sts as in"):
        measure([files[0]], [fewer])
    more = write_rows(tmp_path / "m.jsonl", *paraphrases(CORRECTED, n=15, model="new"))
    with pytest.raises(InputError, match=r"m.jsonl: expected the 12 rows of sts .* got 15"):
        measure([files[0]], [more])


def test_two_systems_on_one_side_are_an_error(files: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match=r"a.jsonl: expected one system, run first, model old"):
        measure(files, files[1:])


def test_nothing_to_look_at_is_an_error_with_the_next_command(tmp_path: Path) -> None:
    both = [write_rows(tmp_path / f"{model}.jsonl", row(model=model)) for model in ("old", "new")]
    said = bad("forgetting", both[0], "--after", both[1])
    assert "set test: task fluency, see wa-analysis compare" in said
    assert "wa-train predict RUN --data SET --benchmark sts" in said
    assert said.count("\n") == 1


def test_a_row_without_an_instruction_is_an_error(files: tuple[Path, Path], tmp_path: Path) -> None:
    bare = write_rows(tmp_path / "x.jsonl", *probes([ANSWER], model="new", instruction=...))
    with pytest.raises(InputError, match=r"x.jsonl:1: instruction: expected a string, got None"):
        measure([files[0]], [bare])


def test_a_prediction_that_is_null_is_an_error(files: tuple[Path, Path], tmp_path: Path) -> None:
    rows = probes([ANSWER] * 4, model="new")
    rows[2]["prediction"] = None
    with pytest.raises(InputError, match=r"n.jsonl: expected a prediction for each row, got null"):
        measure([files[0]], [write_rows(tmp_path / "n.jsonl", *rows)])


# -- the command


def test_the_command_prints_measures_and_what_is_edited_after(files: tuple[Path, Path]) -> None:
    text = good("forgetting", files[0], "--after", files[1], "-n", "1")
    assert "instructions: answered, %\tgeneric_probe\t4\t100.00\t25.00\t-75.00\t" in text
    assert text.endswith(f"before\t{ANSWER}\nafter\t{PANDA}\n")
    report = json.loads(good("forgetting", files[0], "--after", files[1], "--json"))
    assert (report["threshold"], report["paraphrase_threshold"]) == (80.0, 95.0)
    assert report["changes"][0]["delta"] == pytest.approx(
        report["changes"][0]["after"] - report["changes"][0]["before"]
    )
    assert report["edited"][0]["was_answered"] is True


def test_a_benchmark_of_one_side_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    alone = write_rows(tmp_path / "p.jsonl", *probes([PANDA] * 4, model="new"))
    done = run("forgetting", files[0], "--after", alone)
    assert done.returncode == 0
    assert "left out: sts test: predicted only before" in done.stderr


def test_what_cannot_be_measured_is_one_line(files: tuple[Path, Path], tmp_path: Path) -> None:
    words = ["forgetting", files[0], "--after"]
    assert "expected a file, got '-', which is read twice" in bad(*words, "-")
    assert "expected a finite number, got nan" in bad(*words, files[1], "--threshold", "nan")
    assert "odd.txt:1: expected one JSON object" in bad(*words, write(tmp_path / "odd.txt", "He ."))
