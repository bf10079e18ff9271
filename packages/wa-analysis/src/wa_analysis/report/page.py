"""The page: sections of tables and plots, and a browser of sentences, in one HTML file.

Nothing that a model wrote can run or reach out. Jinja escapes every text, the sentences are JSON
that holds no `<`, the script puts them by textContent alone, and the page's policy allows the
digests of our own style and script and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

SCRIPTS = ("diff.js", "rows.js", "state.js", "view.js", "main.js")
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# In a script element `</script` would end it and `<!--` would change how it is read.
_ESCAPES = str.maketrans(
    {sign: f"\\u{ord(sign):04x}" for sign in ("<", ">", "&", "\u2028", "\u2029")}
)


class Cell(NamedTuple):
    """Hold one cell; `kind` is best, second or nothing."""

    text: str
    kind: str = ""


class Row(NamedTuple):
    """Hold one row, its name first; `kind` is baseline, cited or nothing."""

    cells: Sequence[Cell]
    kind: str = ""


def make_row(*texts: str, kind: str = "") -> Row:
    """Make a row of plain cells."""
    return Row([Cell(text) for text in texts], kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Hold a table; the first cells of a row are `words`, the others figures.

    One that is `folded` shows its caption until it is opened.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    words: int = 1
    folded: bool = False


class Plot(NamedTuple):
    """Hold a plot with its heading; `svg` is what `svg.embed_svg` gives."""

    title: str
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Hold a section of the page; `key` is its address."""

    key: str
    title: str
    text: str = ""
    tables: Sequence[Table] = ()
    figures: Sequence[Plot] = ()


def render_page(
    *, title: str, summary: str, sections: Sequence[Section], browser: Mapping[str, Any] | None
) -> str:
    """Render the page.

    Args:
        title: heading of the page.
        summary: the line below it.
        sections: in order; empty ones are left out by the caller.
        browser: what `sentences.pack_sentences` gives; None: no sentences.
    """
    import jinja2
    from markupsafe import Markup

    from wa_analysis import __version__

    folder = files("wa_analysis.report") / "page"
    style = (folder / "page.css").read_text(encoding="utf-8")
    script = _script([(folder / name).read_text(encoding="utf-8") for name in SCRIPTS])
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((folder / "page.html.j2").read_text(encoding="utf-8"))
    shown = browser and {**browser, "data": Markup(escape_json(browser["data"]))}  # noqa: S704
    page = template.render(
        title=title,
        summary=summary,
        sections=sections,
        browser=shown,
        version=__version__,
        policy=_POLICY.format(script=_digest(script), style=_digest(style)),
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - files of ours
    )
    return f"{page.strip()}\n"


def escape_json(value: Any) -> str:
    r"""Write a value as compact JSON that may stand in a script element.

    >>> escape_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def _script(sources: Sequence[str]) -> str:
    """Join the files in one strict function, so that their names meet nothing of the browser's."""
    return '(() => {\n"use strict";\n' + "\n".join(sources) + "})();"


def _digest(text: str) -> str:
    """Name what a policy allows by its content."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
