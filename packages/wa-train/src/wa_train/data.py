"""The rows of a run as token stores, and the base model that they are tokenised for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import Any

from accelerate import PartialState

from wa_train.curriculum import Copies, make_copies
from wa_train.evaluation import Evaluation
from wa_train.model import load_tokenizer
from wa_train.plan import StepPlan
from wa_train.recipe import Base, Recipe
from wa_train.rows import RowSource, open_rows
from wa_train.sample import draw_sample
from wa_train.scratch import make_scratch
from wa_train.store import TokenStore, build_store, find_store
from wa_train.tokens import Encoder

_FRAME_ROWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class FitData:
    """Everything of a run that comes from its rows.

    `base` is the recipe's, or the folder of the fresh model that was made for the rows; `digests`
    identify the rows: `train`, and `eval` where there are any.
    """

    base: Base
    encoder: Encoder
    store: TokenStore
    evaluation: Evaluation | None
    digests: dict[str, str]
    copies: Copies | None = None

    def plan(self, recipe: Recipe, rank: int = 0, world: int = 1) -> StepPlan:
        """Plan the run's steps as one process sees them."""
        return StepPlan(
            self.store,
            recipe.train,
            pad=self.encoder.end,
            rank=rank,
            world=world,
            flat=recipe.base.attention == "flash_attention_2",
            replacement=self.copies,
        )


def load_data(
    recipe: Recipe, data: str, evaluation: str | None, run: Path, process: PartialState
) -> FitData:
    """Read and tokenise a run's rows; the first process writes, the others wait and open.

    Args:
        recipe: resolved.
        data: training rows, as `rows.open_rows` takes them.
        evaluation: held-out rows, or None.
        run: the run's folder, which every process sees.
        process: this process among the others.

    Raises:
        DataError: a row or file is wrong, or none fits into the cutoff.
    """
    prompt = recipe.base.prompt
    source = open_rows(data, config=recipe.data.config, split=recipe.data.split, prompt=prompt)
    held_out = open_rows(evaluation, split="validation", prompt=prompt) if evaluation else None
    with process.main_process_first():
        base = _base(recipe, source, run)
        encoder = Encoder(load_tokenizer(base.model, base.revision), base.prompt)
        store = _store(run / "tokens", source, encoder, recipe)
        evaluate = None
        if held_out:
            plain = replace(recipe, data=replace(recipe.data, sample={}))
            held_out_store = _store(run / "eval-tokens", held_out, encoder, plain)
            evaluate = Evaluation(
                store=held_out_store,
                train=recipe.train,
                pad=encoder.end,
                flat=base.attention == "flash_attention_2",
            )
    digests = {_role("train", data): source.digest}
    if held_out and evaluation:
        digests[_role("eval", evaluation)] = held_out.digest
    copies = None
    if recipe.curriculum:
        rows = chain.from_iterable(_batches(source, recipe))
        copies = make_copies(
            recipe.curriculum,
            encoder,
            islice(rows, _FRAME_ROWS),
            cutoff=recipe.train.cutoff,
            seed=recipe.train.seed,
        )
    return FitData(
        base=base,
        encoder=encoder,
        store=store,
        evaluation=evaluate,
        digests=digests,
        copies=copies,
    )


def _base(recipe: Recipe, source: RowSource, run: Path) -> Base:
    """Give the base model; a recipe for a fresh one makes it from the rows, once."""
    scratch = recipe.base.scratch
    if scratch is None:
        return recipe.base
    folder = run / "scratch"
    if not (folder / "config.json").is_file():
        texts = (
            text
            for rows in _batches(source, recipe)
            for row in rows
            for text in (str(row["prompt"]), str(row["completion"]))
        )
        part = folder.with_name(".scratch.part")
        make_scratch(scratch, texts, part, seed=recipe.train.seed)
        part.replace(folder)
    return replace(recipe.base, model=str(folder), revision="main", scratch=None)


def _store(folder: Path, source: RowSource, encoder: Encoder, recipe: Recipe) -> TokenStore:
    what = {
        "data": source.digest,
        "sample": dict(recipe.data.sample),
        "seed": recipe.train.seed if recipe.data.sample else None,
        "prompt": encoder.prompt,
        "cutoff": recipe.train.cutoff,
        "tokenizer": _fingerprint(encoder),
    }
    found = find_store(folder, what)
    if found is not None:
        return found
    rows = _batches(source, recipe)
    return build_store(folder, rows, encoder, cutoff=recipe.train.cutoff, what=what)


def _batches(source: RowSource, recipe: Recipe) -> Iterator[list[dict[str, Any]]]:
    if recipe.data.sample:
        return draw_sample(source, recipe.data.sample, recipe.train.seed)
    return source.batches()


def _fingerprint(encoder: Encoder) -> str:
    backend = getattr(encoder.tokenizer, "backend_tokenizer", None)
    text = backend.to_str() if backend is not None else repr(encoder.tokenizer)
    return sha256(f"{text}{encoder.tokenizer.chat_template}{encoder.end}".encode()).hexdigest()


def _role(role: str, data: str) -> str:
    """Name rows in the record: those of the Hub by their address, which a card can link to."""
    return data if data.startswith("hf://") else role
