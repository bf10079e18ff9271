"""CITATION.cff names the project and the paper; its schema is checked by `make release-check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]

CITATION = Path(__file__).resolve().parents[2] / "CITATION.cff"


def test_the_project_is_cited_with_the_paper() -> None:
    table: dict[str, Any] = yaml.safe_load(CITATION.read_text(encoding="utf-8"))
    assert table["cff-version"] == "1.2.0"
    assert {"message", "title", "type", "license"} <= set(table)
    assert table["authors"] == [{"name": "The writing-assistant authors"}]
    (paper,) = table["references"]
    assert paper["title"].startswith("Multi-Task Instruction Tuning of LLaMA")
    assert len(paper["authors"]) == 6
    assert paper["identifiers"] == [{"type": "doi", "value": "10.48550/arXiv.2305.13225"}]
