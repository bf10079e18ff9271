"""Readers: official files to examples, one module a format.

A reader is a function `read(files, options, where) -> Iterator[Example]`: `files` are the local
files of one split in the registry's order, `options` the split's own table, `where` their official
names for messages. It streams, keeps the official text untouched, and raises FormatError with
file:row for anything that is not in the format. Other packages add readers through the entry point
group `wa_data.readers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from wa_data.errors import ConfigError
from wa_data.example import Example
from wa_data.strict import suggest

Reader = Callable[[Sequence[Path], Mapping[str, Any], Sequence[str]], Iterator[Example]]
BUILT_IN = ("json", "lines", "m2", "tsv")


def find_reader(name: str) -> Reader:
    """Find a reader by name, ours first, then those of installed packages.

    Raises:
        ConfigError: there is no reader of that name, or its package is broken.
    """
    if name in BUILT_IN:
        module = import_module(f"wa_data.readers.{name}")
        reader: Reader = module.read
        return reader
    plugins = {entry.name: entry for entry in entry_points(group="wa_data.readers")}
    if name not in plugins:
        known = [*BUILT_IN, *plugins]
        raise ConfigError(
            f"no reader is called {name!r}{suggest(name, known)}; known: {', '.join(known)}"
        )
    try:
        plugin: Reader = plugins[name].load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"reader {name!r} ({plugins[name].value}) cannot be loaded: {error}; install again the "
            f"package that brings it"
        ) from error
    return plugin
