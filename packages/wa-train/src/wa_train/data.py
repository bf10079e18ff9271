"""The rows of a run as token stores, and the base model that they are tokenised for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import Any

from accelerate import PartialState
from transformers import PreTrainedModel

from wa_train.architecture import make_encoder, make_skeleton
from wa_train.causal import CausalObjective
from wa_train.curriculum import make_copies
from wa_train.evaluation import Evaluation
from wa_train.model import load_config, load_tokenizer
from wa_train.objective import Objective
from wa_train.plan import Replacement, StepPlan
from wa_train.prompt import bare_input
from wa_train.recipe import Base, Recipe, Tagger
from wa_train.rows import RowSource, open_rows
from wa_train.sample import draw_sample
from wa_train.scratch import make_scratch
from wa_train.seq2seq.objective import PairObjective, start_id
from wa_train.store import Counts, TokenStore, build_store, find_store
from wa_train.tagger.encoder import TagEncoder
from wa_train.tagger.model import vocabulary_of
from wa_train.tagger.noise import make_errors
from wa_train.tagger.objective import TagObjective
from wa_train.tagger.passes import layout_of
from wa_train.tagger.start import is_tagger, make_start, read_pairs
from wa_train.tokens import Encoder

log = logging.getLogger(__name__)
_NOISE_ROWS = 200_000


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
    objective: Objective[Any]
    made_up: Replacement | None = None

    def plan(self, recipe: Recipe, rank: int = 0, world: int = 1) -> StepPlan:
        """Plan the run's steps as one process sees them."""
        return StepPlan(
            self.store,
            recipe.train,
            self.objective,
            rank=rank,
            world=world,
            replacement=self.made_up,
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
        encoder = _encoder(base)
        objective = make_objective(recipe, base, encoder)
        store = _store(run / "tokens", source, encoder, recipe)
        evaluate = None
        if held_out:
            plain = replace(recipe, data=replace(recipe.data, sample={}))
            held_out_store = _store(run / "eval-tokens", held_out, encoder, plain)
            evaluate = Evaluation(store=held_out_store, objective=objective)
    digests = {_role("train", data): source.digest}
    if held_out and evaluation:
        digests[_role("eval", evaluation)] = held_out.digest
    return FitData(
        base=base,
        encoder=encoder,
        store=store,
        evaluation=evaluate,
        digests=digests,
        objective=objective,
        made_up=_made_up(recipe, source, encoder),
    )


def _made_up(recipe: Recipe, source: RowSource, encoder: Encoder) -> Replacement | None:
    """Make the curriculum's samples: copies, or for a tagger new errors."""
    if not recipe.curriculum:
        return None
    rows = chain.from_iterable(_batches(source, recipe))
    limits = {"cutoff": recipe.train.cutoff, "seed": recipe.train.seed}
    if isinstance(encoder, TagEncoder):
        pairs = read_pairs(islice(rows, _NOISE_ROWS))
        return make_errors(recipe.curriculum, encoder, pairs, **limits)
    return make_copies(recipe.curriculum, encoder, rows, **limits)


def _encoder(base: Base) -> Encoder:
    tokenizer = load_tokenizer(base.model, base.revision)
    if base.architecture == "tagger":
        return TagEncoder(tokenizer, vocabulary_of(load_config(base.model, base.revision)))
    return make_encoder(tokenizer, base)


def make_objective(recipe: Recipe, base: Base, encoder: Encoder) -> Objective[Any]:
    """Make the objective of a recipe for its base model."""
    if isinstance(encoder, TagEncoder) and encoder.vocabulary:
        return TagObjective(
            recipe.train,
            recipe.tagger or Tagger(),
            layout=layout_of(_outline(base), encoder),
            keep=encoder.vocabulary.keep,
        )
    if base.architecture == "seq2seq":
        start = start_id(load_config(base.model, base.revision))
        return PairObjective(recipe.train, start=start, pad=encoder.end)
    flat = base.attention == "flash_attention_2"
    return CausalObjective(recipe.train, pad=encoder.end, flat=flat)


def _outline(base: Base) -> PreTrainedModel:
    """Make the base model without weights, with the attention that it will train with."""
    config = load_config(base.model, base.revision)
    config._attn_implementation = base.attention
    return make_skeleton(config, base.architecture)


def _base(recipe: Recipe, source: RowSource, run: Path) -> Base:
    """Give the base model; a fresh one, or a fresh tagger, is made from the rows, once."""
    scratch = recipe.base.scratch
    if recipe.base.architecture == "tagger" and not is_tagger(recipe.base):
        folder = run / "start"
        if not (folder / "config.json").is_file():
            tagger, seed = recipe.tagger or Tagger(), recipe.train.seed
            make_start(recipe.base, tagger, _batches(source, recipe), folder, seed=seed)
        return replace(recipe.base, model=str(folder), revision="main")
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
        "architecture": recipe.base.architecture,
        "cutoff": recipe.train.cutoff,
        "tokenizer": _fingerprint(encoder),
        **_tag_facts(recipe),
    }
    found = find_store(folder, what)
    if found is not None:
        return found
    only = "to delete every word" if isinstance(encoder, TagEncoder) else "the end"
    rows = _tell_empty(_batches(source, recipe), source.name, only)
    store = build_store(folder, rows, encoder, cutoff=recipe.train.cutoff, what=what)
    _tell_lost(store.counts, source.name, recipe.train.cutoff)
    return store


def _tell_lost(counts: Counts, name: str, cutoff: int) -> None:
    """Say what a cutoff takes away."""
    for rows, what in (
        (counts.dropped, "left out, since their prompt leaves no room"),
        (counts.truncated, "cut off at their end"),
    ):
        if rows:
            log.warning(
                "%s: rows %s in %d tokens (train.cutoff): %s of %s",
                name, what, cutoff, f"{rows:,}", f"{counts.rows:,}",
            )  # fmt: skip


def _tell_empty(
    batches: Iterator[list[dict[str, Any]]], name: str, target: str
) -> Iterator[list[dict[str, Any]]]:
    """Pass rows on, and say behind the last how many have nothing to write."""
    empty = 0
    for rows in batches:
        empty += sum(not row["completion"] for row in rows)
        yield rows
    if empty:
        log.warning(
            "%s: rows with an empty completion: %s; their only target is %s", name, empty, target
        )


def _tag_facts(recipe: Recipe) -> dict[str, Any]:
    """Give what the tags of a store depend on."""
    tagger = recipe.tagger
    return {"tagger": asdict(tagger)} if tagger and recipe.base.architecture == "tagger" else {}


def _batches(source: RowSource, recipe: Recipe) -> Iterator[list[dict[str, Any]]]:
    batches = source.batches()
    if recipe.data.sample:
        batches = draw_sample(source, recipe.data.sample, recipe.train.seed)
    if recipe.tagger is None or recipe.tagger.unchanged:
        return batches
    return ([row for row in rows if bare_input(row) != row["completion"]] for rows in batches)


def _fingerprint(encoder: Encoder) -> str:
    backend = getattr(encoder.tokenizer, "backend_tokenizer", None)
    text = backend.to_str() if backend is not None else repr(encoder.tokenizer)
    return sha256(f"{text}{encoder.tokenizer.chat_template}{encoder.end}".encode()).hexdigest()


def _role(role: str, data: str) -> str:
    """Name rows in the record: those of the Hub by their address, which a card can link to."""
    return data if data.startswith("hf://") else role
