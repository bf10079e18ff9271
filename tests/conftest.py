"""What all tests share: where the real corpora are, if they are here, and a cache of their own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _show_nltk_its_models() -> None:
    """Point NLTK to the English punkt_tab model that a package of the dev group carries.

    NLTK fetches its models from the network. It reads the variable when it is imported, so this is
    done before any test is collected, and the processes that tests start inherit it. A copy,
    because NLTK refuses files with two hard links, and that is how uv installs.
    """
    spec = find_spec("llama_index")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        model = Path(folder) / "core/_static/nltk_cache/tokenizers/punkt_tab/english"
        if model.is_dir() and "NLTK_DATA" not in os.environ:
            data = tempfile.mkdtemp(prefix="nltk-data-")
            atexit.register(shutil.rmtree, data, ignore_errors=True)
            shutil.copytree(model, f"{data}/tokenizers/punkt_tab/english")
            os.environ["NLTK_DATA"] = data


_show_nltk_its_models()


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
