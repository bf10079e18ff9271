"""Do systems of a table differ from a baseline by more than chance? From their predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wa_analysis.counting import count_outputs, make_measure
from wa_analysis.errors import InputError
from wa_analysis.outputs import read_outputs
from wa_analysis.scores import name_system
from wa_metrics.groups import read_groups
from wa_metrics.rows import read_rows
from wa_metrics.variants import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wa_analysis.annotation import Annotated
    from wa_analysis.outputs import Output
    from wa_analysis.scores import ScoreRecord
    from wa_analysis.seeds import SystemScore
    from wa_metrics.significance import Comparison

    Annotate = Callable[[Sequence[Output]], list[Annotated]]
    Key = tuple[str | int | None, ...]


def compare_with_baseline(
    scores: Sequence[SystemScore],
    predictions: Sequence[Path],
    baseline: str,
    *,
    annotate: Annotate,
    resamples: int = 1000,
    seed: int = 12345,
) -> dict[tuple[str, tuple[str, ...]], Comparison]:
    """Compare each system with a baseline by paired bootstrap, wherever both have one run.

    Returns a comparison for system and what was measured; means over seeds have none. `annotate`
    gives the edits of outputs that ERRANT counts.

    Raises:
        InputError: the baseline is not a system of the scores, or predictions of a score are
            missing or not those that were scored.
    """
    against = {
        score.first.measured: score
        for score in scores
        if score.system == baseline and len(score.records) == 1
    }
    others = [
        score
        for score in scores
        if score.system != baseline and len(score.records) == 1 and score.first.measured in against
    ]
    outputs: dict[Key, Output] = {
        (it.run, it.model, it.decoding, it.seed, it.test_set.benchmark, it.test_set.split): it
        for it in read_outputs(predictions)
    }
    digests: dict[Key, str] = {
        (*group.key[:4], group.key.benchmark, group.key.split): group.digest()
        for group in read_groups(read_rows(predictions))
        if None not in group.predictions
    }
    compared = {}
    for measured, base in against.items():
        members = [base, *(score for score in others if score.first.measured == measured)]
        if len(members) == 1:
            continue
        found = [_find_output(score.first, outputs, digests) for score in members]
        measure = make_measure(found[0].test_set, base.first.metric)
        if measure.signature != base.first.signature:
            raise InputError(
                f"{base.first.place}: expected the signature {measure.signature!r}, as the "
                f"installed wa-metrics signs these predictions, got {base.first.signature!r}; "
                "score them again: wa-metrics score PREDICTIONS.jsonl -o SCORES.jsonl"
            )
        annotated = annotate(found) if measure.metric.name == "errant" else None
        first, *rest = count_outputs(measure, found, annotated)
        for score, stats in zip(members[1:], rest, strict=True):
            compared[score.system, measured] = measure.compare(
                first, stats, resamples=resamples, seed=seed
            )
    return compared


def find_baseline(scores: Sequence[SystemScore], name: str) -> str:
    """Return the label of the system that a run, a model or a label names.

    Raises:
        InputError: there is none, or several.
    """
    named = {score.system: score.names for score in scores}
    if name in named:
        return name
    found = [system for system, names in named.items() if name in names]
    if len(found) == 1:
        return found[0]
    got = f"several: {', '.join(found)}" if found else f"{name!r}{suggest(name, named)}"
    raise InputError(
        f"--baseline {name}: expected one of the systems {', '.join(named)}, got {got}"
    )


def _find_output(
    record: ScoreRecord, outputs: Mapping[Key, Output], digests: Mapping[Key, str]
) -> Output:
    key = (*record.system, record.seed, record.benchmark, record.split)
    if key not in outputs:
        raise InputError(
            f"{record.place}: expected the predictions of {name_system(record)} on "
            f"{record.benchmark} {record.split}, got none; add them with --predictions "
            "PREDICTIONS.jsonl"
        )
    if digests.get(key) != record.predictions_sha256:
        raise InputError(
            f"{record.place}: expected the predictions that were scored, got others in "
            f"{outputs[key].path}; score these: wa-metrics score {outputs[key].path} -o "
            "SCORES.jsonl"
        )
    return outputs[key]
