"""The links of a README, which an index shows without the files beside it."""

from __future__ import annotations

import re
from pathlib import Path

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


def find_link_faults(readme: Path) -> list[str]:
    """Name the links of a README that lead to no file of the project."""
    faults = []
    for number, line in enumerate(readme.read_text(encoding="utf-8").splitlines(), 1):
        for found in LINK.finditer(line):
            target = found["target"].partition("#")[0]
            if "://" not in target and target and not (readme.parent / target).exists():
                faults.append(f"{readme.name}:{number}: no file {target}")
    return faults
