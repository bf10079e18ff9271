"""The calls of other libraries: their orientation, their scale, their numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wa_metrics import InputError
from wa_metrics.compat import SARIsent, corpus_sari, load
from wa_metrics.sari import SARI

TEXTS: dict[str, Any] = {
    "sources": ["The cat sat on the mat .", "About 95 species exist ."],
    "predictions": ["the CAT sat .", "Some 95 species live ."],
    "references": [["A cat sat .", "The cat sat on it ."], ["95 species live .", "95 species ."]],
}
EASSE: dict[str, Any] = {
    "orig_sents": TEXTS["sources"],
    "sys_sents": TEXTS["predictions"],
    "refs_sents": [list(texts) for texts in zip(*TEXTS["references"], strict=True)],
}


@pytest.fixture(scope="module")
def fuzz(official_sources: Path) -> list[dict[str, Any]]:
    path = official_sources.parent / "golden" / "fuzz_sari.jsonl"
    if not path.is_file():
        pytest.skip(f"the golden file is not here: {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


# --- huggingface/evaluate


def test_load_gives_the_numbers_of_hugging_face(fuzz: list[dict[str, Any]]) -> None:
    sari = load("sari")
    for row in fuzz:
        texts = {name: row[name] for name in ("sources", "predictions", "references")}
        expected = {"sari": pytest.approx(row["expected"]["hf_evaluate"], rel=0, abs=1e-9)}
        assert sari.compute(**texts) == expected


@pytest.mark.parametrize("variant", ["hf-evaluate", "easse", "cocoxu"])
def test_load_gives_any_variant(variant: str) -> None:
    expected = {"sari": SARI(variant).corpus_score(**TEXTS).score}
    assert load("sari", variant=variant).compute(**TEXTS) == expected


def test_means_of_sentences_take_references_in_any_number() -> None:
    texts = {name: [*rows, *rows[:1]] for name, rows in TEXTS.items()}  # two with one, one with two
    ragged = texts | {"references": [["A cat sat ."], ["95 live .", "95 species ."], ["It sat ."]]}
    metric = SARI("hf")
    each = [
        metric.corpus_score(
            sources=[source], predictions=[prediction], references=[references]
        ).score
        for source, prediction, references in zip(*ragged.values(), strict=True)
    ]
    assert load("sari").compute(**ragged)["sari"] == pytest.approx(sum(each) / 3)
    # which row has how many is nothing
    turned = {name: rows[::-1] for name, rows in ragged.items()}
    assert load("sari").compute(**turned)["sari"] == pytest.approx(sum(each) / 3)
    with pytest.raises(InputError, match=r"references\[1\]: expected 1 references"):
        load("sari", variant="easse").compute(**ragged)
    with pytest.raises(InputError, match="predictions: expected 3 texts"):
        load("sari").compute(**ragged | {"predictions": ["a"]})
    with pytest.raises(InputError, match=r"references\[0\]: expected at least one reference"):
        load("sari").compute(**ragged | {"references": [[], ["95 ."], ["It ."]]})


@pytest.mark.parametrize("name", ["gleu", "google_bleu"])
def test_the_other_gleu_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"google_bleu, .* is another metric"):
        load(name)


def test_load_knows_nothing_else() -> None:
    with pytest.raises(InputError, match=r"load: expected 'sari', .* got 'bleu'"):
        load("bleu")
    with pytest.raises(InputError, match="variant: expected one of"):
        load("sari", variant="gem")


# --- feralvam/easse


def test_corpus_sari_gives_the_numbers_of_easse(fuzz: list[dict[str, Any]]) -> None:
    options: dict[str, dict[str, Any]] = {
        "easse": {},
        "easse_micro": {"use_paper_version": True},
        "easse_del_precision": {"use_f1_for_deletion": False},
        "easse_none": {"tokenizer": "none"},
        "easse_none_cased": {"tokenizer": "none", "lowercase": False},
        "easse_intl": {"tokenizer": "intl"},
        "easse_legacy": {"legacy": True},
    }
    for row in fuzz:
        for column, chosen in options.items():
            got = corpus_sari(
                orig_sents=row["sources"],
                sys_sents=row["predictions"],
                refs_sents=[list(texts) for texts in zip(*row["references"], strict=True)],
                **chosen,
            )
            assert got == pytest.approx(row["expected"][column][3], rel=0, abs=1e-9), column


def test_corpus_sari_turns_references_round() -> None:
    assert corpus_sari(**EASSE) == SARI().corpus_score(**TEXTS).score
    assert corpus_sari(**EASSE, lowercase=False) == (
        SARI(lowercase=False).corpus_score(**TEXTS).score
    )
    assert corpus_sari(**EASSE, lowercase=False) != corpus_sari(**EASSE)
    assert corpus_sari(**EASSE, legacy=True) == SARI("easse-legacy").corpus_score(**TEXTS).score


def test_references_the_wrong_way_round_name_the_other() -> None:
    three = [[*texts, "x"] for texts in TEXTS["references"]]
    with pytest.raises(InputError, match=r"2 lists of 3, which is references\[sentence\]\[ref\]"):
        corpus_sari(**EASSE | {"refs_sents": three})


@pytest.mark.parametrize(
    ("refs_sents", "message"),
    [
        ([], "refs_sents: expected at least one list of references, got none"),
        ("text", r"refs_sents: expected refs_sents\[ref\]\[sentence\].*got str"),
        (["a", "b"], r"refs_sents\[0\]: expected a list of texts, one a sentence, got str"),
        ([["a", "b"], ["c", None]], r"refs_sents\[1\]\[1\]: expected a str"),
        ([["a", "b"], ["c", "d"], ["e"]], r"refs_sents\[2\]: expected 2 texts.*got 1"),
    ],
)
def test_references_that_do_not_fit_say_where(refs_sents: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        corpus_sari(**EASSE | {"refs_sents": refs_sents})


def test_outputs_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="sys_sents: expected 2 texts"):
        corpus_sari(**EASSE | {"sys_sents": ["a"]})
    with pytest.raises(InputError, match="orig_sents: expected a list of texts"):
        corpus_sari(**EASSE | {"orig_sents": "a"})


def test_two_ways_of_deviating_are_refused() -> None:
    with pytest.raises(InputError, match="expected legacy or use_paper_version, got both"):
        corpus_sari(**EASSE, legacy=True, use_paper_version=True)


# --- cocoxu/simplification


def test_sarisent_gives_the_numbers_of_cocoxu(fuzz: list[dict[str, Any]]) -> None:
    for row in fuzz:
        texts = zip(row["sources"], row["predictions"], row["references"], strict=True)
        got = [SARIsent(*sentence) for sentence in texts]
        assert got == pytest.approx(row["expected"]["cocoxu"], rel=0, abs=1e-11)


def test_sarisent_takes_one_sentence() -> None:
    with pytest.raises(InputError, match=r"references\[0\]: expected a list of texts, got str"):
        SARIsent("a", "b", "c")
