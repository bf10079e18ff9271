from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.errors import ConfigError
from wa_data.strict import build, suggest


@dataclass(frozen=True, kw_only=True)
class Leaf:
    colour: Literal["green", "brown"]
    size: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Tree:
    name: str
    height: int
    hollow: bool = False
    age: int | None = None
    leaves: tuple[Leaf, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    first: Leaf | None = None
    anything: Any = None


def test_a_table_becomes_a_record_with_its_nested_tables_and_lists() -> None:
    table = {
        "name": "oak",
        "height": 20,
        "leaves": [{"colour": "green", "size": 2}, {"colour": "brown"}],
        "notes": {"where": "garden"},
        "first": {"colour": "brown"},
        "anything": [1, {"a": 2}],
    }
    tree = build(Tree, table, "trees.toml: [oak]")
    assert tree == Tree(
        name="oak",
        height=20,
        leaves=(Leaf(colour="green", size=2.0), Leaf(colour="brown")),
        notes={"where": "garden"},
        first=Leaf(colour="brown"),
        anything=[1, {"a": 2}],
    )
    assert type(tree.leaves[0].size) is float


def test_what_is_left_out_has_its_default() -> None:
    assert build(Tree, {"name": "oak", "height": 20}, "x") == Tree(name="oak", height=20)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"heigth": 3}, ["trees: unknown key 'heigth' (did you mean 'height'?)", "known: name,"]),
        ({"zzz": 3}, ["trees: unknown key 'zzz'; known: name, height"]),
        ({"name": 3}, ["trees: name: expected str, got 3"]),
        ({"height": "3"}, ["trees: height: expected int, got '3'"]),
        ({"height": True}, ["trees: height: expected int, got True"]),
        ({"height": 2.0}, ["trees: height: expected int, got 2.0"]),
        ({"hollow": 1}, ["trees: hollow: expected bool, got 1"]),
        ({"age": "old"}, ["trees: age: expected int, got 'old'"]),
        ({"leaves": "green"}, ["trees: leaves: expected a list, got 'green'"]),
        ({"leaves": [{"colour": "green"}, 7]}, ["trees: leaves[1]: expected a table, got 7"]),
        ({"leaves": [{"colour": "gren"}]}, ["leaves[0]: colour: expected one of green, brown"]),
        ({"leaves": [{"colour": ["green"]}]}, ["colour: expected one of", "got ['green']"]),
        ({"leaves": [{"size": 1.0}]}, ["trees: leaves[0]: key 'colour' is missing"]),
        ({"notes": ["a"]}, ["trees: notes: expected a table, got ['a']"]),
        ({"notes": {"where": 1}}, ["trees: notes.where: expected str, got 1"]),
        ({"first": {"colour": "green", "siz": 1}}, ["trees: first: unknown key 'siz'", "'size'"]),
    ],
)
def test_a_wrong_table_is_an_error_that_says_where_and_what(
    change: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        build(Tree, {"name": "oak", "height": 20, **change}, "trees")
    for word in words:
        assert word in str(caught.value)


def test_a_missing_key_and_no_table_at_all_are_errors() -> None:
    with pytest.raises(ConfigError, match=r"trees: key 'height' is missing"):
        build(Tree, {"name": "oak"}, "trees")
    with pytest.raises(ConfigError, match=r"trees: expected a table, got \['oak'\]"):
        build(Tree, ["oak"], "trees")


def test_a_suggestion_is_made_for_a_near_word_only() -> None:
    assert suggest("claritty", ["fluency", "clarity"]) == " (did you mean 'clarity'?)"
    assert suggest("zebra", ["fluency", "clarity"]) == ""
    assert suggest("x", []) == ""


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
keys = st.sampled_from([*Tree.__dataclass_fields__, "colour", "x"])


@settings(max_examples=100, deadline=None)
@given(table=st.dictionaries(keys, anything, max_size=4) | anything)
def test_any_table_is_a_record_or_a_config_error(table: Any) -> None:
    try:
        record = build(Tree, table, "here")
    except ConfigError as error:
        assert str(error).startswith("here: ")
    else:
        assert type(record.height) is int
        assert all(isinstance(leaf, Leaf) for leaf in record.leaves)
