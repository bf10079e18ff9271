"""Decoding presets, and how many tokens a row may write."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from wa_train.errors import UsageError

_FLAT_LIMIT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How text is decoded; `temperature` 0 takes the likeliest token, or searches with beams.

    `copy_draft` proposes tokens copied from the row's input and keeps what the model agrees with:
    greedy's own output in fewer forward passes.
    """

    name: str
    beams: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    copy_draft: bool = False

    @property
    def samples(self) -> bool:
        """Tell whether tokens are drawn at random."""
        return self.temperature > 0


PRESETS = {
    decoding.name: decoding
    for decoding in (
        Decoding(name="greedy"),
        Decoding(name="beam4", beams=4),
        Decoding(name="beam16", beams=16),
        Decoding(name="top-p", temperature=0.2, top_p=0.7),
    )
}


def pick_decoding(name: str, *, copy_draft: bool = False) -> Decoding:
    """Give a preset by name.

    Copy-draft has a name of its own, so that its times never mix with plain greedy's.

    Raises:
        UsageError: there is no such preset, or copy-draft is asked of another than greedy.

    >>> pick_decoding("greedy", copy_draft=True).name
    'greedy+copy-draft'
    """
    if name not in PRESETS:
        raise UsageError(f"decoding {name!r}: expected one of {', '.join(PRESETS)}")
    if not copy_draft:
        return PRESETS[name]
    if name != "greedy":
        raise UsageError(f"--copy-draft goes with --decoding greedy only, got {name}")
    return replace(PRESETS[name], name="greedy+copy-draft", copy_draft=True)


def length_limit(source_tokens: int) -> int:
    """Give the new tokens that a row may take, the end token included.

    Half as long again as its input and 16 more; 256 where there is no input to go by.

    >>> length_limit(20), length_limit(0)
    (46, 256)
    """
    return math.ceil(1.5 * source_tokens) + 16 if source_tokens else _FLAT_LIMIT
