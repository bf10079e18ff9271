"""A tiny Llama that edits as people's models do: it copies, and changes something now and then.

Rows are random ids: start, source, separator, answer, end. In the answer 5 and 6 are replaced, 9
is left out and 10 is followed by 11, so that copying loses its place in all three ways.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from wa_train.predict.request import Answer, Request, shared_prefixes

START, END, SEPARATOR, WORDS = 0, 1, 2, 40


def edit(source: Sequence[int]) -> list[int]:
    answer = []
    for token in source:
        if token in (5, 6):
            answer.append(token + 2)
        elif token == 10:
            answer += [10, 11]
        elif token != 9:
            answer.append(token)
    return answer


def make_source(numbers: random.Random, longest: int = 16) -> list[int]:
    return [numbers.randrange(5, WORDS) for _ in range(numbers.randint(3, longest))]


def make_prompt(source: Sequence[int]) -> list[int]:
    return [START, *source, SEPARATOR]


def make_requests(sources: Sequence[Sequence[int]], limit: int = 30) -> list[Request]:
    return [
        Request(
            index=index,
            key=f"row {index}",
            prompt=tuple(make_prompt(source)),
            source=(*source, END),
            limit=limit,
        )
        for index, source in enumerate(sources)
    ]


def random_model(seed: int, words: int = WORDS, positions: int = 256) -> LlamaForCausalLM:
    """Make a model with weights so large that the rounding of a sum never decides what is best."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=words,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        bos_token_id=START,
        eos_token_id=END,
        pad_token_id=END,
    )
    model = LlamaForCausalLM(config)
    model.eval().requires_grad_(False)
    for weight in model.parameters():
        weight.mul_(4)
    return model


def train_to_copy(steps: int = 350, seed: int = 0) -> LlamaForCausalLM:
    """Train a model to `edit` for some seconds: it gets most rows right, not all."""
    numbers = random.Random(seed)
    model = random_model(seed)
    for weight in model.parameters():
        weight.div_(4)
    model.requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 5e-3, total_steps=steps, pct_start=0.1
    )
    for step in range(steps):
        sources = [make_source(numbers, min(16, 4 + 40 * step // steps)) for _ in range(48)]
        rows = [[*make_prompt(source), *edit(source), END] for source in sources]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [END] * (longest - len(row)) for row in rows])
        labels = torch.full_like(ids, -100)
        for line, (row, source) in enumerate(zip(rows, sources, strict=True)):
            labels[line, len(source) + 2 : len(row)] = ids[line, len(source) + 2 : len(row)]
        model(input_ids=ids, labels=labels, use_cache=False).loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval().requires_grad_(False)
    return model


@torch.inference_mode()
def one_by_one(
    model: LlamaForCausalLM, rows: Sequence[Request]
) -> tuple[list[Request], dict[int, tuple[int, ...]]]:
    """Decode greedily in the plainest way: the whole text again for each token, no cache.

    Rows in which two tokens are equally good up to rounding say nothing and are left out: the
    others come back, with what the model writes.
    """
    kept, wanted = [], {}
    for row in rows:
        ids, clear = list(row.prompt), True
        while clear and len(ids) < row.room:
            logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
            best, second = logits.topk(2)[0].tolist()
            clear = best - second > 1e-4 * (1 + abs(best))
            token = int(logits.argmax())
            if token == END:
                break
            ids.append(token)
        if clear:
            kept.append(row)
            wanted[row.index] = tuple(ids[len(row.prompt) :])
    assert len(kept) >= 0.9 * len(rows)
    return kept, wanted


def make_rows(seed: int, count: int = 50, prefix: int = 10) -> list[Request]:
    """Make rows of very different lengths and limits that share the start of their prompts."""
    numbers = random.Random(seed)
    start = [numbers.randrange(2, WORDS) for _ in range(prefix)]
    tails = [
        [numbers.randrange(2, WORDS) for _ in range(numbers.choice([1, 3, 9, 30, 60]))]
        for _ in range(count)
    ]
    prompts = [start + tail for tail in tails]
    shared = shared_prefixes(prompts, ["one"] * count)
    return [
        Request(
            index=index,
            key=f"row {index}",
            prompt=tuple(prompt),
            source=(*tails[index], END),
            limit=numbers.randint(1, 40),
            shared=shared[index],
        )
        for index, prompt in enumerate(prompts)
    ]


def texts(answers: Sequence[Answer] | Iterator[Answer]) -> dict[int, tuple[int, ...]]:
    return {answer.index: answer.tokens for answer in answers}


@cache
def known(seed: int) -> tuple[LlamaForCausalLM, list[Request], dict[int, tuple[int, ...]]]:
    """Give a model, rows, and what greedy writes for each of them alone."""
    model = random_model(seed)
    return model, *one_by_one(model, make_rows(seed))
