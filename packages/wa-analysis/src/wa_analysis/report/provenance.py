"""Where a report is from: the files with their digests, the runs, the versions."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from wa_analysis.report.page import Section, Table, make_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wa_analysis.report.study import Study
    from wa_analysis.runs import Run


def describe_provenance(
    studies: Sequence[Study], runs: Sequence[Run], files: Iterable[Path]
) -> Section:
    """Show what was read, what ran, and with which versions the report was made."""
    return Section(
        key="provenance",
        title="Provenance",
        tables=[
            _list_outputs(studies),
            *([_list_runs(runs)] if runs else []),
            _list_files(files),
            _list_versions(studies),
        ],
    )


def _list_outputs(studies: Sequence[Study]) -> Table:
    rows = []
    for study in studies:
        for member in study.members:
            output = member.output
            names = (output.model, output.run, output.decoding, output.seed)
            rows.append(
                make_row(
                    output.system,
                    study.title,
                    *("-" if name is None else str(name) for name in names),
                    Path(output.path).name,
                )
            )
    head = ("system", "set", "model", "run", "decoding", "seed", "file")
    return Table(caption="Systems", head=head, rows=rows, words=len(head))


def _list_runs(runs: Sequence[Run]) -> Table:
    rows = [
        make_row(
            run.run,
            run.phase,
            run.method,
            f"{run.base_model} {run.base_revision or ''}".strip(),
            f"{run.recipe or ''} {_shorten(run.recipe_sha256)}".strip() or "-",
            "; ".join(f"{name} {_shorten(text)}" for name, text in run.data_digest.items()) or "-",
            "-" if run.seed is None else str(run.seed),
            run.started,
            ", ".join(f"{name} {number}" for name, number in run.versions.items()),
        )
        for run in runs
    ]
    head = (
        *("run", "phase", "method", "base model", "recipe", "data", "seed", "started"),
        "versions",
    )
    return Table(caption="Runs", head=head, rows=rows, words=len(head))


def _list_files(files: Iterable[Path]) -> Table:
    rows = []
    for path in files:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        rows.append(make_row(path.name, f"{path.stat().st_size:,}", digest))
    return Table(caption="Files read", head=("file", "bytes", "sha256"), rows=rows, words=3)


def _list_versions(studies: Sequence[Study]) -> Table:
    rows = [make_row(name, version(name)) for name in ("wa-analysis", "wa-metrics")]
    rows += [
        make_row("spaCy model of edits and entities", model)
        for model in dict.fromkeys(member.model for study in studies for member in study.members)
    ]
    signatures = dict.fromkeys(
        scored.signature for study in studies for scored in study.scored if scored.signature
    )
    rows += [make_row("signature", signature) for signature in signatures]
    return Table(caption="Made with", head=("what", "version"), rows=rows, words=2)


def _shorten(digest: str | None) -> str:
    """Write as much of a digest as tells it from all others that there are.

    >>> _shorten("sha256:0123456789abcdef0123456789abcdef")
    '0123456789abcdef'
    """
    return "" if digest is None else digest.rpartition(":")[2][:16]
