"""A local Hub for this process, and people elsewhere who use it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wa_train import hub as client

from ..data.hub_server import (  # type: ignore[import-not-found]  # mypy starts at tests/
    WRITE_TOKEN,
    Hub,
    local_hub,
)

WA_TRAIN = ("-c", "from wa_train.cli import main; main()")


@contextmanager
def use_hub(patch: pytest.MonkeyPatch, home: Path) -> Iterator[Hub]:
    """Run a Hub that this process takes for the real one."""
    from huggingface_hub import constants

    with local_hub() as running:
        patch.setenv("HF_ENDPOINT", running.url)
        patch.setenv("HF_TOKEN", WRITE_TOKEN)
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(constants, "HF_HUB_CACHE", str(home / "cache"))
        patch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
        patch.setattr(client, "FIRST_WAIT", 0.01)
        yield running


def user(
    hub: Hub, home: Path, *words: object, offline: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run Python as a user of this Hub, in a process of its own that reaches nothing else."""
    own = {name: text for name, text in os.environ.items() if not name.startswith("HF_")}
    own |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": WRITE_TOKEN, "HF_HOME": str(home)}
    own |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    own |= {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "", "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=own | ({"HF_HUB_OFFLINE": "1"} if offline else {}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
