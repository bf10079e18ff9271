"""The tags that a tagger knows: counted in training pairs, or read from a published list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wa_train.errors import DataError
from wa_train.tagger.align import Tags, candidate_tags
from wa_train.tagger.operations import KEEP, PADDING, UNKNOWN

MASKED = -1  # an edit that no tag does: which tag it should be is not trained, that it is wrong is


@dataclass(frozen=True, slots=True)
class TagVocabulary:
    """Tags by number; `$KEEP` is one of them.

    Raises:
        DataError: a tag stands twice, or `$KEEP` is missing.
    """

    tags: tuple[str, ...]
    ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", {tag: number for number, tag in enumerate(self.tags)})
        if len(self.ids) != len(self.tags):
            twice = Counter(self.tags).most_common(1)[0][0]
            raise DataError(f"tag vocabulary: expected tags that differ, got {twice!r} twice")
        if KEEP not in self.ids:
            raise DataError(f"tag vocabulary: expected {KEEP} among the tags, got none")

    def __len__(self) -> int:
        return len(self.tags)

    @property
    def keep(self) -> int:
        """Give the number of `$KEEP`."""
        return self.ids[KEEP]

    def pick(self, candidates: Tags) -> int:
        """Give the number of the first tag that is known, or `MASKED`."""
        return next((self.ids[tag] for tag in candidates if tag in self.ids), MASKED)

    def encode(self, source: Sequence[str], target: Sequence[str]) -> list[int]:
        """Tag a sentence: the place before it, then each word; `MASKED` where no tag will do."""
        return [self.pick(candidates) for candidates in candidate_tags(source, target)]


def build_vocabulary(
    pairs: Iterable[tuple[Sequence[str], Sequence[str]]], *, limit: int = 5000, least: int = 3
) -> TagVocabulary:
    """Count the best tag of every edit and keep the most frequent.

    Args:
        pairs: source words and target words.
        limit: tags at most, `$KEEP` included.
        least: times that a tag must be seen.
    """
    counts: Counter[str] = Counter()
    for source, target in pairs:
        counts.update(tags[0] for tags in candidate_tags(source, target) if tags[0] != KEEP)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    known = [tag for tag, count in ranked if count >= least]
    return TagVocabulary((KEEP, *known[: limit - 1]))


def read_vocabulary(path: Path) -> TagVocabulary:
    """Read tags, one a line, as GECToR publishes them.

    Raises:
        DataError: the file is not there, or is no list of tags.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot read the tags: {error}") from error
    tags = [line for line in lines if line.strip()]
    for number, tag in enumerate(tags, 1):
        if not tag.startswith("$") and tag not in (UNKNOWN, PADDING):
            raise DataError(f"{path}:{number}: expected a tag such as $KEEP, got {tag!r:.60}")
    try:
        return TagVocabulary(tuple(tags))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
