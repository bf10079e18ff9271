"""The peer: the paper's training table, or all GEC pairs, written with `datasets` as usual.

    python peer_datasets.py paper|gec MIRROR OUT [--workers N] [--batched]

load_dataset of each official file, filter, shuffle, select, map, concatenate_datasets, to_parquet:
the same selections, columns, prompts and detokenised texts as the recipes `paper` and `gec`, one
instruction a task. It verifies nothing, writes no test set, looks for no overlap and has no card.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from datasets import Dataset, concatenate_datasets, load_dataset
from nltk.tokenize.treebank import TreebankWordDetokenizer

SEED = 42
CLANG8 = "clang8/output_data/clang8_source_target_en.spacy_tokenized.tsv"
WIKILARGE = "wikilarge/data-simplification/wikilarge/wiki.full.aner.ori.train"
WNC_COLUMNS = ["id", "src_tok", "tgt_tok", "src_raw", "tgt_raw", "src_pos", "tgt_parse"]
INSTRUCTIONS = {
    name: task["instruction"]
    for name, task in tomllib.loads(files("wa_data").joinpath("tasks.toml").read_text())[
        "tasks"
    ].items()
}
WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
)
WITHOUT_INPUT = (
    "Below is an instruction that describes a task. Write a response that appropriately completes "
    "the request.\n\n### Instruction:\n{instruction}\n\n### Response:\n"
)
Row = dict[str, Any]


class Peer:
    """Knows how `map` and `filter` are called in this run."""

    def __init__(self, workers: int, batched: bool) -> None:
        self.options: Row = {"num_proc": workers if workers > 1 else None}
        self.batched = batched

    def map(self, rows: Dataset, function: Callable[[Row], Row]) -> Dataset:
        """Replace all columns by those that a function of a row gives."""
        names = rows.column_names
        if not self.batched:
            return rows.map(function, remove_columns=names, **self.options)
        return rows.map(in_batches(function), remove_columns=names, batched=True, **self.options)

    def filter(self, rows: Dataset, function: Callable[[Row], bool]) -> Dataset:
        """Keep the rows that a function wants."""
        if not self.batched:
            return rows.filter(function, **self.options)
        wanted = in_batches(lambda row: {"keep": function(row)})
        return rows.filter(lambda batch: wanted(batch)["keep"], batched=True, **self.options)

    def sample(
        self,
        rows: Dataset,
        count: int,
        task: str,
        source: str,
        columns: tuple[str, str],
        natural: bool = False,
    ) -> Dataset:
        """Shuffle, select and render rows."""
        chosen = rows.shuffle(seed=SEED)
        if count < len(rows):
            chosen = chosen.select(range(count))
        return self.map(chosen, renderer(task, source, *columns, natural=natural))


def in_batches(function: Callable[[Row], Row]) -> Callable[[Row], Row]:
    """Turn a function of a row into one of a batch of columns."""

    def run(batch: Row) -> Row:
        made = [
            function(dict(zip(batch, values, strict=True)))
            for values in zip(*batch.values(), strict=True)
        ]
        return {name: [row[name] for row in made] for name in made[0]} if made else {}

    return run


def renderer(
    task: str, source: str, input: str, output: str, *, natural: bool
) -> Callable[[Row], Row]:
    """Give the function that turns an official row into a training row."""
    detokeniser = TreebankWordDetokenizer()

    def shown(text: str) -> str:
        return detokeniser.detokenize(text.split(" ")) if natural else text

    def render(row: Row) -> Row:
        instruction = INSTRUCTIONS.get(task) or row["instruction"]
        texts = [task, source, instruction, row[input], row[output]]
        template = WITH_INPUT if row[input] else WITHOUT_INPUT
        return {
            "id": f"{source}-{sha256(repr(texts).encode()).hexdigest()[:16]}",
            "task": task,
            "source": source,
            "source_row": row["source_row"],
            "instruction": instruction,
            "input": row[input],
            "output": row[output],
            "prompt": template.format(instruction=instruction, input=shown(row[input])),
            "completion": shown(row[output]),
            "prompt_id": f"{task}/0" if task in INSTRUCTIONS else f"generic/{source}",
        }

    return render


def load(kind: str, path: Path, **options: Any) -> Dataset:
    """Load one official file; `source_row` is the row's number."""
    rows = load_dataset(kind, data_files=str(path), split="train", **options)
    return rows.add_column("source_row", list(range(len(rows))))


def parallel(paths: dict[str, Path]) -> Dataset:
    """Load parallel text files as columns."""
    columns = [
        load_dataset("text", data_files=str(path), split="train").rename_column("text", name)
        for name, path in paths.items()
    ]
    rows = concatenate_datasets(columns, axis=1)
    return rows.add_column("source_row", list(range(len(rows))))


def corrected(row: Row) -> Row:
    """Apply the first annotator's edits of an M2 block."""
    first, *lines = row["text"].strip("\n").split("\n")
    source = first[2:]
    tokens = source.split(" ")
    offset = 0
    for line in lines:
        span, kind, correction, _, _, annotator = line[2:].split("|||")
        if kind == "noop" or annotator != "0":
            continue
        start, end = (int(place) + offset for place in span.split(" "))
        new = [] if correction in ("", "-NONE-") else correction.split(" ")
        tokens[start:end] = new
        offset += len(new) - (end - start)
    return {"source": source, "target": " ".join(tokens), "source_row": row["source_row"]}


def first_changed(row: Row) -> Row:
    """Choose the first reference that differs from the source."""
    references = [row[f"turk{number}"] for number in range(8)]
    changed = (reference for reference in references if reference != row["source"])
    target = next(changed, references[0])
    return {"source": row["source"], "target": target, "source_row": row["source_row"]}


def paper(peer: Peer, mirror: Path) -> dict[str, Dataset]:
    """Build the paper's training table."""
    pair = ("source", "target")
    train = "wi_locness/wi+locness/m2/ABC.train.gold.bea19.m2"
    learners = peer.map(load("text", mirror / train, sample_by="paragraph"), corrected)
    parts = [peer.sample(learners, 10_000, "grammaticality", "wi_locness", pair, True)]
    revisions = load("json", mirror / "iterater_v2/sent-level.train.intents.json")
    for task in ("fluency", "clarity", "coherence"):

        def wanted(row: Row, task: str = task) -> bool:
            return row["labels"] == task and len(row["after_sent"]) >= 2

        kept = peer.filter(revisions, wanted)
        sides = ("before_sent", "after_sent")
        parts.append(peer.sample(kept, 10_000, task, "iterater_v2", sides, True))
    turk = mirror / "turkcorpus"
    names = {"source": turk / "tune.8turkers.tok.norm"}
    names |= {f"turk{number}": turk / f"tune.8turkers.tok.turk.{number}" for number in range(8)}
    simple = peer.map(parallel(names), first_changed)
    parts.append(peer.sample(simple, 2_000, "simplification", "turkcorpus", pair, True))
    wiki = {
        side: mirror / f"{WIKILARGE}.{end}" for side, end in zip(pair, ("src", "dst"), strict=True)
    }
    parts.append(peer.sample(parallel(wiki), 8_000, "simplification", "wikilarge", pair))
    neutral = load(
        "csv", mirror / "wnc/bias_data/WNC/biased.word.train",
        delimiter="\t", quoting=3, column_names=WNC_COLUMNS, keep_default_na=False,
    )  # fmt: skip
    sides = ("src_raw", "tgt_raw")
    parts.append(peer.sample(neutral, 10_000, "neutralization", "wnc", sides))
    alpaca = load("json", mirror / "alpaca/alpaca_data.json")
    generic = peer.sample(alpaca, 52_002, "generic", "alpaca", ("input", "output"))
    return {"writing": concatenate_datasets(parts), "generic": generic}


def gec(peer: Peer, mirror: Path) -> dict[str, Dataset]:
    """Build all GEC pairs."""
    pairs = load(
        "csv", mirror / CLANG8,
        delimiter="\t", quoting=3, column_names=["source", "target"], keep_default_na=False,
    )  # fmt: skip
    sides = ("source", "target")
    return {"writing": peer.sample(pairs, len(pairs), "grammaticality", "clang8", sides)}


def main() -> None:
    """Write OUT/<config>.parquet."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["paper", "gec"])
    parser.add_argument("mirror", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--batched", action="store_true")
    chosen = parser.parse_args()
    peer = Peer(chosen.workers, chosen.batched)
    built = (paper if chosen.what == "paper" else gec)(peer, chosen.mirror)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for config, rows in built.items():
        rows.to_parquet(str(chosen.out / f"{config}.parquet"))


if __name__ == "__main__":
    main()
