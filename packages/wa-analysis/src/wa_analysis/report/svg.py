"""Matplotlib's SVG made fit to stand in the page."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from wa_analysis.plot_style import INK, PAPER

if TYPE_CHECKING:
    from markupsafe import Markup

_STYLE = re.compile(r' style="([^"]*)"')
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^)"]*)')


def embed_svg(svg: str, *, name: str, title: str) -> Markup:
    """Return a plot as an element of the page.

    The page's policy refuses style attributes, so they become attributes of their own. Ink becomes
    the colour of the page's text and paper none, so that the plot is legible on a dark page. Ids
    that are referred to get a prefix, `name`, since other plots have the same; the rest go.
    """
    from markupsafe import Markup

    body = svg[svg.index("<svg") :]
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)  # it would rule the whole page
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = _STYLE.sub(lambda match: _attributes(match[1]), body)
    used = set(_REFERENCE.findall(body))
    body = _ID.sub(lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "", body)
    body = body.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    size = re.compile(r'^<svg([^>]*?) width="[^"]*" height="[^"]*"')
    label = html.escape(title)
    body = size.sub(rf'<svg role="img" aria-label="{label}"\1', body, count=1)
    return Markup(re.sub(r"\s*\n\s*", " ", body).strip())  # noqa: S704 - matplotlib escapes texts


def _attributes(style: str) -> str:
    pairs = [part.partition(":") for part in html.unescape(style).split(";") if part.strip()]
    return "".join(
        f' {name.strip()}="{html.escape(_colour(name.strip(), value.strip()))}"'
        for name, _, value in pairs
    )


def _colour(name: str, value: str) -> str:
    """Return what stands for a value on the page: its own ink, its own paper, its own font."""
    if value == INK:
        return "currentColor"
    if value == PAPER:
        return "none"
    return "inherit" if name == "font-family" else value
