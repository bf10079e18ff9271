"""What all tests share: where the real corpora are, if they are here, and a cache of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Give the mirror of the real corpora; the licences keep them out of this repository."""
    if not (SHARED / "sources").is_dir():
        pytest.skip("the real corpora are not here (../shared/sources)")
    return SHARED / "sources"


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the user's cache out of the tests, in this process and in those it starts."""
    os.environ["WA_CACHE"] = str(tmp_path_factory.mktemp("cache"))
