"""`wa-analysis hallucination` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

from .command import edit, good, row, run, write, write_rows
from .made_up import needs_spacy

SOURCES = [
    "Dear Mrs Ashby , My name is Andrea Cocci .",
    "I live in paris since 1998 .",
    "All is well .",
]
T5 = ["Dear Mrs Ashby , my name is Andrea Cocci .", *SOURCES[1:]]
LLAMA = [
    "Dear Mrs Kate Ashby , My name is Andrea Cocci .",
    "I have lived in Paris since 1999 .",
    "All is well .",
]


def write_systems(folder: Path) -> Path:
    gold = [[edit(4, 5, "R:ORTH", "my")], [edit(3, 4, "R:ORTH", "Paris")], []]
    rows = [
        row(n, input=source, edits=gold[n], references=[source], metric="errant", model=name,
            prediction=texts[n])
        for name, texts in (("t5", T5), ("llama", LLAMA))
        for n, source in enumerate(SOURCES)
    ]  # fmt: skip
    return write_rows(folder / "p.jsonl", *rows)


@needs_spacy
def test_the_case_of_the_paper_and_what_the_gold_supports(tmp_path: Path) -> None:
    (line,) = good("hallucination", write_systems(tmp_path), "--json").splitlines()
    record = json.loads(line)
    assert record["spacy_model"].startswith("en_core_web_sm-")
    t5, llama = record["systems"]
    assert t5["edits"] == 1
    assert [column["all"]["numerator"] for column in t5["columns"].values()] == [0] * 5
    assert t5["flagged"] == []

    assert llama["edits"] == 4
    counts = {
        name: [column[part]["numerator"] for part in ("all", "supported", "unsupported")]
        for name, column in llama["columns"].items()
    }
    assert counts == {
        "entity_any": [3, 1, 2],
        "entity_named": [2, 1, 1],
        "entity_strict": [1, 0, 1],
        "entity_new": [2, 0, 2],
        "number_changed": [1, 0, 1],
    }
    every = llama["columns"]["entity_any"]["all"]
    assert (every["denominator"], every["percent"]) == (4, 75)
    assert every["low"] <= 75 <= every["high"]
    by_word = {each["written"]: each for each in llama["flagged"]}
    assert list(by_word) == ["Kate", "1999", "Paris"]  # the least severe last
    assert (by_word["Paris"]["severity"], by_word["Paris"]["support"]) == (2, "edit")
    kate = by_word["Kate"]
    assert kate["severity"] == 8
    assert kate["entities"] == [{"text": "Dear Mrs Ashby", "label": "PERSON", "side": "source"}]
    assert (kate["new"], kate["support"], kate["id"]) == (["Kate"], "none", "set-test-0")
    assert (kate["source"], kate["output"]) == (SOURCES[0], LLAMA[0])
    year = by_word["1999"]
    assert year["numbers"] == {"removed": ["1998"], "written": ["1999"]}
    assert year["columns"] == ["entity_any", "entity_new"]


@needs_spacy
def test_the_tables_are_for_people(tmp_path: Path) -> None:
    path = write_systems(tmp_path)
    done = run("hallucination", path, "--limit", 1)
    assert done.returncode == 0
    assert "set: entities by en_core_web_sm-" in done.stderr
    assert (
        "llama: the 1 most severe of 3 flagged edits are shown; --limit 0 shows all" in done.stderr
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "# set: edits that involve an entity"
    assert lines[1].split("\t")[:7] == ["system", "column", "edits", "of", "%", "low", "high"]
    assert "llama\tentity_any\t3\t4\t75.00" in done.stdout
    assert done.stdout.rstrip().endswith("Dear Mrs {+Kate+} Ashby , My name is Andrea Cocci .")
    everything = good("hallucination", path, "--limit", 0)
    assert "I have lived in [-paris-] {+Paris+} since 1999 ." in everything


@needs_spacy
def test_samples_are_drawn_by_a_seed(tmp_path: Path) -> None:
    path = write_systems(tmp_path)
    one, same, other = (
        good("hallucination", path, "--seed", seed, "--resamples", 3) for seed in (1, 1, 2)
    )
    assert one == same != other


@needs_spacy
def test_entities_may_come_from_a_model_of_one_s_own(tmp_path: Path) -> None:
    import spacy

    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "ORG", "pattern": "well"}])  # type: ignore[attr-defined]
    nlp.meta["name"] = "wells"
    nlp.to_disk(tmp_path / "wells")
    source = write(tmp_path / "src.txt", "All is well .")
    out = write(tmp_path / "out.txt", "All is good .")
    words = ("hallucination", out, "--src", source, "--spacy-model", tmp_path / "wells", "--json")
    record = json.loads(good(*words))
    assert record["spacy_model"] == "en_wells-0.0.0"
    (flagged,) = record["systems"][0]["flagged"]
    assert flagged["entities"] == [{"text": "well", "label": "ORG", "side": "source"}]
    assert (flagged["support"], flagged["severity"]) == ("no gold", 7)
    assert record["systems"][0]["columns"]["entity_any"]["supported"] is None
