"""The plots of a test set."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wa_analysis import plots
from wa_analysis.actions import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from wa_analysis.report.study import Study

TYPES_SHOWN = 20


class Drawn(NamedTuple):
    """Hold a plot; `name` is that of its files."""

    name: str
    title: str
    figure: Figure


def draw_plots(study: Study) -> Iterator[Drawn]:
    """Draw what there is to draw of a test set: plots without a point are left out."""
    yield from _draw_actions(study)
    yield from _draw_precision_recall(study)
    yield from _draw_quality_speed(study)
    yield from _draw_types(study)
    yield from _draw_lengths(study)


def name_score(metric: str) -> str:
    """Name a score for people.

    >>> name_score("errant"), name_score("sari-easse"), name_score("gleu-py2")
    ('F0.5 (ERRANT)', 'SARI', 'GLEU')
    """
    if metric in {"errant", "m2"}:
        return f"F0.5 ({metric.upper()})"
    return metric.partition("-")[0].upper()


def _draw_actions(study: Study) -> Iterator[Drawn]:
    counts: dict[str, dict[str, float]] = {
        system: {action: own.by_action[action].edits for action in ACTIONS}
        for system, own in study.counts.items()
    }
    if not any(sum(own.values()) for own in counts.values()):
        return
    first = next(iter(study.counts.values()))
    gold: dict[str, float] = {action: first.by_action[action].gold or 0.0 for action in ACTIONS}
    has_gold = first.total.gold is not None
    yield Drawn(
        "actions", "Edits by action", plots.draw_actions(counts, gold if has_gold else None)
    )


def _draw_precision_recall(study: Study) -> Iterator[Drawn]:
    points = [
        plots.Point(system, scored.parts["r"], scored.parts["p"])
        for system, scored in study.own_scores().items()
        if {"p", "r"} <= scored.parts.keys()
    ]
    if not points:
        return
    points += [
        plots.Point(cited.system, float(cited.r), float(cited.p), cited=True)
        for cited in study.cited
        if cited.p is not None and cited.r is not None
    ]
    yield Drawn("precision-recall", "Precision and recall", plots.draw_precision_recall(points))


def _draw_quality_speed(study: Study) -> Iterator[Drawn]:
    points = [
        plots.Point(system, study.speeds[system], scored.score)
        for system, scored in study.own_scores().items()
        if system in study.speeds
    ]
    if not points:
        return
    points += [
        plots.Point(cited.system, float(cited.speed), float(cited.score), cited=True)
        for cited in study.cited
        if cited.speed is not None
    ]
    figure = plots.draw_quality_speed(points, metric=name_score(study.test_set.metric))
    yield Drawn("quality-speed", "Quality and speed", figure)


def _draw_types(study: Study) -> Iterator[Drawn]:
    gold: dict[str, float] = {}
    scores: dict[str, dict[str, float]] = {system: {} for system in study.counts}
    for system, own in study.counts.items():
        for kind, cell in own.by_type.items():
            rates = cell.rates()
            if rates is not None and cell.gold:
                gold[kind] = max(gold.get(kind, 0.0), cell.gold)
                scores[system][kind] = rates[2]
    if not gold:
        return
    shown = sorted(gold, key=lambda kind: (-gold[kind], kind))[:TYPES_SHOWN]
    numbers = {kind: round(gold[kind]) for kind in shown}
    yield Drawn("types", "F0.5 by type of edit", plots.draw_types(scores, numbers))


def _draw_lengths(study: Study) -> Iterator[Drawn]:
    bins = study.by_length()
    if len(bins) < 2 or not study.own_scores():
        return
    figure = plots.draw_lengths(
        {system: [each.scores[system] for each in bins] for system in study.own_scores()},
        [each.name for each in bins],
        [each.sentences for each in bins],
        metric=name_score(study.test_set.metric),
    )
    yield Drawn("lengths", "Score by length of the source", figure)
