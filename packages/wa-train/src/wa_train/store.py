"""Token ids on disk: tokenised once, read as a memory map by every process, in bounded memory.

The folder holds `tokens.bin` (int32, the samples one behind the other), `samples.bin` (int64
triples: offset, length, prompt length), `ids.txt` (row ids, one a line) and `store.json`, which
is written last and says what was encoded.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wa_train.errors import DataError
from wa_train.tokens import Encoder, Sample

Tokens = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the rows: read, kept, cut, and dropped because the prompt alone is too long.

    `tokens` are those kept, `target_tokens` those of completions with their end token (the words of
    a tagger), `lost` those cut off.
    """

    rows: int = 0
    samples: int = 0
    tokens: int = 0
    target_tokens: int = 0
    truncated: int = 0
    lost: int = 0
    dropped: int = 0
    longest_prompt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStore:
    """Encoded samples, in the order of the rows.

    `lengths` and `prompts` count tokens, shape (samples,).
    """

    folder: Path
    tokens: Tokens
    offsets: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    prompts: npt.NDArray[np.int64]
    counts: Counts

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def mean_context(self) -> float:
        """Give the tokens of the sample that a token stands in, in the mean over the tokens."""
        return float((self.lengths**2).sum() / self.lengths.sum())

    def ids(self, sample: int) -> Tokens:
        """Give the token ids of one sample, shape (length,)."""
        start = self.offsets[sample]
        return self.tokens[start : start + self.lengths[sample]]

    def sample(self, number: int) -> Sample:
        """Give one sample as it was encoded; what its cutoff lost is not kept."""
        return Sample(self.ids(number).tolist(), int(self.prompts[number]))

    def row_ids(self, samples: Iterable[int]) -> list[str]:
        """Give the ids of rows; reads the whole list, so only for reports."""
        names = (self.folder / "ids.txt").read_text(encoding="utf-8").split("\n")
        return [names[sample] for sample in samples]


def build_store(
    folder: Path,
    batches: Iterable[list[dict[str, Any]]],
    encoder: Encoder,
    *,
    cutoff: int,
    what: Mapping[str, Any],
) -> TokenStore:
    """Encode rows into a folder, batch by batch, and open it.

    Args:
        folder: replaced if it exists.
        batches: lists of rows, each with `id` and what the encoder reads.
        encoder: of the base model.
        cutoff: tokens of a sample at most.
        what: identifies the content (data digest, tokenizer, cutoff); `find_store` compares it.

    Raises:
        DataError: there is no row, or the cutoff is shorter than every prompt.
    """
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        tally = _write_samples(temporary, batches, encoder, cutoff)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    record = {"what": dict(what), "counts": tally}
    (temporary / "store.json").write_text(json.dumps(record), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)
    return open_store(folder)


def _write_samples(
    folder: Path, batches: Iterable[list[dict[str, Any]]], encoder: Encoder, cutoff: int
) -> dict[str, int]:
    """Encode the rows into the files of a store; give what became of them, see `Counts`."""
    tally: dict[str, int] = asdict(Counts())
    with (
        (folder / "tokens.bin").open("wb") as tokens,
        (folder / "samples.bin").open("wb") as index,
        (folder / "ids.txt").open("w", encoding="utf-8", newline="\n") as names,
    ):
        offset = 0
        for rows in batches:
            samples = encoder.samples(rows, cutoff)
            for row, sample in zip(rows, samples, strict=True):
                if sample is None:
                    continue
                np.asarray(sample.ids, dtype=np.int32).tofile(tokens)
                np.array([offset, len(sample.ids), sample.prompt], np.int64).tofile(index)
                offset += len(sample.ids)
                names.write(str(row.get("id", "")).replace("\n", " ") + "\n")
                _count(tally, sample, *encoder.count(sample))
            tally["rows"] += len(rows)
            tally["dropped"] += sum(sample is None for sample in samples)
    if not tally["rows"]:
        raise DataError("the training data holds no row; expected at least one")
    if not tally["samples"]:
        raise DataError(
            f"none of the {tally['rows']:,} rows fits: a cutoff of {cutoff} tokens is shorter than "
            "every prompt with one token to write and the end; take a larger --set train.cutoff=N"
        )
    return tally


def find_store(folder: Path, what: Mapping[str, Any]) -> TokenStore | None:
    """Open the store in a folder if it is whole and holds exactly this content."""
    try:
        record = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return open_store(folder) if record.get("what") == dict(what) else None


def open_store(folder: Path) -> TokenStore:
    """Open a whole store as memory maps."""
    record = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    index = np.fromfile(folder / "samples.bin", dtype=np.int64).reshape(-1, 3)
    tokens: Tokens = np.memmap(folder / "tokens.bin", dtype=np.int32, mode="r")
    return TokenStore(
        folder=folder,
        tokens=tokens,
        offsets=index[:, 0],
        lengths=index[:, 1],
        prompts=index[:, 2],
        counts=Counts(**record["counts"]),
    )


def _count(tally: dict[str, int], sample: Sample, tokens: int, targets: int) -> None:
    tally["samples"] += 1
    tally["tokens"] += tokens
    tally["target_tokens"] += targets
    tally["truncated"] += sample.lost > 0
    tally["lost"] += sample.lost
    tally["longest_prompt"] = max(tally["longest_prompt"], sample.prompt)
