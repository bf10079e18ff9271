"""Files that a library cannot load, told in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from safetensors import SafetensorError

from wa_train.errors import ModelError

# What transformers, peft and safetensors raise for files that are absent, torn or of another form.
_BROKEN = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError),
    *(ImportError, RuntimeError, SafetensorError),
)


@contextmanager
def loading(place: str, expected: str) -> Iterator[None]:
    """Turn what a library says of files that it cannot load into one line of ours.

    Raises:
        ModelError: something went wrong; says where, what, and what was expected.
    """
    try:
        yield
    except _BROKEN as error:
        said = " ".join(str(error).split())[:300]
        raise ModelError(f"{place}: {said}; expected {expected}") from error
