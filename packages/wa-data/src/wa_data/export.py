"""Sets in other tools' formats, streamed and written whole or not at all.

* `alpaca`: one JSON array of {instruction, input, output} (Stanford Alpaca, LLaMA-Factory, axolotl)
* `messages`: JSON lines of {"messages": [user, assistant]} (trl, OpenAI); the user's message is the
  instruction and, after a blank line, the input if there is one
* `m2`: a folder of M2 files with the gold edits, one a split of a set that is scored by edits
* `lm-eval`: a folder of task files for lm-evaluation-harness (0.4 or newer), one a test set
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import quote
from typing import Any, Literal, get_args

from wa_data.dataset import EDIT_METRICS, BuiltSet, Kind, find_sets, readable
from wa_data.disk import on_disk, whole_file
from wa_data.errors import SetError, UsageError
from wa_data.strict import suggest
from wa_metrics.edits import Edit
from wa_metrics.errors import M2Error
from wa_metrics.m2 import M2Sentence, save_m2

Format = Literal["alpaca", "messages", "m2", "lm-eval"]
FIELDS = ["instruction", "input", "output"]
GROUP = "writing_benchmark"
METRICS = ("bleu", "chrf")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written: files, rows, and test sets left out because they have no references."""

    format: str
    files: tuple[str, ...]
    rows: int
    left_out: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the report as JSON's types."""
        return asdict(self)

    def render(self) -> str:
        """Give the report as lines."""
        lines = [f"{self.format}: {self.rows:,} rows", *(f"  {file}" for file in self.files)]
        if self.left_out:
            lines.append(f"left out, no references: {', '.join(self.left_out)}")
        return "\n".join(lines)


def export(path: Path, out: Path, format: str, split: str = "train") -> ExportReport:
    """Write the set at `path`, or the one of the right kind in the folder `path`, as `format`.

    Args:
        path: a set, or a folder that holds sets.
        out: the file to write; for m2 and lm-eval, the folder.
        format: alpaca or messages (of the mix), m2 or lm-eval (of the benchmark).
        split: the mix's split to write, every config of it.

    Raises:
        SetError: there is no set of the kind that the format takes, or `out` cannot be written.
        UsageError: there is no such format or split.
    """
    if format not in get_args(Format):
        raise UsageError(
            f"no format is called {format!r}{suggest(format, get_args(Format))}; expected one of: "
            f"{', '.join(get_args(Format))}"
        )
    if format == "m2":
        return _export_m2(_find(path, "benchmark", format), out)
    if format == "lm-eval":
        return _export_tasks(_find(path, "benchmark", format), out)
    built = _find(path, "mix", format)
    splits = {item.split for item in built.splits()}
    if split not in splits:
        raise UsageError(
            f"{built.folder}: has no split {split!r}; expected one of: {', '.join(sorted(splits))}"
        )
    with on_disk(out):
        if out.is_dir():
            raise UsageError(f"{out}: expected a file to write {format} to, got a folder")
    return _export_rows(built, out, format, split)


def _find(path: Path, kind: Kind, format: str) -> BuiltSet:
    for built in find_sets(path):
        if built.kind == kind:
            return built
    other = "--format m2 or lm-eval" if kind == "mix" else "--format alpaca or messages"
    raise SetError(
        f"{path}: --format {format} exports a {kind}, and there is none; give the folder of one, "
        f"or {other}"
    )


def _export_rows(built: BuiltSet, out: Path, format: str, split: str) -> ExportReport:
    count = 0
    with whole_file(out) as stream:
        for count, row in enumerate(_rows(built, split), start=1):
            if format == "alpaca":
                text = ("[\n" if count == 1 else ",\n") + json.dumps(row, ensure_ascii=False)
            else:
                text = json.dumps(_messages(row), ensure_ascii=False) + "\n"
            stream.write(text.encode())
        if format == "alpaca":
            stream.write(b"\n]\n" if count else b"[]\n")
    return ExportReport(format, (str(out),), count)


def _rows(built: BuiltSet, split: str) -> Iterator[dict[str, str]]:
    for item in built.splits():
        if item.split == split:
            for batch in built.batches(item.config, split, FIELDS):
                for row in batch.to_pylist():
                    yield {name: row[name] for name in FIELDS}


def _messages(row: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    parts = [row["instruction"], row["input"]] if row["input"] else [row["instruction"]]
    user = {"role": "user", "content": "\n\n".join(parts)}
    return {"messages": [user, {"role": "assistant", "content": row["output"]}]}


def _export_m2(built: BuiltSet, out: Path) -> ExportReport:
    """Write the gold edits of the sets that are scored by edits, as official files do."""
    files, rows = [], 0
    for config, split, _ in built.splits():
        sentences = list(_sentences(built, config, split))
        if sentences:
            files.append(str(out / f"{config}.{split}.m2"))
            rows += len(sentences)
            with on_disk(out):
                out.mkdir(parents=True, exist_ok=True)
                try:
                    save_m2(Path(files[-1]), sentences)
                except M2Error as error:
                    raise SetError(
                        f"{built.folder}: {config}/{split} is no M2 file: {error}; "
                        f"run `wa-data check {built.folder}`"
                    ) from error
    if not files:
        raise SetError(
            f"{built.folder}: no test set of it is scored by edits (metric m2 or errant)"
        )
    return ExportReport("m2", tuple(files), rows)


def _sentences(built: BuiltSet, config: str, split: str) -> Iterator[M2Sentence]:
    for batch in built.batches(config, split, ["metric", "input", "edits"]):
        for number, row in enumerate(batch.to_pylist(), start=1):
            if row["metric"] in EDIT_METRICS:
                edits = tuple(Edit(**edit) for edit in row["edits"])
                yield M2Sentence(row["input"], edits, number)


def _export_tasks(built: BuiltSet, out: Path) -> ExportReport:
    """Write a task file for each test set, a group of them all, and how to run them."""
    import polars as pl
    from huggingface_hub.utils import yaml_dump  # type: ignore[attr-defined]

    files, rows, left_out, names = [], 0, [], []
    for config, split, paths in built.splits():
        if split != "test":
            continue
        with readable(paths[0].parent):
            counts = (
                pl.scan_parquet(list(paths))
                .select(
                    pl.len().alias("rows"),
                    pl.col("references").list.len().min().alias("fewest"),
                    pl.col("references").list.len().max().alias("most"),
                )
                .collect()
                .row(0, named=True)
            )
        if not counts["fewest"]:
            left_out.append(config)
            continue
        rows += counts["rows"]
        names.append(f"writing_{config}")
        task = _task(names[-1], paths, counts["fewest"], counts["most"])
        files.append(_write(out / f"{names[-1]}.yaml", yaml_dump(task)))
    if not names:
        raise SetError(f"{built.folder}: no test set with references to make a task of")
    group = {
        "group": GROUP,
        "task": names,
        "aggregate_metric_list": [{"metric": name, "weight_by_size": False} for name in METRICS],
        "metadata": {"version": 1, "digest": built.manifest["digest"]},
    }
    files.append(_write(out / "README.md", _README.format(group=GROUP, folder=quote(str(out)))))
    files.append(_write(out / f"{GROUP}.yaml", yaml_dump(group)))
    return ExportReport("lm-eval", tuple(files), rows, tuple(left_out))


def _task(name: str, paths: tuple[Path, ...], fewest: int, most: int) -> dict[str, Any]:
    """Describe one test set as the harness's TaskConfig.

    Its corpus metrics drop every reference beyond the fewest that any row has, so rows with fewer
    repeat their last one, which changes no score.
    """
    padded = f"{{{{ (references + references[-1:] * {most})[:{most}] }}}}"
    return {
        "task": name,
        "dataset_path": "parquet",
        "dataset_kwargs": {"data_files": {"test": [str(path.resolve()) for path in paths]}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "references" if fewest == most else padded,
        "num_fewshot": 0,
        "generation_kwargs": {
            "until": ["\n### Instruction:"],
            "do_sample": False,
            "max_gen_toks": 512,
        },
        "metric_list": [
            {"metric": metric, "aggregation": metric, "higher_is_better": True}
            for metric in METRICS
        ],
        "metadata": {"version": 1},
    }


def _write(path: Path, text: str) -> str:
    with whole_file(path) as stream:
        stream.write(text.encode())
    return str(path)


_README = """# Test sets of the writing benchmark for lm-evaluation-harness

```sh
lm_eval --model hf --model_args pretrained=MODEL --include_path {folder} --tasks {group} \\
  --output_path results --log_samples
```

- The task files name the Parquet files where they lie now; if the set moves, export it again.
- The prompt stands in the rows, template and all: run without `--apply_chat_template`.
- BLEU and chrF are the metrics that the harness has. The benchmark's own (M2, ERRANT, GLEU, SARI)
  need the source or the annotators' edits: `wa-train predict` and `wa-metrics score` give those.
- References are the official text, tokenised where that is. BLEU and chrF take an output of
  natural text for what it is, so compare these scores with each other only.
"""
