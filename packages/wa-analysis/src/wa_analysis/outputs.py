"""What systems wrote for test sets, read from predictions (docs/contracts.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from wa_analysis.errors import InputError
from wa_metrics.edits import NOOP, UNCORRECTED
from wa_metrics.errors import WaMetricsError
from wa_metrics.groups import read_groups
from wa_metrics.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from wa_metrics.edits import Edit
    from wa_metrics.groups import Group
    from wa_metrics.rows import GroupKey

_PREDICT = "predict the whole test set with it: wa-train predict RUN BENCHMARK -o PREDICTIONS.jsonl"
_SHOWN = 3


class Sentence(NamedTuple):
    """Hold one row of a test set, the same for all systems; `edits` are its gold edits."""

    id: str
    source: str
    references: tuple[str, ...]
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TestSet:
    """Hold a test set; `input_format` is how systems saw its texts, tokenised or natural."""

    __test__ = False  # no tests of pytest

    task: str
    benchmark: str
    abbrev: str
    split: str
    metric: str
    input_format: str
    sentences: tuple[Sentence, ...]

    def __str__(self) -> str:
        return self.benchmark if self.split == "test" else f"{self.benchmark} {self.split}"

    @property
    def has_gold_edits(self) -> bool:
        """Tell whether the set comes with gold edits, as M2 sets do."""
        return self.metric in {"m2", "errant"} or any(row.edits for row in self.sentences)

    @property
    def has_errant_types(self) -> bool:
        """Tell whether the gold edits have ERRANT's types, such as M:DET; so if there are none."""
        kinds = {edit.type for row in self.sentences for edit in row.edits}
        named = kinds - {NOOP, *UNCORRECTED}
        return not named or any(kind[:2] in {"M:", "R:", "U:"} for kind in named)


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """Hold what one system wrote for one test set.

    `system` is unique among the outputs of a test set. `predictions` are in the order of the test
    set's sentences; one is None where the run failed.
    """

    system: str
    run: str | None
    model: str | None
    decoding: str | None
    seed: int | None
    test_set: TestSet
    predictions: tuple[str | None, ...]
    path: str


def read_outputs(paths: Sequence[Path]) -> list[Output]:
    """Read predictions, JSON lines or Parquet, test set by test set in order of first appearance.

    The outputs of one test set share one TestSet object, whose rows stand in the order of the first
    system.

    Raises:
        InputError: a row is not of the contract, an id comes twice, or systems of one test set have
            other ids, inputs, references or edits; names file:row.
        OSError: a file cannot be read.
    """
    try:
        groups = read_groups(read_rows(paths))
    except WaMetricsError as error:
        raise InputError(f"{error}; {_advise(str(error))}") from error
    by_set: dict[tuple[str, ...], list[Group]] = {}
    for group in groups:
        by_set.setdefault(group.key[4:], []).append(group)
    name = _choose_name(by_set.values())
    outputs = []
    for members in by_set.values():
        test_set = _make_test_set(members)
        for group in members:
            _check_rows(group, members[0])
            predictions = dict(zip(group.places, group.predictions, strict=True))
            path = next(iter(group.places.values())).rpartition(":")[0]
            if not any(predictions.values()):
                raise InputError(
                    f"{path}: expected predictions of {group.key}, got {len(group):,} rows that "
                    f"are all null or empty; {_PREDICT}"
                )
            outputs.append(
                Output(
                    system=name.of(group.key),
                    run=group.key.run,
                    model=group.key.model,
                    decoding=group.key.decoding,
                    seed=group.key.seed,
                    test_set=test_set,
                    predictions=tuple(predictions[row.id] for row in test_set.sentences),
                    path=path,
                )
            )
    return outputs


def gather_outputs(outputs: Iterable[Output]) -> list[tuple[TestSet, list[Output]]]:
    """Return each test set with its outputs, in order of first appearance."""
    gathered: dict[int, tuple[TestSet, list[Output]]] = {}
    for output in outputs:
        test_set = output.test_set
        gathered.setdefault(id(test_set), (test_set, []))[1].append(output)
    return list(gathered.values())


def _make_test_set(groups: Sequence[Group]) -> TestSet:
    first = groups[0]
    formats = {group.input_format for group in groups}
    return TestSet(
        *first.key[4:],
        # Output that is tokenised already is seen for what it is.
        input_format="natural" if "natural" in formats else "tokenised",
        sentences=tuple(
            Sentence(id_, gold.source, gold.references, gold.edits)
            for id_, gold in zip(first.places, first.golds, strict=True)
        ),
    )


def _check_rows(group: Group, first: Group) -> None:
    """Check that a system has the rows of the first one of its test set."""
    missing = [id_ for id_ in first.places if id_ not in group.places]
    if missing:
        raise InputError(
            f"{next(reversed(group.places.values()))}: expected the {len(first):,} rows of "
            f"{first.key}, got {len(group):,} of {group.key}, without {_list(missing)}; {_PREDICT}"
        )
    golds = dict(zip(first.places, first.golds, strict=True))
    for (id_, place), gold in zip(group.places.items(), group.golds, strict=True):
        if id_ not in golds:
            raise InputError(
                f"{place}: expected an id of {first.key}, got {id_!r}, which "
                f"{next(iter(first.places.values()))} and the rows behind it do not have; compare "
                "systems on the same rows of one benchmark file"
            )
        if golds[id_] != gold:
            fields = zip(("input", "references", "edits"), golds[id_], gold, strict=True)
            differing = ", ".join(name for name, left, right in fields if left != right)
            raise InputError(
                f"{place}: expected the same {differing} as in {first.places[id_]}, got others for "
                f"{id_!r}; predict both from one benchmark file"
            )


def _choose_name(groups_of_sets: Iterable[Sequence[Group]]) -> _Name:
    """Return the shortest way to name systems so that none is ambiguous on any test set."""
    keys = [[group.key for group in groups] for groups in groups_of_sets]
    for name in _NAMES:
        if all(len(set(map(name.of, members))) == len(members) for members in keys):
            return name
    raise InputError("expected systems that differ in run, model, decoding or seed, got equal ones")


class _Name(NamedTuple):
    """Name a system by some fields of its rows."""

    fields: tuple[str, ...]

    def of(self, key: GroupKey) -> str:
        """Name the system of a group."""
        values = [getattr(key, field) for field in self.fields]
        label = " ".join(
            f"seed {value}" if field == "seed" else str(value)
            for field, value in zip(self.fields, values, strict=True)
            if value is not None
        )
        return label or key.run or key.model or "unnamed"


_NAMES = (
    _Name(("model",)),
    _Name(("run",)),
    _Name(("model", "decoding")),
    _Name(("run", "decoding")),
    _Name(("run", "decoding", "seed")),
    _Name(("run", "model", "decoding", "seed")),
)


def _list(ids: Sequence[str]) -> str:
    shown = ", ".join(map(repr, ids[:_SHOWN]))
    return shown if len(ids) <= _SHOWN else f"{shown} and {len(ids) - _SHOWN:,} more"


def _advise(message: str) -> str:
    if "each id once" in message:
        return "give each file of predictions once, and each run a name of its own"
    return "write predictions with wa-train predict, or wa-train import-predictions"
