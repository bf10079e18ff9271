"""Everything about some systems to one page, and its plots to files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wa_analysis.plot_style import to_png, to_svg
from wa_analysis.report.edit_tables import describe_edits, describe_entities
from wa_analysis.report.figures import draw_plots
from wa_analysis.report.page import Plot, render_page
from wa_analysis.report.provenance import describe_provenance
from wa_analysis.report.score_tables import describe_scores
from wa_analysis.report.sections import describe_costs, describe_sets
from wa_analysis.report.sentences import Packer
from wa_analysis.report.svg import embed_svg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from wa_analysis.cost import Cost
    from wa_analysis.report.study import Study
    from wa_analysis.runs import Run

_EDIT_PLOTS = {"actions", "types"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Hold what a report shows; `files` are those that were read."""

    studies: Sequence[Study]
    runs: Sequence[Run] = ()
    costs: Sequence[Cost] = ()
    cost_notes: Sequence[str] = ()
    files: Sequence[Path] = ()


def build_report(material: Material, *, title: str = "", plots: Path | None = None) -> str:
    """Return the page; the same material gives the same page.

    Args:
        material: what it shows.
        title: its heading; empty: one is made of the systems and the test sets.
        plots: folder that the plots are written to as well, as SVG and PNG.

    Raises:
        InputError: there is more text than a browser can read.
        OSError: a plot cannot be written.
    """
    studies = material.studies
    scores, edits = _draw(studies, plots)
    sections = []
    if studies:
        sections += [
            describe_sets(studies),
            describe_scores(studies, scores),
            describe_edits(studies, edits),
            describe_entities(studies),
        ]
    if material.costs:
        sections.append(describe_costs(material.costs, material.cost_notes))
    sections.append(describe_provenance(studies, material.runs, material.files))
    packer = Packer()
    sets = [packer.pack_set(study) for study in studies]
    return render_page(
        title=title or make_title(studies),
        summary=_summarise(material),
        sections=sections,
        browser=packer.pack(sets) if sets else None,
    )


def make_title(studies: Sequence[Study]) -> str:
    """Make the heading of a report.

    >>> make_title([])
    'Cost of runs'
    """
    if not studies:
        return "Cost of runs"
    systems = list(dict.fromkeys(system for study in studies for system in study.systems))
    named = f"{len(systems)} systems" if len(systems) > 3 else ", ".join(systems)
    titles = [study.title for study in studies]
    return f"{named} on {', '.join(titles) if len(titles) < 4 else f'{len(titles)} test sets'}"


def _summarise(material: Material) -> str:
    """Say in a line what the report is about."""
    systems = {system for study in material.studies for system in study.systems}
    sentences = sum(len(study.test_set.sentences) for study in material.studies)
    counts = (
        (len(systems), "system"),
        (len(material.studies), "test set"),
        (sentences, "sentence"),
        (len(material.runs), "record of a run" if len(material.runs) == 1 else "records of runs"),
    )
    return ", ".join(
        f"{count:,} {name}" + ("s" if count != 1 and not name.startswith("record") else "")
        for count, name in counts
        if count
    )


def _draw(
    studies: Sequence[Study], folder: Path | None
) -> tuple[Mapping[str, Sequence[Plot]], Mapping[str, Sequence[Plot]]]:
    """Draw the plots of each test set: those of the scores, and those of the edits."""
    scores: dict[str, list[Plot]] = {}
    edits: dict[str, list[Plot]] = {}
    for number, study in enumerate(studies):
        for drawn in draw_plots(study):
            svg = to_svg(drawn.figure)
            title = f"{study.title}: {drawn.title}" if len(studies) > 1 else drawn.title
            plot = Plot(title, embed_svg(svg, name=f"{drawn.name}-{number}", title=title))
            (edits if drawn.name in _EDIT_PLOTS else scores).setdefault(study.title, []).append(
                plot
            )
            if folder is not None:
                name = f"{_name_file(study)}-{drawn.name}"
                _write(folder / f"{name}.svg", svg.encode())
                _write(folder / f"{name}.png", to_png(drawn.figure))
    return scores, edits


def _name_file(study: Study) -> str:
    """Name a test set so that any file system takes it."""
    return "".join(sign if sign.isalnum() else "-" for sign in study.title.lower())


def _write(path: Path, data: bytes) -> None:
    """Write a file under another name first, so that there is a whole one or none."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
