"""Copying first: made-up samples whose answer is their input, in the frame of real prompts.

A model with fresh weights that sees corrections alone never learns to copy its input, and most of
a correction is a copy. Random tokens leave it no other way to lower the loss. Everything follows
from (seed, position) by a hash, so a resumed run sees the same samples.

Source: measured on the made-up sentences of wa-data's demo (packages/wa-train/README.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256, shake_256
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from wa_train.errors import DataError
from wa_train.prompt import split_prompt
from wa_train.recipe import Curriculum
from wa_train.tokens import count_common

if TYPE_CHECKING:
    from wa_train.tokens import Encoder

_ROWS = 2000
_PROBES = ("0", "x")


@dataclass(frozen=True, slots=True)
class Frame:
    """Token ids around the input of a real prompt, and how many tokens that input has."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    length: int


def is_replaced(
    curriculum: Curriculum, seed: int, step: int, max_steps: int, position: int
) -> bool:
    """Tell whether the sample at a position of a run is a made-up one, in this step of it."""
    early = step < curriculum.share * max_steps
    rate = curriculum.first if early else curriculum.then
    digest = sha256(f"{seed}:copy?:{position}".encode()).digest()
    return int.from_bytes(digest[:8], "little") < rate * 2**64


class Copies:
    """Made-up samples by position: which replace real ones, and their ids.

    Args:
        curriculum: the rates.
        frames: of real prompts; each sample takes one of them.
        words: ids that the inputs are made of.
        end: id that ends a completion.
        cutoff: tokens of a sample at most.
        seed: of the run.

    Raises:
        DataError: no frame leaves room for an input within the cutoff.
    """

    def __init__(
        self,
        curriculum: Curriculum,
        frames: Sequence[Frame],
        words: Sequence[int],
        *,
        end: int,
        cutoff: int,
        seed: int,
    ) -> None:
        self.curriculum = curriculum
        self._frames = [fitted for frame in frames if (fitted := _fit(frame, cutoff))]
        self._words = np.asarray(words, dtype=np.int64)
        self._end, self._seed = end, seed
        if not self._frames or not len(self._words):
            raise DataError(
                f"the curriculum has no prompt with an input that fits into {cutoff} tokens; "
                "expected rows with an `input`, or a recipe without [curriculum]"
            )

    def replaces(self, step: int, max_steps: int, position: int) -> bool:
        """Tell whether the sample at a position of the run is replaced, in this step of it."""
        return is_replaced(self.curriculum, self._seed, step, max_steps, position)

    def tokens(self, position: int) -> tuple[list[int], int]:
        """Give the ids of the made-up sample at a position, and the length of its prompt."""
        digest = sha256(f"{self._seed}:frame:{position}".encode()).digest()
        frame = self._frames[int.from_bytes(digest[:8], "little") % len(self._frames)]
        drawn = shake_256(f"{self._seed}:words:{position}".encode()).digest(4 * frame.length)
        words = self._words[np.frombuffer(drawn, dtype="<u4") % len(self._words)].tolist()
        prompt = [*frame.before, *words, *frame.after]
        return [*prompt, *words, self._end], len(prompt)


def make_copies(
    curriculum: Curriculum,
    encoder: Encoder,
    rows: Iterable[Mapping[str, Any]],
    *,
    cutoff: int,
    seed: int,
) -> Copies:
    """Make the copies of a run in the frames of its own prompts.

    Args:
        curriculum: the rates.
        encoder: of the model.
        rows: training rows, of which the first 2,000 are read.
        cutoff: tokens of a sample at most.
        seed: of the run.

    Raises:
        DataError: no row has an input, or none fits into the cutoff.
    """
    frames = read_frames(encoder, list(islice(rows, _ROWS)))
    words = plain_words(encoder)
    return Copies(curriculum, frames, words, end=encoder.end, cutoff=cutoff, seed=seed)


def read_frames(encoder: Encoder, rows: Sequence[Mapping[str, Any]]) -> list[Frame]:
    """Find the ids around the input of each row's prompt; rows that show no input are left out.

    The same prompt is encoded with two other inputs: what both begin and end with is the frame.
    """
    pairs = [pair for row in rows if (pair := _with_probes(row, encoder.prompt))]
    originals = encoder.prompts([row for row, _ in pairs])
    left, right = (encoder.prompts([probes[k] for _, probes in pairs]) for k in range(2))
    frames = []
    for ids, one, other in zip(originals, left, right, strict=True):
        head = count_common(one, other)
        tail = count_common(one[head:][::-1], other[head:][::-1])
        length = len(ids) - head - tail
        if length > 0:
            frames.append(Frame(tuple(one[:head]), tuple(one[len(one) - tail :]), length))
    return frames


def plain_words(encoder: Encoder) -> list[int]:
    """Give the ids that stand for pieces of text: no special token, none added for a template."""
    tokenizer = encoder.tokenizer
    other = {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}
    return sorted(set(tokenizer.get_vocab().values()) - other)


def _with_probes(
    row: Mapping[str, Any], prompt: str
) -> tuple[Mapping[str, Any], list[dict[str, Any]]] | None:
    """Give a row and copies of it with other inputs; None where its prompt shows no input."""
    parts = split_prompt(str(row.get("prompt") or ""))
    if not parts and not (prompt == "chat" and row.get("input")):
        return None
    before, _, after = parts or ("", "", "")
    probes = [
        {**row, "input": probe, "prompt": f"{before}{probe}{after}" if parts else ""}
        for probe in _PROBES
    ]
    return row, probes


def _fit(frame: Frame, cutoff: int) -> Frame | None:
    """Shorten the input so that prompt, copy and end token fit; None where there is no room."""
    room = (cutoff - len(frame.before) - len(frame.after) - 1) // 2
    length = min(frame.length, room)
    return Frame(frame.before, frame.after, length) if length > 0 else None
