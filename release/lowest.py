"""The lowest versions of third parties that the packages' ranges allow."""

from __future__ import annotations

from pathlib import Path

from .command import ROOT, find_uv, run_well


def resolve_lowest(room: Path) -> Path:
    """Resolve what the packages name to the lowest versions, what these need to the newest.

    Args:
        room: an empty folder for a copy of the workspace's descriptions.

    Returns:
        The versions as pip's constraints.
    """
    for path in (ROOT / "pyproject.toml", *ROOT.glob("packages/*/pyproject.toml")):
        copy = room / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    lowest = ("--resolution", "lowest-direct", "--project", room)
    run_well(find_uv(), "lock", "--quiet", *lowest)
    export = ("export", "--quiet", "--frozen", "--all-packages", "--all-extras", "--no-hashes")
    run_well(
        *(find_uv(), *export, "--no-emit-workspace", "--no-default-groups", *lowest),
        *("--output-file", room / "lowest.txt"),
    )
    return room / "lowest.txt"
