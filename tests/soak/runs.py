"""Kill and starve `wa-train fit` and `predict`, and fill their disks.

After a kill `fit --resume` learns the bytes of an undisturbed run, and `predict` goes on to the
same predictions. A fit that fails leaves no weights under their final name but whole ones.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

from data.faults import Ended, environment, kill, one_error, run
from soak.scarcity import small_disk, starve
from soak.systems import make_rows as make_benchmark
from soak.systems import write_lines
from soak.tally import Round, Soak
from train.tiny_training import (
    learned_bytes,
    make_rows,
    read_json,
    read_metrics,
    write_base,
    write_recipe,
)

WA_TRAIN = str(Path(sys.executable).with_name("wa-train"))
STEPS = 40


class Undisturbed(NamedTuple):
    """What a run gives with nothing wrong.

    Attributes:
        command: of fit, without -o.
        folder: the run.
        fit_seconds: how long it took.
        predict: words of predict, without -o.
        predictions: by id.
        predict_seconds: how long they took.
    """

    command: list[str]
    folder: Path
    fit_seconds: float
    predict: list[str]
    predictions: dict[str, str]
    predict_seconds: float


def inject(soak: Soak) -> None:
    """Inject every fault of local runs of wa-train."""
    whole = undisturbed(soak)
    kill_fits(soak, whole)
    fill_disk_of_fit(soak, whole)
    starve_fits(soak, whole)
    kill_predictions(soak, whole)
    fill_disk_of_predict(soak, whole)


def undisturbed(soak: Soak) -> Undisturbed:
    """Train a tiny model, which compiles modules, train it again, and predict."""
    folder = soak.folder()
    base = write_base(folder / "base")
    data = write_lines(folder / "rows.jsonl", make_rows(40))
    recipe = write_recipe(folder / "tiny.toml", base, max_steps=STEPS, save_steps=4)
    command = ["fit", str(recipe), "--data", str(data)]
    rows = write_lines(folder / "bench.jsonl", make_benchmark(48))
    predict = ["predict", str(folder / "run"), "--data", str(rows), "--batch-tokens", "256"]
    out = folder / "out.jsonl"
    for words in ([*command, "-o", str(folder / "first")], [*command, "-o", str(folder / "run")]):
        fitted = must(words, soak)
    predicted = must([*predict, "-o", str(out)], soak)
    return Undisturbed(
        command, folder / "run", fitted.seconds, predict, texts(out), predicted.seconds
    )


def must(words: list[str], soak: Soak) -> Ended:
    """Run a command that has to end well."""
    ended = run(words, environment(soak.room), program=WA_TRAIN)
    if ended.code:
        sys.exit(f"an undisturbed `wa-train {words[0]}` failed: {ended.err}")
    return ended


def texts(path: Path) -> dict[str, str]:
    """Read predictions by id; an id that comes twice, or a broken line, is an error."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = {row["id"]: row["prediction"] for row in rows}
    if len(found) != len(rows):
        raise ValueError(f"{path.name}: {len(rows)} rows, {len(found)} ids")
    return found


def finish_fit(soak: Soak, whole: Undisturbed, out: Path) -> list[str]:
    """Go on, or begin if nothing was begun; it must learn what an undisturbed run learns."""
    resume = ["--resume"] if out.exists() else []
    ended = run([*whole.command, "-o", str(out), *resume], environment(soak.room), program=WA_TRAIN)
    if ended.code:
        return [f"again: exit code {ended.code}: {ended.err[-300:]}"]
    lost = []
    if learned_bytes(out) != learned_bytes(whole.folder):
        lost.append("the weights are not those of an undisturbed run")
    if read_metrics(out) != read_metrics(whole.folder):
        lost.append("metrics.jsonl is not that of an undisturbed run")
    for name in ("exit", "steps", "samples_seen", "tokens_seen", "tokens_trained"):
        here, there = read_record(out)[name], read_record(whole.folder)[name]
        lost += [f"run.json: {name} is {here}, expected {there}"] if here != there else []
    return lost


def read_record(out: Path) -> dict[str, Any]:
    """Read run.json."""
    record: dict[str, Any] = read_json(out / "run.json")
    return record


def half_fit(whole: Undisturbed, out: Path) -> list[str]:
    """Say whether weights are under their final name that are not whole."""
    if not list(out.glob("adapter/*.safetensors")):
        return []
    same = learned_bytes(out) == learned_bytes(whole.folder)
    return [] if same else ["adapter/ is there, but not whole"]


def kill_fits(soak: Soak, whole: Undisturbed) -> None:
    """Kill a fit, then its resumption, then let it end."""

    def strike(_: int) -> Round:
        out = soak.folder() / "run"
        command = [*whole.command, "-o", str(out)]
        moments = [soak.random.uniform(0, whole.fit_seconds) for _ in range(2)]
        hit = kill(command, environment(soak.room), moments[0], WA_TRAIN)
        lost = half_fit(whole, out)
        if hit and out.exists():
            kill([*command, "--resume"], environment(soak.room), moments[1], WA_TRAIN)
            lost += half_fit(whole, out)
        return Round(hit, lost + finish_fit(soak, whole, out))

    soak.repeat("SIGKILL of fit and of its resumption", strike)


def fill_disk_of_fit(soak: Soak, whole: Undisturbed) -> None:
    """Train onto a disk with too little room."""
    need = sum(path.stat().st_size for path in whole.folder.rglob("*") if path.is_file())

    def strike(_: int) -> Round:
        with small_disk(soak, soak.random.randint(4096, need)) as (disk, limit):
            out = disk / "run"
            command = [*whole.command, "-o", str(out)]
            ended = run(command, environment(soak.room), limit, program=WA_TRAIN)
            lost = (one_error(ended) if ended.code else []) + half_fit(whole, out)
            if ended.code and (out / "run.json").exists():
                said = read_record(out)["exit"]
                lost += ["run.json says that it finished"] if said == "finished" else []
        return Round(ended.code != 0, lost)

    soak.repeat("disk full: fit", strike)


def starve_fits(soak: Soak, whole: Undisturbed) -> None:
    """Train with too little memory, then go on with enough."""

    def strike(limit: tuple[int, int]) -> tuple[Ended, list[str]]:
        out = soak.folder() / "run"
        command = [*whole.command, "-o", str(out)]
        ended = run(command, environment(soak.room), limit, patience=90, program=WA_TRAIN)
        lost = half_fit(whole, out)
        return ended, lost + (finish_fit(soak, whole, out) if ended.code else [])

    starve(soak, "fit", (1024, 6144), strike)


def kill_predictions(soak: Soak, whole: Undisturbed) -> None:
    """Kill a prediction, then let the same command go on."""

    def strike(_: int) -> Round:
        out = soak.folder() / "out.jsonl"
        command = [*whole.predict, "-o", str(out)]
        moment = soak.random.uniform(0, whole.predict_seconds)
        hit = kill(command, environment(soak.room), moment, WA_TRAIN)
        lost = half_predictions(out, whole.predictions)
        return Round(hit, lost + finish_predictions(soak, command, out, whole.predictions))

    soak.repeat("SIGKILL of predict", strike)


def half_predictions(out: Path, whole: dict[str, str]) -> list[str]:
    """Say whether predictions are under their final name that are not all there."""
    return ["OUT is there, but not whole"] if out.exists() and texts(out) != whole else []


def finish_predictions(
    soak: Soak, command: list[str], out: Path, whole: dict[str, str], **environ: str
) -> list[str]:
    """Run the same command again; it must give what an undisturbed one gives.

    A kill after the rename comes too late: all is there, and the command would say so and refuse.
    """
    late = out.exists()
    if not late:
        ended = run(command, environment(soak.room, **environ), program=WA_TRAIN)
        if ended.code:
            return [f"again: exit code {ended.code}: {ended.err[-300:]}"]
    left = {path.name for path in out.parent.iterdir()}
    lost = [] if texts(out) == whole else ["the predictions are not those of an undisturbed run"]
    expected = {out.name, f"{out.stem}.run.json"} | ({f"{out.name}.part"} & left if late else set())
    return lost + ([] if left == expected else [f"left: {sorted(left)}"])


def fill_disk_of_predict(soak: Soak, whole: Undisturbed) -> None:
    """Predict onto a disk with too little room."""

    def strike(_: int) -> Round:
        with small_disk(soak, soak.random.randint(4096, 40_000)) as (disk, limit):
            out = disk / "out.jsonl"
            command = [*whole.predict, "-o", str(out)]
            ended = run(command, environment(soak.room), limit, program=WA_TRAIN)
            lost = one_error(ended) if ended.code else []
            lost += half_predictions(out, whole.predictions)
        shutil.rmtree(disk, ignore_errors=True)
        return Round(ended.code != 0, lost)

    soak.repeat("disk full: predict", strike)
