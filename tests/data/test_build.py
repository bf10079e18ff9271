"""Builds: the paper's real sets where the corpora are, and everything else on made-up sources."""

from __future__ import annotations

import json
import lzma
import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wa_data.build import (
    BENCHMARK,
    MIX,
    PARTIAL,
    BuildOptions,
    BuildReport,
    build,
    put_in_place,
    workplace,
)
from wa_data.cache import default_cache
from wa_data.check import check
from wa_data.demo import write_sources
from wa_data.errors import ConfigError, MissingSourceError, SetError, ShortfallError
from wa_data.recipe import BenchmarkPlan, load_recipe
from wa_data.registry import load_sources
from wa_data.resolve import Access
from wa_metrics.edits import Edit

# Table 2 of the paper.
PAPER_SIZES = {
    "conll14": 1_312,
    "bea19_dev": 4_384,
    "jfleg": 747,
    "iterater_fluency": 88,
    "iterater_clarity": 185,
    "iterater_coherence": 35,
    "turkcorpus": 359,
    "asset": 359,
    "wnc": 1_000,
    "sts": 97,
}


def build_recipe(name: str, out: Path, *mirrors: Path, **options: Any) -> BuildReport:
    """Build a recipe off line; unverified files are taken, as made-up ones always are."""
    recipe = load_recipe(name)
    seed = options.pop("seed", recipe.seed)
    allow_unverified = options.pop("allow_unverified", True)
    # Real and made-up files keep apart, as a pinned file is taken from the cache first.
    cache = default_cache() / ("made-up" if allow_unverified else "real")
    access = Access(cache=cache, mirrors=mirrors, offline=True, allow_unverified=allow_unverified)
    registry = load_sources(map(Path, recipe.sources))
    return build(replace(recipe, seed=seed), out, registry, access, BuildOptions(**options))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    write_sources(folder, 120)
    return folder


@pytest.fixture(scope="module")
def real(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the paper's recipe from the real corpora, as far as they go."""
    out = tmp_path_factory.mktemp("real")
    build_recipe("paper", out, mirror, allow_missing=True, allow_unverified=False)
    return out


def rows_of(out: Path, config: str, split: str = "train") -> pl.DataFrame:
    name = MIX if config in ("writing", "generic") else BENCHMARK
    return pl.read_parquet(out / name / "data" / config / f"{split}-*.parquet")


def manifest(out: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((out / name / "manifest.json").read_text())
    return loaded


# The real corpora


def test_the_ten_real_test_sets_have_the_sizes_of_the_paper(real: Path) -> None:
    configs = manifest(real, BENCHMARK)["configs"]
    assert {name: configs[name]["test"]["rows"] for name in PAPER_SIZES} == PAPER_SIZES
    assert configs["bea19_test"]["test"]["rows"] == 4_477
    assert configs["generic_probe"]["test"]["rows"] >= 102
    validation = {"conll14": 1_381, "jfleg": 754, "sts": 56}
    assert {name: configs[name]["validation"]["rows"] for name in validation} == validation


def test_references_are_eight_ten_and_four_and_the_text_is_untouched(
    real: Path, mirror: Path
) -> None:
    for name, count in (("turkcorpus", 8), ("asset", 10), ("jfleg", 4), ("wnc", 1), ("sts", 1)):
        assert set(rows_of(real, name, "test")["references"].list.len()) == {count}
    official = (mirror / "jfleg/test/test.src").read_text(encoding="utf-8").split("\n")[:747]
    assert rows_of(real, "jfleg", "test")["input"].to_list() == official


def test_the_real_training_rows_and_what_is_short(real: Path) -> None:
    described = manifest(real, MIX)
    assert described["configs"]["writing"]["train"]["sources"] == {
        "turkcorpus": 2_000,
        "wi_locness": 10_000,
    }
    assert described["configs"]["generic"]["train"]["rows"] == 52_002
    short = {(item["task"], item["source"]): item["wanted"] for item in described["shortfalls"]}
    assert short == {
        ("fluency", "iterater_v2"): 10_000,
        ("clarity", "iterater_v2"): 10_000,
        ("coherence", "iterater_v2"): 10_000,
        ("simplification", "wikilarge"): 8_000,
        ("neutralization", "wnc"): 10_000,
    }
    [dev] = manifest(real, BENCHMARK)["shortfalls"]
    assert (dev["config"], dev["split"], dev["wanted"], dev["got"]) == ("wnc", "validation", 700, 0)


def test_the_parquet_holds_every_edit_of_the_official_m2_files(real: Path, mirror: Path) -> None:
    from wa_metrics.m2 import read_m2, write_m2

    for name, split, path in (
        ("conll14", "test", "conll14/conll14st-test-data/noalt/official-2014.combined.m2"),
        ("conll14", "validation", "conll13/release2.3.1/revised/data/official-preprocessed.m2"),
        ("bea19_dev", "test", "bea19/wi+locness/m2/ABCN.dev.gold.bea19.m2"),
    ):
        official = list(read_m2(mirror / path))
        table = rows_of(real, name, split)
        ours = [
            sentence._replace(source=text, edits=tuple(Edit(**edit) for edit in edits))
            for sentence, text, edits in zip(official, table["input"], table["edits"], strict=True)
        ]
        assert "".join(write_m2(ours)) == (mirror / path).read_text(encoding="utf-8")


def test_80_sources_of_bea_dev_stand_in_the_whole_of_wi_train(mirror: Path, tmp_path: Path) -> None:
    # The count is of verbatim repeats (facts of the corpus); the normalised match finds no fewer.
    with lzma.open(mirror / "bea19/wi+locness/m2/ABC.train.gold.bea19.m2.xz", "rt") as file:
        train = {line[2:] for line in file.read().split("\n") if line.startswith("S ")}
    dev = (mirror / "bea19/wi+locness/m2/ABCN.dev.gold.bea19.m2").read_text()
    verbatim = [line[2:] in train for line in dev.split("\n") if line.startswith("S ")]
    assert sum(verbatim) == 80
    report = build_recipe("wi-gec", tmp_path, mirror, allow_unverified=False)
    found = pl.read_parquet(tmp_path / MIX / "contamination.parquet").filter(
        pl.col("test_id").str.starts_with("bea19_dev-") & (pl.col("test_field") == "input")
    )
    named = {int(name.rsplit("-", 1)[1]) for name in found["test_id"]}
    repeated = {row for row, hit in enumerate(verbatim) if hit}
    splits = report.manifests[MIX]["configs"]["writing"]
    assert splits["train"]["rows"] + splits["validation"]["rows"] == 34_308
    assert repeated <= named


def test_paper_small_is_a_real_mix_of_six_tasks_without_wnc_test_rows(
    mirror: Path, tmp_path: Path
) -> None:
    build_recipe("paper-small", tmp_path, mirror, allow_unverified=False)
    described = manifest(tmp_path, MIX)
    assert described["shortfalls"] == []
    assert described["configs"]["writing"]["train"]["sources"] == {
        "iterater_human": 739 + 1_253 + 275,
        "kauchak2013": 8_000,
        "turkcorpus": 2_000,
        "wi_locness": 10_000,
        "wnc_sample": 1_000 - 9,
    }
    writing = rows_of(tmp_path, "writing")
    assert len(set(writing["task"])) == 6
    kauchak = writing.filter(pl.col("source") == "kauchak2013")
    assert not (kauchak["input"] == kauchak["output"]).any()
    exact = described["contamination"]["exact"]
    assert "wnc" not in exact
    assert exact["turkcorpus"]["test"] > 0
    assert described["findings"]["empty_output"] >= 28
    assert check(tmp_path).exit_code == 0


# Made-up sources


def test_two_builds_are_the_same_byte_for_byte(sources: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_recipe("paper", tmp_path / name, sources, allow_missing=True)
    trees = [
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in sorted((tmp_path / name).rglob("*"))
            if path.is_file()
        }
        for name in ("one", "two")
    ]
    assert trees[0] == trees[1]
    assert not list(tmp_path.rglob(f"*{PARTIAL}*"))


def test_the_order_of_a_source_does_not_matter(sources: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(sources, mixed)
    for path in (
        "iterater_v2/sent-level.train.intents.json",
        "clang8/output_data/clang8_source_target_en.spacy_tokenized.tsv",
    ):
        lines = (sources / path).read_text(encoding="utf-8").split("\n")[:-1]
        (mixed / path).write_text("\n".join(sorted(lines, reverse=True)) + "\n", encoding="utf-8")
    for recipe in ("paper", "gec"):
        digests = [
            build_recipe(recipe, tmp_path / str(number), folder, allow_missing=True).manifests[MIX][
                "digest"
            ]
            for number, folder in enumerate((sources, mixed))
        ]
        assert digests[0] == digests[1]


def test_a_larger_sample_holds_the_smaller_one(sources: Path, tmp_path: Path) -> None:
    for limit in (20, 50):
        build_recipe("paper", tmp_path / str(limit), sources, allow_missing=True, limit=limit)
    small, large = (set(rows_of(tmp_path / str(limit), "writing")["id"]) for limit in (20, 50))
    assert small < large


def test_another_seed_is_another_sample(sources: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        build_recipe(
            "paper", tmp_path / str(seed), sources, allow_missing=True, limit=20, seed=seed
        )
    one, two = (set(rows_of(tmp_path / str(seed), "writing")["id"]) for seed in (1, 2))
    assert one != two


def test_prompts_show_natural_text_and_input_keeps_the_tokens(
    sources: Path, tmp_path: Path
) -> None:
    build_recipe("paper", tmp_path, sources, allow_missing=True)
    row = rows_of(tmp_path, "bea19_dev", "test").row(0, named=True)
    assert row["input"].endswith(" .")
    assert f"### Input:\n{row['input']}" not in row["prompt"]
    assert row["prompt"].endswith(".\n\n### Response:\n")
    asset = rows_of(tmp_path, "asset", "test").row(0, named=True)
    assert f"### Input:\n{asset['input']}\n\n" in asset["prompt"]


def test_every_recipe_that_the_made_up_sources_can_feed_builds_and_passes_its_check(
    sources: Path, tmp_path: Path
) -> None:
    for recipe in ("paper-gpt4", "writing-only", "generic-only", "gec", "wi-gec", "open"):
        build_recipe(recipe, tmp_path / recipe, sources, allow_missing=True)
        assert check(tmp_path / recipe).exit_code == 0, recipe


def test_clean_holds_no_test_sentence_no_repeat_and_no_empty_pair(
    sources: Path, tmp_path: Path
) -> None:
    build_recipe("paper", tmp_path / "paper", sources, allow_missing=True, near=True)
    build_recipe("clean", tmp_path / "clean", sources, allow_missing=True)
    found = pl.read_parquet(tmp_path / "paper" / MIX / "contamination.parquet")
    assert set(found["kind"]) == {"exact", "near"}
    report = check(tmp_path / "clean", strict=True)
    assert report.exit_code == 0, report.render()


def test_what_is_missing_is_named_before_anything_is_written(tmp_path: Path) -> None:
    write_sources(tmp_path / "part", 50, only=["jfleg", "alpaca"])
    with pytest.raises(MissingSourceError) as caught:
        build_recipe("paper", tmp_path / "out", tmp_path / "part")
    message = str(caught.value)
    assert "wi_locness train: 10,000 grammaticality rows of writing" in message
    assert "Ask Newsela for its data set" in message
    assert list((tmp_path / "out").iterdir()) == []


def test_too_few_rows_are_an_error_that_counts_them(sources: Path, tmp_path: Path) -> None:
    with pytest.raises(ShortfallError, match=r"grammaticality from wi_locness: 120 of 10,000 rows"):
        build_recipe("paper", tmp_path, sources)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_is_left_alone(sources: Path, tmp_path: Path) -> None:
    (tmp_path / MIX).mkdir()
    (tmp_path / MIX / "thesis.txt").write_text("years of work")
    with pytest.raises(SetError, match="in the way and no data set"):
        build_recipe("paper", tmp_path, sources, allow_missing=True)
    assert (tmp_path / MIX / "thesis.txt").read_text() == "years of work"


def test_a_new_build_takes_the_place_of_the_old_one(sources: Path, tmp_path: Path) -> None:
    first = build_recipe("paper", tmp_path, sources, allow_missing=True, limit=5)
    second = build_recipe("paper", tmp_path, sources, allow_missing=True, limit=9)
    assert first.manifests[MIX]["digest"] != second.manifests[MIX]["digest"]
    assert manifest(tmp_path, MIX)["digest"] == second.manifests[MIX]["digest"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [BENCHMARK, MIX]


def test_an_end_between_the_two_renames_gives_the_old_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def end(path: Path, target: Path) -> None:
        rename(path, target)
        if path.parent == tmp_path and path.name == MIX:
            raise SystemExit(143)

    for folder, text in ((tmp_path, "old"), (tmp_path / "work", "new")):
        (folder / MIX).mkdir(parents=True)
        (folder / MIX / "manifest.json").write_text(text)
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(Path, "rename", end)
        put_in_place(tmp_path, tmp_path / "work", MIX)
    assert (tmp_path / MIX / "manifest.json").read_text() == "old"
    put_in_place(tmp_path, tmp_path / "work", MIX)
    assert (tmp_path / MIX / "manifest.json").read_text() == "new"


def test_a_set_that_a_build_has_not_is_left_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    build_recipe("demo", tmp_path)
    old = (tmp_path / BENCHMARK / "manifest.json").read_bytes()
    recipe = replace(load_recipe("demo"), benchmark=BenchmarkPlan())
    access = Access(cache=tmp_path / "cache")
    build(recipe, tmp_path, load_sources(), access, BuildOptions())
    assert (tmp_path / BENCHMARK / "manifest.json").read_bytes() == old
    assert f"{tmp_path / BENCHMARK}: left as it was" in caplog.text
    assert MIX not in caplog.text


def test_the_demo_reads_no_real_file_even_where_the_cache_has_them(
    mirror: Path, tmp_path: Path
) -> None:
    build_recipe("paper", tmp_path / "warm", mirror, allow_missing=True, allow_unverified=False)
    build_recipe("demo", tmp_path / "demo")
    sources = manifest(tmp_path / "demo", BENCHMARK)["sources"]
    made_up = {key: item for key, item in sources.items() if key != "generic_probe"}
    assert not any(file["verified"] for item in made_up.values() for file in item["files"])


def test_a_demo_of_another_size_trains_on_nothing_that_it_is_tested_on(tmp_path: Path) -> None:
    text = (files("wa_data") / "recipes" / "demo-gec.toml").read_text(encoding="utf-8")
    recipe = tmp_path / "small.toml"
    recipe.write_text(text.replace("demo_rows = 20000", "demo_rows = 400"), encoding="utf-8")
    report = build_recipe(str(recipe), tmp_path / "out")
    [config] = report.manifests[MIX]["configs"].values()
    # Rows 5, 6 and 7 of the made-up training file stand in its test file.
    assert sum(split["rows"] for split in config.values()) == 397
    assert report.manifests[BENCHMARK]["configs"]["bea19_dev"]["test"]["rows"] == 400
    found = pl.read_parquet(tmp_path / "out" / MIX / "contamination.parquet")
    assert len(found) == 0


def test_a_cut_source_is_named_although_nothing_vouches_for_it(tmp_path: Path) -> None:
    write_sources(tmp_path / "sources", 50)
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'name = "mine"\nsummary = "all of W&I"\n[[mix]]\nconfig = "writing"\n'
        'task = "grammaticality"\nsource = "wi_locness"\nsplit = "train"\n'
    )
    with pytest.raises(ShortfallError, match="from wi_locness: 50 of 34,308 rows"):
        build_recipe(str(recipe), tmp_path / "out", tmp_path / "sources")
    report = build_recipe(str(recipe), tmp_path / "out", tmp_path / "sources", allow_missing=True)
    [short] = report.manifests[MIX]["shortfalls"]
    assert (short["source"], short["wanted"], short["got"]) == ("wi_locness", 34_308, 50)


def test_a_recipe_without_test_sets_builds_the_mix_alone(tmp_path: Path) -> None:
    write_sources(tmp_path / "sources", 20, only=["jfleg"])
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'name = "mine"\nsummary = "fluency"\n[[mix]]\nconfig = "writing"\ntask = "fluency"\n'
        'source = "jfleg"\nsplit = "dev"\nrows = 10\n'
    )
    report = build_recipe(str(recipe), tmp_path / "out", tmp_path / "sources", allow_missing=True)
    assert list(report.manifests) == [MIX]
    assert [path.name for path in (tmp_path / "out").iterdir()] == [MIX]
    assert check(tmp_path / "out").exit_code == 0


def test_a_second_build_into_the_same_folder_is_refused_whatever_its_cache(
    sources: Path, tmp_path: Path
) -> None:
    with workplace(tmp_path) as work:
        (work / "mark").touch()
        with pytest.raises(SetError, match="another build is writing here"):
            build_recipe("paper", tmp_path, sources, allow_missing=True)
        assert (work / "mark").exists()
    assert list(tmp_path.iterdir()) == []


def test_two_lines_of_one_task_and_source_must_be_shown_alike(tmp_path: Path) -> None:
    line = (
        '[[mix]]\nconfig = "writing"\ntask = "simplification"\nsource = "turkcorpus"\n'
        'split = "tune"\n'
    )
    recipe = tmp_path / "mine.toml"
    head = 'name = "mine"\nsummary = "two"\n'
    recipe.write_text(f'{head}{line}{line}input_format = "natural"\n')
    with pytest.raises(ConfigError, match="differ in input_format"):
        load_recipe(str(recipe))
