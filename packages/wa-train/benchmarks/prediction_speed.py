"""Print the speed of prediction beside a plain batched `generate` loop, and of copy-draft.

    prediction_speed.py --model ADAPTER_OR_MODEL --data DIR|FILE [--benchmark NAME]... [--rows N]

Same weights, rows, threads and number format; the runs take turns, --repeats times, and the median
counts. On a CPU the seconds are CPU seconds of this process, so that neighbours do not count; on a
GPU they are wall seconds. The plain loop is what people write: the adapter left as it is, rows in
their order in batches of 8 padded on the left, and `max_new_tokens` of 128 (--plain-limit 0: the
largest of the batch's own limits, which are ours). Rows are what the systems finished, with tokens
that the model wrote; "same" counts texts that are those of the first system.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from wa_train.model import Loaded, load_for_prediction
from wa_train.predict.benchmark import read_benchmark
from wa_train.predict.decoding import length_limit, pick_decoding
from wa_train.predict.request import Request, shared_prefixes
from wa_train.predict.worker import Worker, default_budget
from wa_train.prompt import shown_input


@dataclass
class Run:
    """One pass over all rows: ids of each row, forward passes, seconds."""

    texts: list[tuple[int, ...]]
    passes: int
    seconds: float = 0.0


def make_requests(loaded: Loaded, rows: Sequence[dict[str, Any]]) -> list[Request]:
    """Turn rows into requests as `wa-train predict` does."""
    prompts = loaded.encoder.prompts(rows)
    sources = loaded.encoder.completions([shown_input(row) for row in rows])
    shared = shared_prefixes(prompts, [row["instruction"] for row in rows])
    return [
        Request(
            index=index,
            key=str(index),
            prompt=tuple(prompt),
            source=tuple(sources[index]),
            limit=length_limit(len(sources[index]) - 1),
            shared=shared[index],
        )
        for index, prompt in enumerate(prompts)
    ]


def ours(
    loaded: Loaded, requests: Sequence[Request], *, copy: bool, budget: int, exact: bool = False
) -> Run:
    """Decode as `wa-train predict` does."""
    decoding = pick_decoding("greedy", copy_draft=copy)
    worker = Worker(
        loaded.model,
        decoding,
        loaded.encoder.eos,
        budget=budget or default_budget(loaded.model, decoding),
        exact=exact,
    )
    texts: list[tuple[int, ...]] = [()] * len(requests)
    for answer in worker.decode(requests):
        texts[answer.index] = answer.tokens
    return Run(texts, worker.passes)


def plain(
    model: Any, requests: Sequence[Request], eos: Sequence[int], *, batch: int, limit: int
) -> Run:
    """Decode in the order of the rows with `generate`."""
    texts: list[tuple[int, ...]] = []
    calls = [0]

    def count(*_: object) -> None:
        calls[0] += 1

    hook = model.register_forward_pre_hook(count)
    inner = getattr(model, "base_model", model)
    hook.remove()
    hook = getattr(inner, "model", inner).register_forward_pre_hook(count)
    for start in range(0, len(requests), batch):
        some = requests[start : start + batch]
        longest = max(len(one.prompt) for one in some)
        gaps = [longest - len(one.prompt) for one in some]
        ids = [[eos[0]] * gap + [*one.prompt] for gap, one in zip(gaps, some, strict=True)]
        mask = [[0] * gap + [1] * (longest - gap) for gap in gaps]
        device = next(model.parameters()).device
        with torch.inference_mode():
            output = model.generate(
                input_ids=torch.tensor(ids, device=device),
                attention_mask=torch.tensor(mask, device=device),
                max_new_tokens=limit or max(one.limit for one in some),
                do_sample=False,
                eos_token_id=list(eos),
                pad_token_id=eos[0],
            )
        for one, tokens in zip(some, output[:, longest:].tolist(), strict=True):
            ends = [at for at, token in enumerate(tokens) if token in eos]
            texts.append(tuple((tokens[: ends[0]] if ends else tokens)[: one.limit]))
    hook.remove()
    return Run(texts, calls[0])


def load_plain(source: str, loaded: Loaded) -> Any:
    """Load the adapter unmerged, as people do; a model without adapter as it is."""
    if not (Path(source) / "adapter_config.json").is_file():
        return loaded.model
    from peft import PeftConfig, PeftModel
    from transformers import AutoModelForCausalLM

    base = PeftConfig.from_pretrained(source).base_model_name_or_path
    model = AutoModelForCausalLM.from_pretrained(base, dtype=loaded.model.dtype)
    return PeftModel.from_pretrained(model.to(loaded.model.device), source).eval()


def clock(device: str) -> float:
    """Give CPU seconds of this process, or on a GPU wall seconds when all is done."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def main() -> None:
    """Time every way in turn and print one line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--benchmark", action="append", default=[])
    parser.add_argument("--rows", type=int, default=128, help="of each benchmark, evenly spread")
    parser.add_argument("--precision", choices=("fp32", "bf16", "fp16"), default="fp32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--plain-limit", type=int, default=128)
    parser.add_argument("--batch-tokens", type=int, default=0)
    parser.add_argument("--alone", action="store_true", help="also one row at a time")
    parser.add_argument("--skip-plain", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    loaded = load_for_prediction(options.model, precision=options.precision, device=options.device)
    rows: list[dict[str, Any]] = []
    for name in options.benchmark or [""]:
        found = read_benchmark(options.data, names=[name] if name else []).rows
        step = max(1, len(found) // options.rows)
        rows += found[::step][: options.rows]
    requests = make_requests(loaded, rows)
    eos, budget = loaded.encoder.eos, options.batch_tokens
    ways: dict[str, Callable[[], Run]] = {}
    if not options.skip_plain:
        peer = load_plain(options.model, loaded)
        ways[f"plain generate, batch {options.batch}"] = lambda: plain(
            peer, requests, eos, batch=options.batch, limit=options.plain_limit
        )
    ways["ours, greedy"] = lambda: ours(loaded, requests, copy=False, budget=budget)
    ways["ours, copy-draft"] = lambda: ours(loaded, requests, copy=True, budget=budget)
    if options.alone:
        for name, copy in (("one by one, greedy", False), ("one by one, copy-draft", True)):
            ways[name] = lambda copy=copy: ours(
                loaded, requests, copy=copy, budget=budget, exact=True
            )
    measured: dict[str, list[Run]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, way in ways.items():
            start = clock(options.device)
            run = way()
            run.seconds = clock(options.device) - start
            measured[name].append(run)
    report(measured, requests, options)


def report(
    measured: dict[str, list[Run]], requests: Sequence[Request], options: argparse.Namespace
) -> None:
    """Print a table: rows/s, new tokens/s, passes, and ratios to the systems above."""
    copied = sum(
        one.source[:-1] == text
        for one, text in zip(requests, next(iter(measured.values()))[0].texts, strict=True)
    )
    print(
        f"{len(requests)} rows, {options.precision}, {options.device}, {options.threads} threads, "
        f"{copied} copied unchanged; median of {options.repeats}"
    )
    print(f"{'':26} {'s':>7} {'rows/s':>7} {'tokens/s':>8} {'passes':>7} {'same':>5}  ratios")
    seconds: list[float] = []
    first = next(iter(measured.values()))[0].texts
    for name, runs in measured.items():
        middle = statistics.median(run.seconds for run in runs)
        written = sum(len(text) + 1 for text in runs[0].texts)
        same = sum(one == other for one, other in zip(first, runs[0].texts, strict=True))
        ratios = " ".join(f"{before / middle:.2f}x" for before in seconds)
        print(
            f"{name:26} {middle:7.2f} {len(requests) / middle:7.2f} {written / middle:8.0f} "
            f"{runs[0].passes:7} {same:5}  {ratios}"
        )
        seconds.append(middle)


if __name__ == "__main__":
    main()
