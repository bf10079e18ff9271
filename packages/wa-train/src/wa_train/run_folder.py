"""The folder of a run when a run starts: a fresh one, or one to go on from."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wa_train.checkpoint import newest_complete, remove_torn
from wa_train.errors import RunError
from wa_train.recipe import Recipe
from wa_train.record import RUN_FILE, read_record
from wa_train.settings import dump_recipe, load_recipe_json
from wa_train.weights import MADE_BASES

log = logging.getLogger(__name__)
RECIPE_FILE = "recipe.json"
# Settings that may differ when a run goes on: they change what is written, not what is learned.
_FREE = ("log_steps", "save_steps", "keep", "trackers")


def open_run_folder(run: Path, recipe: Recipe, *, resume: bool, main: bool) -> Path | None:
    """Open a run's folder; give the checkpoint to go on from, if any.

    Args:
        run: the folder.
        recipe: resolved; saved in a fresh folder, held against the saved one in another.
        resume: go on with the run that is there.
        main: whether this process writes and removes.

    Raises:
        RunError: there is nothing to resume, or it was started with another setting (names it).
    """
    table = dump_recipe(recipe)
    if not resume:
        if main:
            run.mkdir(parents=True, exist_ok=True)
            _remove_bases(run)
            _write_json(run / RECIPE_FILE, table)
        return None
    if not (run / RECIPE_FILE).is_file():
        raise RunError(f"{run}: nothing to resume: no {RECIPE_FILE}; leave out --resume")
    _check_same(dump_recipe(load_recipe_json(run / RECIPE_FILE)), table, run)
    start = newest_complete(run / "checkpoints")
    if main:
        if start is None and not (run / RUN_FILE).is_file():
            _remove_bases(run)
        for name in remove_torn(run / "checkpoints"):
            log.info("%s was half-written and is removed", name)
        log.info("resuming from %s", start.name if start else "the start: no checkpoint is whole")
    return start


def check_rows(run: Path, digests: Mapping[str, str]) -> None:
    """Check that a run that goes on reads the rows that it was started with.

    Raises:
        RunError: it would go on in the middle of other rows.
    """
    if not (run / RUN_FILE).is_file():
        return
    old = read_record(run).data_digest
    for name in {**old, **digests}:
        if old.get(name) != digests.get(name):
            raise RunError(
                f"{run}: the run was started with other rows ({name}: {old.get(name, 'none')}, now "
                f"{digests.get(name, 'none')}); resume with the same --data and --eval, or start "
                "another run: without --resume, another -o"
            )


def _check_same(old: Any, new: Any, run: Path, key: str = "") -> None:
    """Compare the saved recipe with the one asked for, setting by setting."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            if not (key == "train" and name in _FREE):
                inner = f"{key}.{name}" if key else name
                _check_same(old.get(name), new.get(name), run, inner)
    elif old != new:
        raise RunError(
            f"{run}: the run was started with {key}={old!r}, now it is {new!r}; resume with the "
            "same recipe and --set, or start another run: without --resume, another -o"
        )


def _remove_bases(run: Path) -> None:
    """Remove the bases that a start made before it failed: of other settings or rows, perhaps."""
    for name in MADE_BASES:
        shutil.rmtree(run / name, ignore_errors=True)


def _write_json(path: Path, value: Any) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)
