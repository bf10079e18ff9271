"""Made-up sentences for ERRANT's tests, and what these need: errant itself, as an oracle."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from wa_metrics.errant.model import find_versions

BENCHMARKS = Path(__file__).resolve().parents[2] / "packages/wa-metrics/benchmarks"

# A source and its correction; each line is there for what its comment says.
PAIRS = [
    # nothing changed, white space, and nothing at all
    ("All is well .", "All is well ."),
    ("a b  c", "a b  c"),
    ("a  b c", "a b c"),
    (" a b", "a b "),
    ("It is\u00a0 new .", "It is new ."),
    ("It is\u00a0new .", "It is\u00a0new ."),
    ("a\tb", "a b"),
    ("", "A cat ."),
    ("A cat .", ""),
    ("", ""),
    # one word
    ("She go home .", "She goes home ."),
    ("They is late .", "They are late ."),
    ("We discuss it yesterday .", "We discussed it yesterday ."),
    ("I bought two apple .", "I bought two apples ."),
    ("A beautifull garden .", "A beautiful garden ."),
    ("He runs quick .", "He runs quickly ."),
    ("He looks for a book .", "He looks after a book ."),
    ("x", "completely different words here ."),
    # words missing, words too many: one side is not parsed
    ("I want go home .", "I want to go home ."),
    ("I like a cats .", "I like cats ."),
    ("She said .", "She said that she was there ."),
    ("I did did did go .", "I did go ."),
    ("She She said", "She said"),
    ("said She", "said She She"),
    # case: alone, side by side, and where an insertion may stand before or behind
    ("all is well .", "All is well ."),
    ("The Cat Sat", "The cat Sat"),
    ("The cat The Cat", "the cat the cat"),
    ("a A a", "A a"),
    ("a b", "a B b"),
    ("b", "B b"),
    ("x b", "x B b"),
    ("The the end", "The end"),
    # order, joins and splits
    ("the dog big runs", "the big dog runs"),
    ("He eats quickly the apple .", "He quickly eats the apple ."),
    ("one two three four five", "five four three two one"),
    ("However I think , that is so", "However , I think that is so"),
    ("ice cream is alot of fun", "icecream is a lot of fun"),
    ("a sub - way", "a subway"),
    # contractions, possessives, and rules of the model for two tokens
    ("my friends house", "my friend 's house"),
    ("my friends ' car", "my friend 's car"),
    ("He ca n't go", "He can not go"),
    ("let 's go", "let us go"),
    ("I gon na go", "I am going to go"),
    ("We got ta leave .", "We have to leave ."),
    ("there is many people", "there are many people"),
    ("it ai n't so", "it is n't so"),
    ("y' all come", "you all come"),
    # merging, punctuation, other letters
    ("we came , which was good", "We came . Which was good"),
    ("I has been eat apple yesterday , and", "Yesterday , I ate an apple and"),
    ("more easy to eat", "easier eating"),
    ("Dear Sir", "Dear sir ,"),
    ("a naïve café", "A naive Cafe"),
    ("— “ hi ”", '- " hi "'),
    ("a | b || c", "a | c"),
    ("😀 ok", "😀 OK"),
    ("it costs 3,000 $", "it costs 3000 dollars"),
    ("Their going home .", "They 're going home ."),
]
SOURCES, CORRECTED = [source for source, _ in PAIRS], [text for _, text in PAIRS]
needs_errant = pytest.mark.skipif(
    set(find_versions()) != {"errant", "spacy", "model"},
    reason="the extra errant, with a model, is not installed",
)


@cache
def load_plain() -> Any:
    """Load what drives the installed errant as its command lines do."""
    spec = importlib.util.spec_from_file_location("plain_errant", BENCHMARKS / "plain_errant.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
