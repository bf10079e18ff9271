"""What leaves the machine when a run is published: files of known names, without its paths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import file_digest, sha1, sha256
from pathlib import Path
from typing import Any

from wa_train.card import CardInputs
from wa_train.merge import MERGE_FILE
from wa_train.record import RUN_FILE, as_json
from wa_train.weights import MODEL_FILES, RunWeights, model_files

RECORD = "run"  # the folder of the run's record in the repository
MANAGED = (*MODEL_FILES, MERGE_FILE, f"{RECORD}/*")
Content = Path | bytes


def contents(
    folder: Path, weights: RunWeights, inputs: CardInputs, scores: Path | None, card: str
) -> dict[str, Content]:
    """Give every file of the commit, by its name in the repository."""
    files: dict[str, Content] = {name: folder / name for name in model_files(folder)}
    if "adapter_config.json" in files:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        files["adapter_config.json"] = _json(config | {"base_model_name_or_path": inputs.base})
    if (folder / MERGE_FILE).is_file():
        files[MERGE_FILE] = folder / MERGE_FILE
    files["README.md"] = card.encode()
    files[f"{RECORD}/{RUN_FILE}"] = _json(as_json(inputs.record))
    files[f"{RECORD}/recipe.json"] = _json(inputs.recipe)
    metrics = weights.run / "metrics.jsonl"
    if metrics.is_file():
        files[f"{RECORD}/metrics.jsonl"] = metrics
    if scores:
        files[f"{RECORD}/scores.jsonl"] = scores
    return files


def public_recipe(recipe: dict[str, Any], base: str) -> dict[str, Any]:
    """Give the recipe without a path of this machine."""
    model = recipe["base"]["model"]
    public = recipe | {
        "base": recipe["base"] | {"model": base or public_name(model) if model else ""}
    }
    for table, name in (("tagger", "vocabulary"), ("curriculum", "text")):
        if recipe.get(table):
            public[table] = recipe[table] | {name: Path(recipe[table][name]).name}
    return public


def is_local(name: str) -> bool:
    """Tell a folder from a Hub id."""
    return name.startswith((".", "/", "~")) or "\\" in name or Path(name).is_dir()


def public_name(name: str) -> str:
    """Give the last part of a path, and anything else as it is."""
    path, colon, config = name.partition(":")
    if name.startswith("hf://") or not ("/" in path and is_local(path)):
        return name
    return f"{Path(path).name}{colon}{config}"


def same_file(content: Content, remote: str | None) -> bool:
    """Tell whether a file is the one with this id: sha256 of a large file, else git's."""
    if remote is None:
        return False
    if len(remote) == 64:
        if isinstance(content, bytes):
            return sha256(content).hexdigest() == remote
        with content.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest() == remote
    data = content if isinstance(content, bytes) else content.read_bytes()
    blob = b"blob %d\0" % len(data) + data
    return sha1(blob, usedforsecurity=False).hexdigest() == remote


def sizes_of(files: Mapping[str, Content]) -> tuple[tuple[str, int], ...]:
    """Give name and size in bytes of each file, by name."""
    return tuple(
        (name, len(content) if isinstance(content, bytes) else content.stat().st_size)
        for name, content in sorted(files.items())
    )


def _json(value: Any) -> bytes:
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n".encode()
