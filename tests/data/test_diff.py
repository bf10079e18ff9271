from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.diff import diff
from wa_data.digest import row_digest
from wa_data.errors import SetError

from . import built_sets as sets

Names = dict[str, str]  # a row's name -> its output


def write(folder: Path, rows: Names) -> Path:
    train = [sets.mix_row(name, "Some text .", output) for name, output in rows.items()]
    return sets.write_set(folder, "mix", {"writing": {"train": train}})


def withhold(folder: Path, config: str, names: set[str]) -> None:
    """Put recipe rows in the place of data rows, as publishing does."""
    file = next((folder / "data" / config).glob("*.parquet"))
    table = pq.read_table(file)
    rows = table.to_pylist()
    recipe = [
        {
            **{name: row[name] for name in ("id", "task", "source", "source_row")},
            "row_sha256": row_digest(row).hex(),
        }
        for row in rows
        if row["id"] in names
    ]
    kept = [row for row in rows if row["id"] not in names]
    pq.write_table(pa.Table.from_pylist(kept, schema=table.schema), file)
    place = folder / "recipe" / config / file.name
    place.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(recipe), place)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "published": {}}))


def test_rows_are_added_removed_and_changed_by_id(tmp_path: Path) -> None:
    a = write(tmp_path / "a", {"same": "x", "gone": "x", "other": "The old one ."})
    b = write(tmp_path / "b", {"new": "x", "other": "The new one .", "same": "x"})
    result = diff(a, b)
    (split,) = result.splits
    assert (split.rows_a, split.rows_b) == (3, 3)
    assert (split.added, split.removed, split.changed) == (1, 1, 1)
    assert split.fields == {"output": 1, "completion": 1}
    assert result.render().split("\n")[2:] == [
        "a writing/train: 3 -> 3 rows: +1 -1 ~1",
        "  changed fields: output 1, completion 1",
        "  - meadow-gone",
        "  + meadow-new",
        "  ~ meadow-other",
        "      output: 'The old one .' -> 'The new one .'",
        "      completion: 'The old one .' -> 'The new one .'",
        "different",
    ]
    assert json.loads(json.dumps(result.as_dict()))["equal"] is False


names = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("xyz"), max_size=6)


@settings(max_examples=15, deadline=None)
@given(before=names, after=names)
def test_the_counts_are_those_of_the_two_dictionaries(
    tmp_path_factory: pytest.TempPathFactory, before: Names, after: Names
) -> None:
    folder = tmp_path_factory.mktemp("sets")
    (split,) = diff(write(folder / "a", before), write(folder / "b", after)).splits
    assert split.added == len(after.keys() - before.keys())
    assert split.removed == len(before.keys() - after.keys())
    assert split.changed == sum(before[n] != after[n] for n in before.keys() & after.keys())


def test_the_place_in_the_source_is_no_difference(tmp_path: Path) -> None:
    mix = sets.small_mix()
    a = sets.write_set(tmp_path / "a", "mix", mix)
    mix["writing"]["train"][0]["source_row"] = 99
    assert diff(a, sets.write_set(tmp_path / "b", "mix", mix)).equal


def test_both_sets_of_a_build_are_compared_with_their_lists(tmp_path: Path) -> None:
    a, b = sets.write_both(tmp_path / "a"), tmp_path / "b"
    sets.write_set(b / "writing-mix", "mix", sets.small_mix())
    benchmark = sets.small_benchmark()
    benchmark["conll14"]["test"][0]["edits"][0]["type"] = "R:OTHER"
    del benchmark["asset"]["validation"]
    sets.write_set(b / "writing-benchmark", "benchmark", benchmark)
    assert diff(a, a).equal
    changed = [item for item in diff(a, b).splits if item.added + item.removed + item.changed]
    assert [(item.config, item.split, item.fields) for item in changed] == [
        ("conll14", "test", {"edits": 1}),
        ("asset", "validation", {}),
    ]


def test_examples_are_limited_and_show_the_place_of_the_change(tmp_path: Path) -> None:
    rows = {str(number): "far " * 40 + "left" for number in range(9)}
    a = write(tmp_path / "a", rows)
    b = write(tmp_path / "b", {name: text.replace("left", "right") for name, text in rows.items()})
    (split,) = diff(a, b, examples=2).splits
    assert (split.changed, len(split.examples)) == (9, 2)
    assert "far left' -> '…far" in diff(a, b).render()


def test_a_withheld_row_is_compared_by_its_digest(tmp_path: Path) -> None:
    full = write(tmp_path / "full", {"a": "x", "b": "y", "c": "z"})
    published = write(tmp_path / "published", {"a": "x", "b": "y", "c": "z"})
    withhold(published, "writing", {"meadow-b", "meadow-c"})
    assert diff(full, published).equal
    assert diff(published, full).equal
    assert diff(published, published).equal
    newer = write(tmp_path / "newer", {"a": "x", "b": "other", "c": "z"})
    (split,) = diff(published, newer).splits
    assert (split.added, split.removed, split.changed, split.fields) == (0, 0, 1, {"row": 1})
    assert split.examples[0].id == "meadow-b"


def test_sets_of_two_kinds_are_not_compared(tmp_path: Path) -> None:
    sets.write_both(tmp_path)
    with pytest.raises(SetError, match="expected sets of the same kinds"):
        diff(tmp_path / "writing-mix", tmp_path / "writing-benchmark")


def test_a_set_that_lost_a_file_is_not_compared_as_if_it_were_whole(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a", {"a": "x"}), write(tmp_path / "b", {"a": "x"})
    next(b.rglob("train-*.parquet")).unlink()
    with pytest.raises(SetError, match=r"is missing; the manifest names it"):
        diff(a, b)
