"""The card of a published model: README.md with what the Hub reads and what a user must know.

Everything on it comes from the run's own record, recipe and metrics, and from scores if given.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from wa_train.errors import DataError
from wa_train.record import RunRecord
from wa_train.tagger.thresholds import Thresholds

TAGS = ("writing-assistance", "text-editing", "grammatical-error-correction", "text-simplification")
_SCORE_FIELDS = ("benchmark", "split", "metric", "score", "n", "ci", "decoding", "signature")
_LICENCE = ("license", "license_name", "license_link")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardInputs:
    """What a card is made of.

    `base` is the base model's Hub id, empty where it has none; `adapter` tells adapter weights from
    a whole model; `base_card` is the metadata of the base model's own card, as far as it is known;
    `recipe` is the resolved recipe as tables; `tags` and `thresholds` are a tagger's, None where
    nobody tuned them.
    """

    repo: str
    record: RunRecord
    recipe: Mapping[str, Any]
    base: str
    adapter: bool
    precision: str
    base_card: Mapping[str, Any] = field(default_factory=dict)
    scores: Sequence[Mapping[str, Any]] = ()
    tags: Sequence[str] = ()
    thresholds: Thresholds | None = None


def render_card(inputs: CardInputs) -> str:
    """Render README.md: metadata and text, Markdown; the same inputs give the same bytes."""
    import jinja2

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, not HTML; `cell` escapes what both would read
    )
    environment.filters |= {"cell": cell, "number": _number, "size": size, "clock": _clock}
    template = files("wa_train").joinpath("card.md.j2").read_text(encoding="utf-8")
    record = inputs.record
    return environment.from_string(template).render(
        metadata=metadata(inputs),
        inputs=inputs,
        record=record,
        name=inputs.repo.partition("/")[2],
        settings=list(_settings(inputs.recipe)),
        pairs=inputs.record.method == "seq2seq",
        tagger=inputs.record.method == "tagger",
        kinds=Counter(tag.partition("_")[0] for tag in inputs.tags),
        summary=str(inputs.recipe.get("summary") or ""),
        mix=str(inputs.recipe.get("data", {}).get("recipe") or ""),
        signatures=sorted({str(score["signature"]) for score in inputs.scores}),
    )


def metadata(inputs: CardInputs) -> str:
    """Give the YAML block; the licence is the base model's, and left out where it is not known."""
    from huggingface_hub import ModelCardData

    licence: dict[str, Any] = {
        name: inputs.base_card[name] for name in _LICENCE if inputs.base_card.get(name)
    }
    relation = "adapter" if inputs.adapter else "finetune"
    base: dict[str, Any] = (
        {"base_model": inputs.base, "base_model_relation": relation} if inputs.base else {}
    )
    tagger = inputs.record.method == "tagger"
    lora = inputs.adapter or inputs.record.method == "lora"
    names = {_hub_name(name) for name in inputs.record.data_digest} - {""}
    data = ModelCardData(
        **base,
        **licence,
        library_name="peft" if inputs.adapter else "transformers",
        pipeline_tag="token-classification" if tagger else "text-generation",
        datasets=sorted(names) or None,
        tags=[*TAGS[:3], "gector"] if tagger else [*TAGS, *(["lora"] if lora else [])],
    )
    return str(data.to_yaml(line_break="\n"))


def read_scores(path: Path) -> list[dict[str, Any]]:
    """Read what `wa-metrics score` wrote, in order.

    Raises:
        DataError: a line is no record of a score; names file and row.
    """
    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read: {error}; expected scores as JSON lines"
        ) from error
    for row, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            missing = [name for name in _SCORE_FIELDS if name not in record]
            bad = not missing and type(record["score"]) not in (int, float)
        except (ValueError, TypeError) as error:
            raise DataError(f"{path}:{row}: no JSON object: {error}") from error
        if missing or bad:
            raise DataError(
                f"{path}:{row}: no record of a score: "
                f"{'score is no number' if bad else f'{missing[0]!r} is missing'}; expected what "
                "`wa-metrics score` writes"
            )
        found.append(record)
    return found


def cell(value: Any) -> str:
    """Escape text for Markdown, inside a table or out of it.

    >>> cell("a|b <i>")
    'a\\\\|b &lt;i&gt;'
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in "\\|`*_[]":
        text = text.replace(mark, f"\\{mark}")
    return text


def size(count: int | None) -> str:
    """Write a size in bytes for people.

    >>> size(3_456_789)
    '3.3 MiB'
    """
    if count is None:
        return "–"
    value, units = float(count), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:,.0f} {units[0]}" if units[0] == "bytes" else f"{value:,.1f} {units[0]}"


def _settings(recipe: Mapping[str, Any], above: str = "") -> Any:
    """Give each setting of the recipe's tables with its dotted name."""
    for name, value in recipe.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{above}{name}.")
        elif (above or name == "paper") and value not in ("", []):
            yield f"{above}{name}", value


def _hub_name(data: str) -> str:
    """Give ORG/NAME of `hf://ORG/NAME...`, else nothing."""
    rest = data.removeprefix("hf://").removeprefix("datasets/")
    name = "/".join(rest.split("@")[0].split(":")[0].split("/")[:2])
    return name if data.startswith("hf://") and "/" in name else ""


def _number(value: float | None, places: int = 0) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
