"""Long runs of changes are merged as errant merges them: its own merger is the oracle."""

from __future__ import annotations

import random
from typing import Any

import pytest

from wa_metrics.errant.annotation import annotate
from wa_metrics.errant.merging import LONG, has_long_run, merge_steps

from .errant_pairs import needs_errant

pytest.importorskip("errant")
spacy = pytest.importorskip("spacy")

WORDS = (
    "the The a cat Cat acat 's - , . to toeat eat eats sub way subway sub-way run Run ( )".split()
)
VOCAB = spacy.blank("en").vocab
KINDS = "NOUN VERB ADJ ADV AUX DET PUNCT PART ADP PROPN".split()
SIZES = {"M": (1, 1), "S": (1, 1), "D": (1, 0), "I": (0, 1), "T2": (2, 2)}


class Aligned:
    """Hold what errant's merger asks of an alignment."""

    def __init__(self, orig: Any, cor: Any, steps: Any) -> None:
        self.orig, self.cor, self.align_seq = orig, cor, steps


def make_pair(chance: random.Random, length: int) -> tuple[list[Any], Any, Any]:
    """Make steps and two sentences of them, with tags that need no model."""
    kinds = chance.sample(KINDS, 2) if chance.random() < 0.4 else KINDS
    weights = [chance.choice([0, 0.2, 1]), 4, 3, 3, chance.choice([0, 0.2])]
    steps: list[Any] = []
    o = c = 0
    for kind in chance.choices(list(SIZES), weights, k=length):
        down, right = SIZES[kind]
        steps.append((kind, o, o + down, c, c + right))
        o, c = o + down, c + right
    # One token more: errant looks at the one behind a step that has none.
    docs = [
        spacy.tokens.Doc(
            VOCAB,
            [chance.choice(WORDS) for _ in range(size + 1)],
            tags=[chance.choice(["X"] * 15 + ["POS"]) for _ in range(size + 1)],
            pos=[chance.choice(kinds) for _ in range(size + 1)],
        )
        for size in (o, c)
    ]
    return steps, *docs


@pytest.mark.parametrize("seed", range(150))
def test_the_edits_are_those_of_errants_own_merger(seed: int) -> None:
    from errant.en.merger import get_rule_edits  # type: ignore[import-untyped]

    chance = random.Random(seed)
    steps, orig, cor = make_pair(chance, chance.randint(1, chance.choice([4, 8, 16, 28])))
    expected = [
        (edit.o_start, edit.o_end, edit.c_start, edit.c_end)
        for edit in get_rule_edits(Aligned(orig, cor, steps))
    ]
    assert merge_steps(steps, orig, cor) == expected


def test_long_runs_alone_are_merged_here() -> None:
    step = ("S", 0, 1, 0, 1)
    assert not has_long_run([step] * (LONG - 1) + [("M", 0, 1, 0, 1)] + [step])
    assert has_long_run([("M", 0, 1, 0, 1)] + [step] * LONG)


@needs_errant
def test_a_model_that_repeats_itself_is_annotated() -> None:
    """A thousand tokens keep errant's own merger busy for many minutes: this would not end."""
    source = "I has a dog and it like to run in the park ."
    (sentence,) = annotate(
        sources=[source],
        hypotheses=[[f"I have a dog and it likes {'the big dog ran , ' * 200}"]],
    )
    assert [edit.correction for edit in sentence.edits][:2] == ["have", "likes"]
