from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from huggingface_hub import DatasetCard, metadata_load

from wa_data import stats
from wa_data.card import check_card, render_card, write_card
from wa_data.card_metadata import metadata
from wa_data.dataset import BuiltSet, contract_schema, open_set
from wa_data.errors import SetError

from . import built_sets as sets

SHORTFALL = {
    "config": "writing",
    "split": "train",
    "task": "fluency",
    "source": "harbour",
    "wanted": 10000,
    "got": 1,
    "missing": ["harbour.json"],
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw the plots once for all tests."""
    out = sets.write_both(tmp_path_factory.mktemp("drawn"))
    for folder in ("writing-mix", "writing-benchmark"):
        write_card(out / folder)
    return out


@pytest.fixture
def out(drawn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn, tmp_path / "out"))


def card(folder: Path, **changes: Any) -> str:
    """Render the small mix's card with other words in its manifest."""
    sets.write_set(folder, "mix", sets.small_mix(), **changes)
    return render_card(folder, open_set(folder).manifest, {"summary": "A demo."})


def load(folder: Path, config: str | None, cache: Path) -> datasets.DatasetDict:
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(str(folder), config, cache_dir=str(cache))
    assert isinstance(loaded, datasets.DatasetDict)
    return loaded


def test_the_mix_loads_by_its_metadata_and_all_is_the_default(
    out: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache, folder = tmp_path_factory.mktemp("cache"), out / "writing-mix"
    everything = load(folder, None, cache)["train"]
    mix = sets.small_mix()
    assert list(everything) == mix["writing"]["train"] + mix["generic"]["train"]
    assert list(load(folder, "generic", cache)["train"]) == mix["generic"]["train"]


def test_a_test_set_loads_with_its_edits(
    out: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache, folder = tmp_path_factory.mktemp("cache"), out / "writing-benchmark"
    rows = load(folder, "conll14", cache)["test"]
    assert list(rows) == sets.small_benchmark()["conll14"]["test"]
    assert set(load(folder, "asset", cache)) == {"validation", "test"}


@pytest.mark.parametrize("kind", ["mix", "benchmark"])
def test_the_features_are_what_datasets_itself_would_write(out: Path, kind: str) -> None:
    infos = (metadata_load(out / f"writing-{kind}" / "README.md") or {})["dataset_info"]
    expected = datasets.Features.from_arrow_schema(contract_schema(kind))._to_yaml_list()
    assert [info["features"] for info in infos] == [expected] * len(infos)
    assert [info["splits"][0]["num_examples"] for info in infos] == (
        [4, 3, 1] if kind == "mix" else [2, 1]
    )


def test_the_metadata_are_those_that_the_hub_knows(out: Path) -> None:
    data = DatasetCard.load(out / "writing-mix" / "README.md").data
    assert (data.language, data.license) == (["en"], ["cc-by-4.0", "other"])
    assert (data.task_categories, data.size_categories) == (["text-generation"], ["n<1K"])
    text = (out / "writing-mix" / "README.md").read_text()
    assert "&id" not in text.split("---\n")[1]  # YAML anchors: not every reader knows them


@pytest.mark.parametrize(
    ("rows", "size"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (112_002, "100K<n<1M"), (2_400_000, "1M<n<10M")],
)
def test_the_size_is_the_hubs_category(out: Path, rows: int, size: str) -> None:
    assert f"- {size}\n" in metadata(open_set(out / "writing-mix"), rows)


def test_the_card_says_what_is_in_the_set(out: Path) -> None:
    text = (out / "writing-mix" / "README.md").read_text()
    for line in (
        "| writing | train | grammaticality | harbour | 1 |",
        "| writing | train | fluency | meadow | 7.0 / 7 / 7 | 5.0 / 5 / 5 | 0.71 | 16.7 % | 0.0 % |",  # noqa: E501
        "![Rows by task and source](plots/rows.png)",
        "| `turk_reference` | first \\| differing | the paper is silent |",
        "- harbour: A. Writer. Harbour. 2020.",
        "  eprint        = {2305.13225},",
    ):
        assert line in text.split("\n"), line
    assert json.loads((out / "writing-mix" / "manifest.json").read_text())["digest"] in text
    test_sets = (out / "writing-benchmark" / "README.md").read_text()
    row = "| conll14 | CONLL14 | grammaticality | test | 2 | `m2` | tokenised text | meadow |"
    assert row in test_sets.split("\n")


def test_no_row_of_a_source_is_on_the_card(out: Path) -> None:
    for folder in ("writing-mix", "writing-benchmark"):
        text = (out / folder / "README.md").read_text()
        for sentence in (sets.SHOP, "Two dog barks", "A vast sea", "He goes home"):
            assert sentence not in text


def test_table_cells_cannot_break_the_table_or_bring_html(tmp_path: Path) -> None:
    choice = {"value": "<script>|\n", "why": "a | b\nc"}
    text = card(tmp_path, choices={"field": choice})
    assert "| `field` | &lt;script&gt;\\| | a \\| b c |" in text.split("\n")
    assert "[Harbour \\| terms](https://example.org/terms)" in text


def test_a_choice_made_for_each_source_is_told_once_for_each_value(tmp_path: Path) -> None:
    value = {"fluency/meadow": "natural", "clarity/meadow": "natural", "generic/harbour": "as is"}
    text = card(tmp_path, choices={"shown": {"value": value, "why": "open"}})
    assert "| natural (fluency/meadow, clarity/meadow), as is (generic/harbour) |" in text


def test_shortfalls_and_unverified_files_come_before_everything_else(tmp_path: Path) -> None:
    text = card(tmp_path, shortfalls=[SHORTFALL])
    assert "| writing | train | fluency | harbour | 10,000 | 1 | harbour.json |" in text
    assert text.index("smaller than its recipe asks for") < text.index("## Rows")
    assert "could not be verified" not in text
    sources = open_set(tmp_path).manifest["sources"]
    sources["harbour"]["files"][0]["verified"] = False
    text = card(tmp_path, sources=sources)
    assert "| harbour | `harbour.txt` |" in text
    assert text.index("could not be verified") < text.index("## Rows")
    assert "smaller than its recipe" not in text


@pytest.mark.parametrize(
    ("report", "line"),
    [
        ({"exact": {}, "near": None, "rows": 0}, "near ones were not looked for"),
        ({"exact": {}, "near": {}, "rows": 0}, "No exact overlap was found, and no near one."),
        (
            {"exact": {"asset": {"test": 3}}, "near": None, "rows": 3},
            "| asset | test | 3 | not looked for |",
        ),
        (
            {"exact": {}, "near": {"wnc": {"validation": 1200}}, "rows": 1200},
            "| wnc | validation | 0 | 1,200 |",
        ),
    ],
)
def test_overlaps_are_told_and_so_is_what_was_not_looked_for(
    tmp_path: Path, report: dict[str, Any], line: str
) -> None:
    assert line in card(tmp_path, contamination=report)


def test_a_card_is_out_of_date_when_the_set_says_something_else(out: Path) -> None:
    folder = out / "writing-mix"
    assert check_card(folder) == []
    file = folder / "README.md"
    file.write_text(file.read_text().replace("seed 42", "seed 43"))
    assert [line for line in check_card(folder) if line.startswith(("- ", "-Built", "+Built"))] == [
        "-Built with wa-data 0.1.0 from the recipe `demo`, seed 43.",
        "+Built with wa-data 0.1.0 from the recipe `demo`, seed 42.",
    ]
    file.unlink()
    assert check_card(folder) != []


def test_plots_that_are_not_those_of_the_set_are_named(out: Path) -> None:
    folder = out / "writing-mix"
    (folder / "plots" / "rows.png").write_bytes(b"\x89PNG another")
    (folder / "plots" / "lengths.png").unlink()
    assert check_card(folder) == [
        "plots/rows.png is not the one that the set and this matplotlib give",
        "plots/lengths.png is missing",
    ]
    write_card(folder)
    assert check_card(folder) == []


def test_a_card_in_another_encoding_is_another_card(out: Path) -> None:
    file = out / "writing-mix" / "README.md"
    file.write_bytes(file.read_bytes() + "caf\xe9".encode("latin-1"))
    assert "-caf\ufffd" in check_card(file.parent)
    crlf = file.read_bytes().replace(b"\n", b"\r\n")
    file.write_bytes(crlf)
    assert check_card(file.parent) != []


def test_a_card_costs_one_reading_of_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets.write_set(tmp_path, "mix", sets.small_mix())
    readings: list[str] = []

    def counted(name: str, real: Callable[[BuiltSet], object]) -> Callable[[BuiltSet], object]:
        def read(built: BuiltSet) -> object:
            readings.append(name)
            return real(built)

        return read

    for name in ("counts", "measure"):
        monkeypatch.setattr(stats, name, counted(name, getattr(stats, name)))
    write_card(tmp_path)
    assert sorted(readings) == ["counts", "measure"]


@pytest.mark.parametrize("kind", ["mix", "benchmark"])
@pytest.mark.parametrize("configs", [{}, {"asset": {"test": []}}])
def test_a_set_without_rows_has_a_card_that_says_so(
    tmp_path: Path, kind: str, configs: sets.Splits, recwarn: pytest.WarningsRecorder
) -> None:
    write_card(sets.write_set(tmp_path, kind, configs))
    text = (tmp_path / "README.md").read_text()
    assert "## Rows\n\nThis set holds no rows.\n" in text
    assert "load_dataset" not in text
    assert "plots/" not in text
    assert metadata_load(tmp_path / "README.md")
    assert not (tmp_path / "plots").exists()
    assert (check_card(tmp_path), len(recwarn)) == ([], 0)


def test_a_made_up_set_says_so_before_anything_else(out: Path) -> None:
    folder = out / "writing-mix"
    manifest = open_set(folder).manifest
    text = render_card(folder, manifest, {"demo_sources": True})
    title, _, first = text.split("---\n")[2].strip().partition("\n\n")
    assert title == "# Writing instruction mix"
    assert first.startswith(
        "> [!CAUTION]\n> **Nothing here is real: wa-data's generator made up every sentence.**"
    )
    assert "made up" not in render_card(folder, manifest, {"demo_sources": False})


@pytest.mark.parametrize("text", ["[]", "{", "\xff"])
def test_a_recipe_that_is_none_is_an_error_that_names_it(out: Path, text: str) -> None:
    (out / "writing-mix" / "recipe.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SetError, match=r"recipe\.json: (not readable as JSON|expected a table)"):
        write_card(out / "writing-mix")


def test_the_same_set_gives_the_same_card_and_plots(out: Path) -> None:
    folder = out / "writing-mix"
    files = [folder / "README.md", *sorted((folder / "plots").iterdir())]
    before = [file.read_bytes() for file in files]
    write_card(folder)
    assert [file.read_bytes() for file in files] == before


def test_a_build_can_write_the_card_before_the_manifest(tmp_path: Path) -> None:
    sets.write_set(tmp_path, "mix", sets.small_mix())
    manifest = open_set(tmp_path).manifest
    (tmp_path / "manifest.json").unlink()
    write_card(tmp_path, manifest, {"summary": "Made for a test."})
    assert "seed 42. Made for a test." in (tmp_path / "README.md").read_text()


def test_rows_that_are_withheld_are_configs_of_their_own(out: Path) -> None:
    folder = out / "writing-mix"
    (folder / "data" / "generic").rename(folder / "recipe")
    (folder / "recipe" / "generic").mkdir()
    file = next((folder / "recipe").glob("*.parquet"))
    file.rename(folder / "recipe" / "generic" / file.name)
    built = open_set(folder)
    text = metadata(BuiltSet(folder, {**built.manifest, "published": {}}), 3)
    assert "- config_name: recipe-generic\n" in text
    assert "  path: data/generic" not in text
    assert "path: recipe/generic/train-*.parquet" in text


def test_a_manifest_without_a_field_is_an_error_that_names_it(tmp_path: Path) -> None:
    sets.write_set(tmp_path, "mix", sets.small_mix())
    manifest = dict(open_set(tmp_path).manifest)
    del manifest["choices"]
    with pytest.raises(SetError, match=r"the card needs a field that it lacks.*choices"):
        render_card(tmp_path, manifest, {})
    assert BuiltSet(tmp_path, manifest).kind == "mix"
