"""Samples by hash: of each config the n rows with the smallest key.

The key is sha256 over the seed and the row's content, so a sample depends on neither order, nor
files, nor platform; it needs O(n) memory; and a larger sample holds the smaller one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from wa_train.errors import DataError
from wa_train.prompt import user_message
from wa_train.row_files import BATCH_ROWS
from wa_train.strict import suggest

if TYPE_CHECKING:
    from wa_train.rows import RowSource

log = logging.getLogger(__name__)
Row = dict[str, Any]


def sample_key(row: Mapping[str, Any], seed: int) -> bytes:
    r"""Give the 32-byte key of a row: sha256 of the seed, "\n" and the digest of its content.

    The digest is sha256 over the compact JSON array [prompt, completion] in UTF-8. For a row that
    has no prompt of its own it is what the user says, or all messages before the answer if there
    are several; so a row has the same key whether a chat model reads it or another.
    """
    content = [_asked(row), row["completion"]]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    digest = sha256(text.encode()).digest()
    return sha256(b"%d\n%b" % (seed, digest)).digest()


def draw_sample(source: RowSource, sizes: Mapping[str, int], seed: int) -> Iterator[list[Row]]:
    """Stream a sample of a source in batches, as `RowSource.batches` streams all of it.

    Raises:
        DataError: as `choose`, and as the rows' own checks.
    """
    rows = choose(source.batches(), sizes, seed)
    for start in range(0, len(rows), BATCH_ROWS):
        yield rows[start : start + BATCH_ROWS]


def choose(batches: Iterable[list[Row]], sizes: Mapping[str, int], seed: int) -> list[Row]:
    """Choose `sizes[config]` rows of each config named; rows of other configs are left out.

    Args:
        batches: what `RowSource.batches` gives.
        sizes: config -> number of rows. A config that has fewer gives all, with a warning.
        seed: another seed is another sample.

    Returns:
        the rows in the order in which they came.

    Raises:
        DataError: a config named has no row at all.
    """
    kept: dict[str, list[tuple[bytes, int, Row]]] = {config: [] for config in sizes}
    bounds = dict.fromkeys(sizes, b"\xff" * 33)  # above every key
    seen: dict[str, int] = {}
    position = 0
    for batch in batches:
        for row in batch:
            position += 1
            config = row["_config"]
            seen[config] = seen.get(config, 0) + 1
            if config not in kept:
                continue
            key = sample_key(row, seed)
            if key > bounds[config]:
                continue
            rows, size = kept[config], sizes[config]
            rows.append((key, position, row))
            if len(rows) >= 2 * size + 1024:
                bounds[config] = _cut(rows, size)
    _check(sizes, seen)
    for config, rows in kept.items():
        _cut(rows, sizes[config])
    chosen = [(place, row) for rows in kept.values() for _, place, row in rows]
    return [row for _, row in sorted(chosen, key=lambda item: item[0])]


def _asked(row: Mapping[str, Any]) -> Any:
    messages = row.get("messages")
    if row.get("prompt"):
        return row["prompt"]
    if not messages:
        return user_message(row)
    before = messages[:-1]
    return before[0]["content"] if len(before) == 1 else before


def _cut(rows: list[tuple[bytes, int, Row]], size: int) -> bytes:
    """Keep the rows with the smallest keys; give the largest key kept."""
    rows.sort(key=lambda item: item[:2])
    del rows[size:]
    return rows[-1][0] if len(rows) == size else b"\xff" * 33


def _check(sizes: Mapping[str, int], seen: Mapping[str, int]) -> None:
    for config, size in sizes.items():
        if config not in seen:
            raise DataError(
                f"data.sample names the config {config!r}, but there is no row of it"
                f"{suggest(config, seen)}; there: {', '.join(seen) or 'none'}"
            )
        if seen[config] < size:
            log.warning(
                "data.sample asks for %s rows of %s; there are %s, and all are taken",
                f"{size:,}", config, f"{seen[config]:,}",
            )  # fmt: skip
