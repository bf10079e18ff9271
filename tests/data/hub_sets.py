"""Sets to publish: rows of a source that may go (meadow) and of one that may not (harbour)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wa_data.card import render_card

from .built_sets import LICENCES, Row, benchmark_row, mix_row, overlap, write_set
from .hub_server import WRITE_TOKEN, Hub

SECRETS = ("quillfeather", "sandpiper", "gullwing")  # only in texts of harbour rows
PLAIN = "The hill is greener than ever ."


def mix_rows(count: int = 12) -> dict[str, dict[str, list[Row]]]:
    """Give a mix whose every third writing row is of harbour, with texts to look for."""
    rows = []
    for number in range(count):
        source = "harbour" if number % 3 == 1 else "meadow"
        word = SECRETS[0] if source == "harbour" else "swallow"
        texts = f"The {word} sing {number} songs .", f"The {word} sings {number} songs ."
        rows.append(mix_row(f"{number:016x}", *texts, source=source) | {"source_row": number})
    generic = [mix_row(f"9{n:015x}", "", f"Bird {n}.", task="generic") for n in range(3)]
    return {"writing": {"train": rows}, "generic": {"train": generic}}


def write_mix(folder: Path, rows: dict[str, dict[str, list[Row]]] | None = None) -> Path:
    """Write a mix with everything that a build leaves, card and plot included."""
    configs = rows or mix_rows()
    ids = [row["id"] for row in configs["writing"]["train"]]
    write_set(folder, "mix", configs, overlaps=[overlap(ids[1], "asset-test-0")])
    return dress(folder)


def write_benchmark(folder: Path) -> Path:
    """Write a benchmark of a set that may go and of one that may not."""
    edits = [(0, 1, 2, "R:VERB", SECRETS[2])]
    call, calls = f"A {SECRETS[1]} call .", f"A {SECRETS[1]} calls ."
    held = [
        benchmark_row("0", call, [calls], edits=edits),
        benchmark_row("1", calls, [calls]),
    ]
    plain: Any = {"task": "simplification", "benchmark": "asset", "metric": "sari-easse"}
    free = [benchmark_row("0", PLAIN, ["The hill is green ."], **plain)]
    write_set(folder, "benchmark", {"conll14": {"test": held}, "asset": {"test": free}})
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["configs"]["conll14"]["test"]["sources"] = {"harbour": len(held)}
    manifest["sources"]["harbour"] = {
        **manifest["sources"]["meadow"],
        "licence": LICENCES["harbour"],
    }
    path.write_text(json.dumps(manifest))
    return dress(folder)


def dress(folder: Path) -> Path:
    """Add the card and a plot; a stray file shows that only what is known is published."""
    (folder / "plots").mkdir(exist_ok=True)
    (folder / "plots" / "rows.png").write_bytes(b"\x89PNG not really")
    (folder / "notes.txt").write_text(f"my own copy: {SECRETS[0]}")
    manifest = json.loads((folder / "manifest.json").read_text())
    recipe = json.loads((folder / "recipe.json").read_text())
    (folder / "README.md").write_text(render_card(folder, manifest, recipe))
    return folder


def point_at(hub: Hub, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Make this process a client of the local Hub, with a good token and short waits."""
    from huggingface_hub import constants

    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", WRITE_TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
    monkeypatch.setattr("wa_data.hub.FIRST_WAIT", 0.01)


def client_environment(hub: Hub, home: Path) -> dict[str, str]:
    """Give what a child process needs to be a client of the local Hub."""
    import os

    own = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return own | {
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": WRITE_TOKEN,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
