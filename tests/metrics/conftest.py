"""Where the official files are, if this checkout has them beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[3] / "shared" / "sources"


@pytest.fixture(scope="session")
def official_sources() -> Path:
    if not SOURCES.is_dir():
        pytest.skip(f"the official files are not here: {SOURCES}")
    return SOURCES
