"""Data sets for writing assistance: built, checked and published.

The names below are the public surface; the heavy ones are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wa_data.errors import WaDataError

if TYPE_CHECKING:
    from wa_data.build import BuildOptions, BuildReport, build
    from wa_data.check import check
    from wa_data.dataset import open_set
    from wa_data.publish import push
    from wa_data.recipe import load_recipe
    from wa_data.registry import load_sources
    from wa_data.resolve import Access
    from wa_data.verify import verify

__all__ = [
    "Access",
    "BuildOptions",
    "BuildReport",
    "WaDataError",
    "build",
    "check",
    "load_recipe",
    "load_sources",
    "open_set",
    "push",
    "verify",
]
_HOMES = {
    "Access": "resolve",
    "BuildOptions": "build",
    "BuildReport": "build",
    "build": "build",
    "check": "check",
    "load_recipe": "recipe",
    "load_sources": "registry",
    "open_set": "dataset",
    "push": "publish",
    "verify": "verify",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module 'wa_data' has no attribute {name!r}")
    return getattr(import_module(f"wa_data.{_HOMES[name]}"), name)
