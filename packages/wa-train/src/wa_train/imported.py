"""Predictions of a system that ran elsewhere: matched to the rows of a benchmark, as they are."""

from __future__ import annotations

import io
import json
import logging
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wa_train.errors import DataError
from wa_train.hardware import Hardware
from wa_train.predict.predictor import Prediction
from wa_train.predict.settings import Outcome
from wa_train.record import Energy
from wa_train.row_files import STANDARD_INPUT, absent, read_file
from wa_train.strict import suggest

log = logging.getLogger(__name__)
_JSON = (".jsonl", ".jsonl.gz", ".jsonl.xz")
_SHOWN = 3  # places that an error names
_LIKE, _UNLIKE = 0.6, 0.2  # share of words that a sentence has in common with its own row


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPredictor:
    """Gives rows the texts that a file has for them.

    Attributes:
        texts: in the order of the rows; None where there is none.
        model: what the predictions call the system.
        run: name of the run, if it has one.
    """

    texts: Sequence[str | None]
    model: str
    run: str | None = None

    @property
    def device(self) -> str:
        """Name no device of this machine."""
        return "elsewhere"

    @property
    def passes(self) -> int:
        """Give no passes."""
        return 0

    @property
    def alone(self) -> bool:
        """Know of no latencies."""
        return False

    def identity(self) -> dict[str, Any]:
        """Give the texts by their digest."""
        return {"texts": digest_texts(self.texts)}

    def stamp(self) -> dict[str, Any]:
        """Give what every row carries; how the texts came about is not known here."""
        known = {"model": self.model, "run": self.run, "engine": "imported"}
        return known | dict.fromkeys(("decoding", "seed", "dtype"))

    def answers(
        self, rows: Sequence[Mapping[str, Any]], todo: Sequence[int], keys: Sequence[str]
    ) -> Iterator[tuple[int, Prediction]]:
        """Give the rows their texts, stripped."""
        for index in todo:
            text = self.texts[index]
            stripped = None if text is None else text.strip()
            yield index, Prediction(text=stripped, seconds=None, tokens_in=None, tokens_out=None)

    def facts(self, outcome: Outcome) -> dict[str, Any]:
        """Give what the record says: next to nothing, since nothing ran here."""
        return {
            "run": self.run or self.model,
            "method": "imported",
            "base_model": self.model,
            "versions": {
                "python": platform.python_version(),
                "wa-train": version("wa-train"),
            },
            "dtype": "",
            "decoding": None,
            "hardware": Hardware(),
            "kwh": Energy(note="ran elsewhere, not measured"),
            "limit_hits": None,
        }


def read_texts(
    file: Path, rows: Sequence[Mapping[str, Any]], *, allow_missing: bool = False
) -> tuple[str | None, ...]:
    """Read a system's texts for the rows of a benchmark.

    Args:
        file: `.jsonl` (packed or not) with `id` and `prediction`, `.txt` with one text a line in
            the order of the rows, or `-`: JSON lines if it begins with a brace, else text.
        rows: of one benchmark, in official order.
        allow_missing: give None to rows that the file has no text for.

    Raises:
        DataError: ids are unknown, repeated or missing, a line is broken, or the lines are not as
            many as the rows; names counts and the first places.
    """
    name = "<stdin>" if file == STANDARD_INPUT else str(file)
    from_stdin = file == STANDARD_INPUT
    if _is_braced(sys.stdin.buffer) if from_stdin else file.name.endswith(_JSON):
        return _match(read_file(file), rows, name, allow_missing)
    if not from_stdin and file.suffix != ".txt":
        raise DataError(f"{file}: expected a .txt, .jsonl, .jsonl.gz or .jsonl.xz file, or -")
    if allow_missing:
        raise DataError(
            f"{name}: --allow-missing needs ids; expected JSON lines of id and prediction"
        )
    return _align(_lines(_read(file), name), rows, name)


def digest_texts(texts: Sequence[str | None]) -> str:
    """Give a digest of texts in their order."""
    return f"sha256:{sha256(json.dumps(texts).encode()).hexdigest()}"


def _is_braced(stream: object) -> bool:
    """Look at the first byte of a stream, and leave it there."""
    return isinstance(stream, io.BufferedReader) and stream.peek(1)[:1] == b"{"


def _match(
    pairs: Iterable[tuple[str, dict[str, Any]]],
    rows: Sequence[Mapping[str, Any]],
    name: str,
    allow_missing: bool,
) -> tuple[str | None, ...]:
    """Put texts to rows by id; whatever is wrong with the ids becomes one error."""
    ids = [row["id"] for row in rows]
    texts: dict[str, str | None] = {}
    repeated: list[str] = []
    for place, found in pairs:
        key, text = _checked(place, found)
        if key in texts:
            repeated.append(f"{key!r} at {place}")
        texts[key] = text
    known = set(ids)
    unknown = [repr(key) for key in texts if key not in known]
    missing = [repr(key) for key in ids if key not in texts]
    faults = {"unknown": unknown, "repeated": repeated}
    faults |= {} if allow_missing else {"missing": missing}
    said = [
        f"{len(found)} {word} ({', '.join(found[:_SHOWN])}{', ...' if found[_SHOWN:] else ''})"
        for word, found in faults.items()
        if found
    ]
    if said:
        more = "; --allow-missing writes null for the missing" if missing else ""
        raise DataError(
            f"{name}: ids: {'; '.join(said)}; expected each of the benchmark's {len(ids)} ids "
            f"once, such as {ids[0]!r}{'' if allow_missing else more}"
        )
    if missing:
        log.warning("%s: %d of %d rows have no text and are null", name, len(missing), len(ids))
    return tuple(texts.get(key) for key in ids)


def _checked(place: str, found: Mapping[str, Any]) -> tuple[str, str | None]:
    for field in ("id", "prediction"):
        if field not in found:
            raise DataError(
                f"{place}: no field {field!r}{suggest(field, found)}; expected an object with id "
                "and prediction"
            )
    key, text = found["id"], found["prediction"]
    if not isinstance(key, str) or not key:
        raise DataError(f"{place}: id: expected a string, got {key!r:.60}")
    if text is not None and not isinstance(text, str):
        raise DataError(f"{place}: prediction: expected a string or null, got {text!r:.60}")
    return key, text


def _read(file: Path) -> bytes:
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise absent(file) from None


def _lines(data: bytes, name: str) -> list[str]:
    """Split text at line feeds only: other separators of Unicode may stand in a sentence."""
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    if data.startswith(b"\xef\xbb\xbf"):
        raise DataError(f"{name}:1: expected UTF-8 without a byte order mark")
    texts = []
    for number, line in enumerate(lines, 1):
        try:
            texts.append(line.decode().removesuffix("\r"))
        except UnicodeDecodeError as error:
            raise DataError(f"{name}:{number}: expected UTF-8 text, got {error}") from None
    return texts


def _align(
    lines: Sequence[str], rows: Sequence[Mapping[str, Any]], name: str
) -> tuple[str | None, ...]:
    """Put lines to rows by their order, if there are as many; point at where the order breaks."""
    inputs = [str(row["input"]) for row in rows]
    count = min(len(lines), len(inputs))
    unlike = [at for at in range(count) if _likeness(lines[at], inputs[at]) <= _UNLIKE]
    shifted = [at for at in unlike if _is_neighbour(lines[at], inputs, at)]
    first = f"line {shifted[0] + 1}: {lines[shifted[0]]!r:.80}" if shifted else ""
    strange = 2 * len(unlike) > count
    if len(lines) != len(rows):
        where = f"the first that is like a neighbouring row is {first}"
        if not first and strange:
            where = "most are unlike their row, so they may be of another test set"
        elif not first:
            where = "no line looks shifted, so look at the end"
        raise DataError(
            f"{name}: expected {len(rows)} lines, one a row in official order, got {len(lines)}; "
            f"{where}"
        )
    if shifted:
        log.warning(
            "%s: %d lines are like a neighbouring row and not like their own, the first is %s",
            name, len(shifted), first,
        )  # fmt: skip
    elif strange:
        log.warning(
            "%s: %d of %d lines have next to no word of their row; are they of this test set, in "
            "its official order?", name, len(unlike), count,
        )  # fmt: skip
    blank = sum(not line.strip() for line in lines)
    if blank:
        log.warning("%s: %d lines are empty, which counts as a prediction", name, blank)
    return tuple(lines)


def _is_neighbour(line: str, inputs: Sequence[str], at: int) -> bool:
    """Tell whether a line is like the row before its own or behind it."""
    near = (other for other in (at - 1, at + 1) if 0 <= other < len(inputs))
    return any(_likeness(line, inputs[other]) >= _LIKE for other in near)


def _likeness(text: str, other: str) -> float:
    """Give the share of words that two texts have in common, 0-1.

    >>> _likeness("He goes home .", "He go home .")
    0.6
    """
    words, others = set(text.split()), set(other.split())
    return len(words & others) / max(1, len(words | others))
