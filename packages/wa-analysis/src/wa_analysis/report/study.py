"""A test set with all that is known of its systems: what the sections of a report show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wa_analysis.counting import has_score, make_measure
from wa_analysis.edits import SENTENCE_LENGTHS, count_edits, list_bins, name_bin
from wa_analysis.outputs import gather_outputs
from wa_analysis.paper import load_paper
from wa_analysis.rates import rate_entities
from wa_analysis.report.scoring import Scored, score_baselines, score_systems
from wa_analysis.runs import find_record
from wa_analysis.scores import name_system

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from wa_analysis.annotation import Annotated
    from wa_analysis.counting import Measure
    from wa_analysis.edits import EditCounts
    from wa_analysis.outputs import Output, TestSet
    from wa_analysis.rates import EntityRates
    from wa_analysis.runs import Run
    from wa_analysis.scores import ScoreRecord

_SAME = 5e-3  # points
# Tables of the paper and their rows that stand beside ours, all where none is named; the whole
# tables are what `wa-analysis table` prints.
_CITED: Mapping[str, tuple[str, ...]] = {
    "gec": (),
    "main": ("Writing-Alpaca-7B", "full fine-tuning"),
    "others": ("ChatGPT", "previous best"),
}


class Cited(NamedTuple):
    """Hold a score that the paper prints; `speed` is instances a second."""

    system: str
    score: Decimal
    p: Decimal | None
    r: Decimal | None
    speed: Decimal | None
    source: str


class Bin(NamedTuple):
    """Hold the sentences of a length, and each system's score of them, None where there is none."""

    name: str
    sentences: int
    scores: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Hold one test set.

    `title` is unique in the report. `scored` are systems, then baselines, then records of scores
    that are of nothing else; `counts` and `entities` are of the edits of each system; `speeds` are
    instances a second of the systems whose record tells.
    """

    title: str
    members: Sequence[Annotated]
    measure: Measure | None
    scored: Sequence[Scored]
    cited: Sequence[Cited]
    counts: Mapping[str, EditCounts]
    entities: Mapping[str, EntityRates]
    speeds: Mapping[str, float]

    @property
    def test_set(self) -> TestSet:
        """Return the test set itself."""
        return self.members[0].output.test_set

    @property
    def systems(self) -> list[str]:
        """Return the names of the systems, in order."""
        return [member.output.system for member in self.members]

    def own_scores(self) -> dict[str, Scored]:
        """Return the scores of the systems by the metric of the test set."""
        return {scored.system: scored for scored in self.scored if scored.kind == "system"}

    def by_length(self) -> list[Bin]:
        """Score the systems by the tokens of the source; bins without a sentence are left out."""
        sentences = self.test_set.sentences
        names = [name_bin(len(row.source.split()), SENTENCE_LENGTHS) for row in sentences]
        bins = []
        for name in list_bins(SENTENCE_LENGTHS):
            rows = [index for index, own in enumerate(names) if own == name]
            if rows:
                scores = {
                    system: self._score_rows(scored, rows)
                    for system, scored in self.own_scores().items()
                }
                bins.append(Bin(name, len(rows), scores))
        return bins

    def _score_rows(self, scored: Scored, rows: list[int]) -> float | None:
        if self.measure is None or scored.stats is None:
            return None
        return self.measure.score(scored.stats[rows])


def make_studies(
    annotated: Sequence[Annotated],
    *,
    runs: Sequence[Run] = (),
    records: Sequence[ScoreRecord] = (),
) -> list[Study]:
    """Gather what is known of each test set, in order of first appearance.

    Raises:
        WaMetricsError: the gold of a test set is not what its metric takes.
    """
    by_output = {id(each.output): each for each in annotated}
    gathered = gather_outputs([each.output for each in annotated])
    titles = _name_sets([test_set for test_set, _ in gathered])
    studies = []
    for (test_set, outputs), title in zip(gathered, titles, strict=True):
        members = [by_output[id(output)] for output in outputs]
        measure = make_measure(test_set) if has_score(test_set) else None
        own = score_systems(members, measure) if measure else []
        baselines = score_baselines(measure) if measure else []
        studies.append(
            Study(
                title=title,
                members=members,
                measure=measure,
                scored=[*own, *baselines, *_read_records(test_set, outputs, own, records)],
                cited=cite_scores(test_set),
                counts={each.output.system: count_edits(each) for each in members},
                entities={each.output.system: rate_entities(each) for each in members},
                speeds=_find_speeds(outputs, runs),
            )
        )
    return studies


def cite_scores(test_set: TestSet) -> list[Cited]:
    """Return what the paper says of a test set by the same metric, each system once.

    A part of the set, or made-up sentences under its name, is another set.
    """
    paper = load_paper()
    known = paper.find_set(test_set.abbrev)
    own = (test_set.benchmark, test_set.split, len(test_set.sentences))
    if (
        known is None
        or own != (known.benchmark, "test", known.sentences)
        or test_set.metric not in known.metrics
    ):
        return []
    cited: dict[str, Cited] = {}
    for name, wanted in _CITED.items():
        table = paper.results[name]
        for row in table.rows:
            if wanted and row.system not in wanted:
                continue
            figures = dict(zip(table.columns, row.figures, strict=False))
            f, p, r = (figures.get(f"{known.abbrev} {part}") for part in ("F0.5", "P", "R"))
            score = figures.get(known.abbrev) if f is None else f
            if score is not None and row.system not in cited:
                speed = figures.get("instances/s")
                cited[row.system] = Cited(row.system, score, p, r, speed, table.source)
    return list(cited.values())


def _name_sets(sets: Sequence[TestSet]) -> list[str]:
    """Name test sets by the paper's abbreviation, with as much more as tells them apart."""
    forms = (
        [each.abbrev for each in sets],
        [f"{each.abbrev} {each.split}" for each in sets],
        [f"{each.benchmark} {each.split} {each.metric} {each.task}" for each in sets],
    )
    return next((names for names in forms if len(set(names)) == len(sets)), forms[-1])


def _read_records(
    test_set: TestSet,
    outputs: Sequence[Output],
    own: Sequence[Scored],
    records: Sequence[ScoreRecord],
) -> list[Scored]:
    """Return the records of a test set that tell something new: another metric or system.

    A record that gives one of our systems another score than it has is shown as such.
    """
    known = {scored.system: scored for scored in own}
    names = {
        (output.run, output.model, output.decoding, output.seed): output.system
        for output in outputs
    }
    read = []
    for record in records:
        if (record.benchmark, record.split) != (test_set.benchmark, test_set.split):
            continue
        system = names.get((*record.system, record.seed))
        ours = known.get(system or "")
        if ours is not None and ours.signature == record.signature:
            if abs(ours.score - record.score) < _SAME:
                continue
            system = f"{system}, as {record.place} says"
        read.append(
            Scored(
                system=system or name_system(record),
                kind="record",
                metric=record.metric,
                score=record.score,
                parts=record.parts,
                n=record.n,
                signature=record.signature,
                low=record.ci.low if record.ci else None,
                high=record.ci.high if record.ci else None,
            )
        )
    return read


def _find_speeds(outputs: Sequence[Output], runs: Sequence[Run]) -> dict[str, float]:
    """Return instances a second of each system that has a predictions file and record of its own.

    Nothing is known of a run elsewhere.
    """
    by_path = {run.path: run for run in runs}
    files = [output.path for output in outputs]
    speeds = {}
    for output in outputs:
        record = find_record(Path(output.path)) if files.count(output.path) == 1 else None
        run = by_path.get(str(record))
        if run is not None and run.instances_per_second:
            speeds[output.system] = run.instances_per_second
    return speeds
