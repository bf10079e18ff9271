"""`--sample N`: rows of each benchmark by hash of their ids."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from wa_train.predict.benchmark import read_benchmark


def _write(path: Path, names: list[str], rows: int) -> Path:
    lines = [
        json.dumps(
            {
                "id": f"{name}-test-{number}",
                "benchmark": name,
                "split": "test",
                "instruction": "Fix it.",
                "input": f"He go {number}.",
                "prompt": f"Fix it.\nHe go {number}.\n",
            }
        )
        for name in names
        for number in range(rows)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_sample_is_the_smallest_hashes_in_the_order_of_the_data(
    tmp_path: Path,
) -> None:
    path = _write(tmp_path / "rows.jsonl", ["one", "two"], 20)
    drawn = [row["id"] for row in read_benchmark(str(path), sample=5).rows]
    expected = []
    for name in ("one", "two"):
        ids = [f"{name}-test-{number}" for number in range(20)]
        smallest = set(sorted(ids, key=lambda text: sha256(text.encode()).digest())[:5])
        expected += [text for text in ids if text in smallest]
    assert drawn == expected
    assert drawn != [f"one-test-{n}" for n in range(5)] + [f"two-test-{n}" for n in range(5)]


def test_a_larger_sample_holds_the_smaller_one(
    tmp_path: Path,
) -> None:
    path = str(_write(tmp_path / "rows.jsonl", ["one"], 12))
    small = {row["id"] for row in read_benchmark(path, sample=3).rows}
    large = {row["id"] for row in read_benchmark(path, sample=7).rows}
    assert small < large
    assert len(large) == 7
    assert read_benchmark(path, sample=99).rows == read_benchmark(path).rows
