"""Find out the edits of pairs and the facts of texts: from the store, or in one pass of spaCy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wa_analysis.facts import Found, pack_edits, unpack_edits, unpack_facts
from wa_analysis.pipeline import Block, Pipeline
from wa_analysis.store import make_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from wa_analysis.facts import Facts, Pair
    from wa_analysis.spacy_model import SpacyModel
    from wa_analysis.store import Store
    from wa_metrics.edits import Edit

    # Given how much there is to do, returns what is told how much of it is done.
    Progress = Callable[[int], Callable[[int], None]]

# Enough to parse in full batches, few enough that little is lost when a process is killed.
_PAIRS_AT_ONCE = 128
_FORM = "1"  # how entries of the store are written


def survey(
    pairs: Iterable[Pair],
    texts: Iterable[str],
    model: SpacyModel,
    *,
    workers: int = 1,
    store: Store | None = None,
    progress: Progress | None = None,
) -> Found:
    """Return the edits of all pairs and the facts of all texts.

    What is found out goes into the store block by block. `progress` is given how many pairs and
    texts spaCy has to read, and returns what is told how many of them are done.

    Raises:
        InputError: the model cannot be loaded.
        WorkerError: a worker process failed.
    """
    edits, pair_keys = _recall_edits(pairs, model, store)
    facts, text_keys = _recall_facts(texts, model, store)
    blocks = list(_make_blocks(pair_keys, text_keys))
    if not blocks:
        return Found(edits, facts)
    tell = progress(len(pair_keys) + len(text_keys)) if progress else lambda count: None
    for block, found in _read(blocks, model, workers):
        edits.update(found.edits)
        facts.update(found.facts)
        if store is not None:
            entries = {
                pair_keys[pair]: _pack(pack_edits(found.edits[pair])) for pair in found.edits
            }
            entries |= {text_keys[text]: _pack(found.facts[text]) for text in found.facts}
            store.keep(entries)
        tell(len(block.pairs) + len(block.texts))
    return Found(edits, facts)


def _recall_edits(
    pairs: Iterable[Pair], model: SpacyModel, store: Store | None
) -> tuple[dict[Pair, tuple[Edit, ...]], dict[Pair, bytes]]:
    """Return the edits that are kept, and the keys of the other pairs."""
    keys = {pair: make_key("edits", _FORM, model.versions, *pair) for pair in pairs}
    kept = store.recall(keys.values()) if store is not None else {}
    edits = {pair: unpack_edits(json.loads(kept[key])) for pair, key in keys.items() if key in kept}
    return edits, {pair: key for pair, key in keys.items() if key not in kept}


def _recall_facts(
    texts: Iterable[str], model: SpacyModel, store: Store | None
) -> tuple[dict[str, Facts], dict[str, bytes]]:
    """Return the facts that are kept, and the keys of the other texts."""
    of_model = (model.versions, model.label, model.digest)
    keys = {text: make_key("facts", _FORM, *of_model, text) for text in texts}
    kept = store.recall(keys.values()) if store is not None else {}
    facts = {text: unpack_facts(json.loads(kept[key])) for text, key in keys.items() if key in kept}
    return facts, {text: key for text, key in keys.items() if key not in kept}


def _make_blocks(pairs: Iterable[Pair], texts: Iterable[str]) -> Iterator[Block]:
    """Cut the work so that all that is wanted of a source, and of its corrections, is together."""
    by_source: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_source.setdefault(pair[0], []).append(pair)
    left = dict.fromkeys(texts)
    some_pairs: list[Pair] = []
    some_texts: list[str] = []
    for members in by_source.values():
        some_pairs += members
        for text in dict.fromkeys(text for pair in members for text in pair):
            if text in left:
                del left[text]
                some_texts.append(text)
        if len(some_pairs) >= _PAIRS_AT_ONCE:
            yield Block(some_pairs, some_texts)
            some_pairs, some_texts = [], []
    # Texts whose edits are known: of another model, or of a pair whose other side is new.
    waiting = [*some_texts, *left]
    while some_pairs or waiting:
        yield Block(some_pairs, waiting[: 2 * _PAIRS_AT_ONCE])
        some_pairs, waiting = [], waiting[2 * _PAIRS_AT_ONCE :]


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
