"""Find out edits of pairs, facts of texts, types of gold: from the store, or in one pass."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from wa_analysis.facts import Found, pack_edits, unpack_edits, unpack_facts
from wa_analysis.pipeline import Block, Pipeline
from wa_analysis.store import make_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from wa_analysis.facts import GoldEdits, Pair
    from wa_analysis.spacy_model import SpacyModel
    from wa_analysis.store import Store

    # Given how much there is to do, returns what is told how much of it is done.
    Progress = Callable[[int], Callable[[int], None]]

Item = TypeVar("Item")
Value = TypeVar("Value")

# Pairs and texts: enough to parse in full batches, and little is lost if a process is killed.
_AT_ONCE = 400
_FORM = "1"  # how entries of the store are written


def survey(
    pairs: Iterable[Pair],
    texts: Iterable[str],
    golds: Iterable[GoldEdits],
    model: SpacyModel,
    *,
    workers: int = 1,
    store: Store | None = None,
    progress: Progress | None = None,
) -> Found:
    """Return the edits of all pairs, the facts of all texts and the types of all gold edits.

    What is found out goes into the store block by block. `progress` is given how many of them spaCy
    has to read, and returns what is told how many are done.

    Raises:
        InputError: the model cannot be loaded.
        WorkerError: a worker process failed.
    """
    errant = (_FORM, model.versions)
    known_edits, new_pairs = _recall(
        store, {pair: make_key("edits", *errant, *pair) for pair in pairs}, unpack_edits
    )
    of_model = (*errant, model.label, model.digest)
    known_facts, new_texts = _recall(
        store, {text: make_key("facts", *of_model, text) for text in texts}, unpack_facts
    )
    known_types, new_golds = _recall(
        store, {gold: make_key("types", *errant, json.dumps(gold)) for gold in golds}, tuple
    )
    found = Found(known_edits, known_facts, known_types)
    blocks = list(_make_blocks(new_pairs, new_texts, new_golds))
    if not blocks:
        return found
    count = len(new_pairs) + len(new_texts) + len(new_golds)
    tell = progress(count) if progress else lambda count: None
    for block, news in _read(blocks, model, workers):
        known_edits.update(news.edits)
        known_facts.update(news.facts)
        known_types.update(news.types)
        if store is not None:
            store.keep(
                {new_pairs[pair]: _pack(pack_edits(edits)) for pair, edits in news.edits.items()}
                | {new_texts[text]: _pack(facts) for text, facts in news.facts.items()}
                | {new_golds[gold]: _pack(types) for gold, types in news.types.items()}
            )
        tell(block.size)
    return found


def _recall(
    store: Store | None, keys: dict[Item, bytes], unpack: Callable[[Any], Value]
) -> tuple[dict[Item, Value], dict[Item, bytes]]:
    """Return what is kept of some items, and the keys of the others."""
    kept = store.recall(keys.values()) if store is not None else {}
    known = {item: unpack(json.loads(kept[key])) for item, key in keys.items() if key in kept}
    return known, {item: key for item, key in keys.items() if key not in kept}


def _make_blocks(
    pairs: Iterable[Pair], texts: Iterable[str], golds: Iterable[GoldEdits]
) -> Iterator[Block]:
    """Cut the work so that all that is wanted of a source, and of its corrections, is together."""
    left = dict.fromkeys(texts)
    by_source: defaultdict[str, Block] = defaultdict(lambda: Block([], [], []))
    for pair in pairs:
        block = by_source[pair[0]]
        block.pairs.append(pair)
        for text in pair:
            if text in left:
                del left[text]
                block.texts.append(text)
    for gold in golds:
        by_source[gold.source].golds.append(gold)
    for text in left:  # its edits are known: of another model, or of a pair that was seen before
        by_source[text].texts.append(text)
    waiting = Block([], [], [])
    for block in by_source.values():
        waiting.extend(block)
        if waiting.size >= _AT_ONCE:
            yield waiting
            waiting = Block([], [], [])
    if waiting.size:
        yield waiting


def _read(
    blocks: Sequence[Block], model: SpacyModel, workers: int
) -> Iterator[tuple[Block, Found]]:
    if workers > 1 and len(blocks) > 1:
        from wa_analysis.workers import read_blocks

        yield from read_blocks(blocks, model, workers=workers)
        return
    pipeline = Pipeline(model)
    for block in blocks:
        yield block, pipeline.read(block)


def _pack(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
