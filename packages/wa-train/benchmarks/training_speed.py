"""Print the speed and memory of training beside two ways that people train today.

    training_speed.py [--model DIR] [--data FILE.parquet] [--rows N] [--repeats N] [--threads N]

Every contender trains the same adapter on the same token ids for one epoch through its own
`train()`, in a process of its own; the contenders take turns, and the median counts:

* ours: what `wa-train fit` runs;
* alpaca-lora: `transformers.Trainer` as alpaca-lora calls it, four samples a pass in random
  order, padded to the longest, gradients accumulated to the batch;
* trl packed: `SFTTrainer(packing=True)`, rows of --row tokens, as many samples a step.

Tokens are those of the rows, without padding. Seconds are wall seconds of `train()` and CPU
seconds of its process; on a machine with neighbours only the latter mean something. Memory is the
peak of the process: resident memory on a CPU, allocated memory on a GPU. Without --model a random
Llama of 10M is made, without --data rows of made-up words.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PEERS = ("ours", "alpaca-lora", *(["trl packed"] if find_spec("trl") else []))
PREFACE = "Below is a task and a text. Write what the task asks for."
LORA = {"r": 8, "alpha": 16, "dropout": 0.05, "targets": ("q_proj", "v_proj")}


@dataclass(frozen=True)
class Result:
    """What one contender took for one epoch."""

    wall: float
    cpu: float
    memory: int
    loss: float
    mfu: float | None = None


# One contender, in its own process


def recipe_of(options: argparse.Namespace) -> Any:
    """Give the recipe that ours trains by; the others take their settings from it."""
    from wa_train.recipe import Base, Data, Lora, Recipe, Train

    return Recipe(
        name="speed",
        summary="",
        base=Base(model=options.model, attention=options.attention),
        data=Data(recipe="", config="all"),
        train=Train(
            method="lora",
            epochs=1.0,
            batch=options.batch,
            micro_tokens=options.micro_tokens,
            cutoff=options.cutoff,
            packing=options.packing,
            loss=options.loss,
            precision=options.precision,
            warmup=0.1,
            save_steps=10**6,
            log_steps=10,
        ),
        lora=Lora(**LORA),
    )


class Clock:
    """Times `Trainer.train` of whoever calls it: all contenders are subclasses."""

    def __init__(self) -> None:
        from transformers import Trainer

        self.wall = self.cpu = 0.0
        self._train = Trainer.train
        Trainer.train = lambda *args, **kwargs: self._timed(*args, **kwargs)  # noqa: PLW0108

    def _timed(self, *args: Any, **kwargs: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = self._train(*args, **kwargs)
        self.wall, self.cpu = time.perf_counter() - wall, time.process_time() - cpu
        return result


def run_ours(options: argparse.Namespace, clock: Clock) -> tuple[float, float | None]:
    """Train as `wa-train fit` does; give the mean loss and the share of the peak operations."""
    from wa_train.fit import FitRequest, fit

    request = FitRequest(
        recipe=recipe_of(options), data=options.data, run=Path(options.run), quiet=True
    )
    record = fit(request)
    return float(record.loss), record.mfu


def encoded(options: argparse.Namespace) -> list[dict[str, list[int]]]:
    """Encode the rows as ours does, for trainers that take token ids."""
    from wa_train.model import load_tokenizer
    from wa_train.tokens import Encoder

    encoder = Encoder(load_tokenizer(options.model), "rows")
    samples = [s for s in encoder.samples(read_rows(options.data), options.cutoff) if s]
    masked = options.loss == "response"
    rows = []
    for sample in samples:
        places = range(len(sample.ids))
        mask = [int(not masked or place >= sample.prompt) for place in places]
        rows.append({"input_ids": sample.ids, "completion_mask": mask})
    return rows


def read_rows(path: str) -> list[dict[str, Any]]:
    """Read rows of JSON lines."""
    with Path(path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def settings(options: argparse.Namespace, micro: int, steps: int) -> dict[str, Any]:
    """Give the arguments that both peers share, the same as ours where they mean the same."""
    import torch

    train = recipe_of(options).train
    return {
        "output_dir": options.run,
        "num_train_epochs": 1,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": steps,
        "optim": train.optimizer,
        "learning_rate": train.learning_rate,
        "lr_scheduler_type": train.schedule,
        "warmup_steps": train.warmup,
        "bf16": options.precision == "bf16",
        "use_cpu": not torch.cuda.is_available(),
        "save_strategy": "no",
        "logging_steps": 10,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        "seed": 42,
    }


def load_model(options: argparse.Namespace) -> tuple[Any, Any, Any]:
    """Load the model of ours in its precision; give the tokenizer and peft's settings, too."""
    from wa_train.adapter import lora_config
    from wa_train.model import load_base, load_tokenizer, pick_device

    recipe = recipe_of(options)
    model = load_base(recipe.base, precision=options.precision, device=pick_device(), training=True)
    return model, load_tokenizer(options.model), lora_config(recipe.lora)


def run_alpaca(options: argparse.Namespace, clock: Clock) -> tuple[float, None]:
    """Train as alpaca-lora's finetune.py does."""
    from peft import get_peft_model
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    model, tokenizer, lora = load_model(options)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token_id = 0
    tokenizer.padding_side = "left"
    rows = [
        {
            "input_ids": row["input_ids"],
            "attention_mask": [1] * len(row["input_ids"]),
            "labels": [
                token if kept else -100
                for token, kept in zip(row["input_ids"], row["completion_mask"], strict=True)
            ],
        }
        for row in encoded(options)
    ]
    adapted = get_peft_model(model, lora)
    adapted.config.use_cache = False
    trainer = Trainer(
        model=adapted,
        train_dataset=rows,
        args=TrainingArguments(**settings(options, 4, options.batch // 4)),
        data_collator=DataCollatorForSeq2Seq(
            tokenizer, pad_to_multiple_of=8, return_tensors="pt", padding=True
        ),
    )
    return float(trainer.train().training_loss), None


def run_trl(options: argparse.Namespace, clock: Clock) -> tuple[float, None]:
    """Train with trl's packing; as many samples a step as the others, in --trl-rows rows a pass."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    model, tokenizer, lora = load_model(options)
    rows = encoded(options)
    mean = sum(len(row["input_ids"]) for row in rows) / len(rows)
    packed = max(round(options.batch * mean / options.row), 1)
    micro = min(options.trl_rows, packed)
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(rows),
        peft_config=lora,
        args=SFTConfig(
            **settings(options, micro, max(round(packed / micro), 1)),
            packing=True,
            max_length=options.row,
            completion_only_loss=True,
            gradient_checkpointing=False,
        ),
    )
    return float(trainer.train().training_loss), None


CONTENDERS = {"ours": run_ours, "alpaca-lora": run_alpaca, "trl packed": run_trl}


def run_one(options: argparse.Namespace) -> None:
    """Run the contender that was asked for and print its result as JSON."""
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    clock = Clock()
    loss, mfu = CONTENDERS[options.contender](options, clock)
    if torch.cuda.is_available():
        memory = torch.cuda.max_memory_allocated()
    else:
        status = Path("/proc/self/status").read_text()
        memory = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    print(json.dumps([clock.wall, clock.cpu, memory, loss, mfu]))


# All contenders in turns


def make_rows(count: int) -> list[dict[str, str]]:
    """Make up rows of made-up words, about 70 tokens long, some much longer."""
    draw = random.Random(7)
    syllables = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "i", "o", "ur", "en")]
    words = ["".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(1500)]
    rows = []
    for number in range(count):
        text = " ".join(draw.choices(words, k=max(int(draw.lognormvariate(2.9, 0.6)), 3)))
        prompt = f"{PREFACE}\n\n### Input:\n{text}\n\n### Response:\n"
        rows.append({"id": f"row-{number}", "prompt": prompt, "completion": text[::-1]})
    return rows


def pick_rows(options: argparse.Namespace) -> list[dict[str, str]]:
    """Take rows spread evenly over a Parquet file, or make some up."""
    if not options.data:
        return make_rows(options.rows)
    import pyarrow.parquet as pq

    table = pq.read_table(options.data, columns=["id", "prompt", "completion"])
    step = max(table.num_rows // options.rows, 1)
    return table.take(list(range(0, table.num_rows, step))[: options.rows]).to_pylist()


def start(contender: str, options: argparse.Namespace, folder: Path) -> Result:
    """Run one contender in a process of its own."""
    handed = ("model", "data", "batch", "micro_tokens", "cutoff", "row", "trl_rows", "packing",
              "loss", "precision", "attention", "threads")  # fmt: skip
    words = [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in handed]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    if options.threads:
        environment["OMP_NUM_THREADS"] = str(options.threads)
    with tempfile.TemporaryDirectory(dir=folder) as run:
        command = [sys.executable, __file__, *words, f"--contender={contender}", f"--run={run}/run"]
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{contender} failed:\n{done.stderr[-3000:]}")
    return Result(*json.loads(done.stdout.strip().splitlines()[-1]))


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Run all contenders in turns and print the table."""
    from wa_train.model import load_tokenizer
    from wa_train.recipe import Scratch
    from wa_train.scratch import make_scratch
    from wa_train.tokens import Encoder

    rows = pick_rows(options)
    options.data = str(folder / "rows.jsonl")
    Path(options.data).write_text("".join(json.dumps(row) + "\n" for row in rows))
    if not options.model:
        options.model = str(folder / "base")
        sizes = Scratch(vocabulary=8000, hidden=256, layers=10, heads=8, intermediate=704)
        texts = (row[field] for row in rows for field in ("prompt", "completion"))
        make_scratch(sizes, texts, Path(options.model), seed=1)
    encoder = Encoder(load_tokenizer(options.model), "rows")
    samples = [s for s in encoder.samples(rows, options.cutoff) if s]
    lengths = sorted(len(sample.ids) for sample in samples)
    tokens = sum(lengths)
    print(
        f"{len(samples)} rows, {tokens} tokens (median {statistics.median(lengths):.0f}, longest "
        f"{lengths[-1]}), batch {options.batch}, {options.precision}, loss on {options.loss}",
        flush=True,
    )
    results: dict[str, list[Result]] = {name: [] for name in PEERS}
    for turn in range(options.repeats):
        for name in (*PEERS[turn % len(PEERS) :], *PEERS[: turn % len(PEERS)]):
            result = start(name, options, folder)
            results[name].append(result)
            print(
                f"  {name:12}{tokens / result.wall:9.0f} tokens/s{tokens / result.cpu:9.0f} a CPU "
                f"second{result.memory / 2**20:8.0f} MiB  loss {result.loss:.3f}",
                flush=True,
            )
    report(results, tokens)


def report(results: dict[str, list[Result]], tokens: int) -> None:
    """Print medians and how ours compares."""
    print(
        f"{'median':14}{'tokens/s':>9}{'a CPU s':>9}{'MiB':>8}"
        f"{'ours x':>9}{'CPU x':>8}{'memory':>9}"
    )
    middle = {
        name: {
            field: statistics.median(getattr(one, field) for one in found)
            for field in ("wall", "cpu", "memory")
        }
        for name, found in results.items()
    }
    ours = middle["ours"]
    for name, one in middle.items():
        print(
            f"{name:14}{tokens / one['wall']:9.0f}{tokens / one['cpu']:9.0f}"
            f"{one['memory'] / 2**20:8.0f}{one['wall'] / ours['wall']:9.2f}"
            f"{one['cpu'] / ours['cpu']:8.2f}{ours['memory'] / one['memory']:9.2f}"
        )
    mfu = [one.mfu for one in results["ours"] if one.mfu is not None]
    if mfu:
        print(f"ours: MFU {statistics.median(mfu):.1%}")


def main() -> None:
    """Compare, or run one contender."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="")
    parser.add_argument("--data", default="", help="a Parquet file with prompt and completion")
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--micro-tokens", type=int, default=4096, help="ours: tokens of a pass")
    parser.add_argument("--cutoff", type=int, default=512)
    parser.add_argument("--row", type=int, default=512, help="trl: tokens of a packed row")
    parser.add_argument("--trl-rows", type=int, default=1, help="trl: packed rows of a pass")
    parser.add_argument("--packing", default="packed", help="ours: packed, budget or padded")
    parser.add_argument("--loss", default="response", help="response or all")
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--attention", default="sdpa")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        run_one(options)
        return
    with tempfile.TemporaryDirectory() as name:
        compare(options, Path(name))


if __name__ == "__main__":
    main()
