from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data import stats as stats_module
from wa_data.dataset import open_set
from wa_data.plots import draw_plots, plot_names
from wa_data.stats import counts, measure, summarise

from . import built_sets as sets


def edit_rate(left: str, right: str) -> float:
    """The definition, word by word: the oracle."""
    a, b = (Counter(word for word in text.split(" ") if word) for text in (left, right))
    return 1 - 2 * (a & b).total() / (a.total() + b.total())


def measured(folder: Path, pairs: list[tuple[str, str]]) -> list[float | None]:
    rows = [sets.mix_row(str(number), *pair) for number, pair in enumerate(pairs)]
    sets.write_set(folder, "mix", {"writing": {"train": rows}})
    return measure(open_set(folder))["edit_rate"].to_list()


def test_the_edit_rate_is_the_share_of_words_not_in_common(tmp_path: Path) -> None:
    pairs = [
        ("a b c d", "a b c d"),  # equal
        ("a b", "c d"),  # nothing in common
        ("a b c d", "a b c e"),  # one word of four on each side
        ("a a a", "a"),  # each counted as often as it stands there
        ("a b", "b a"),  # order plays no part
        ("a  b\nc ", "a b c"),  # blanks are no words, however many
        ("a", ""),  # no output: nothing to compare
        (" ", "\n"),  # no words: nothing to compare
    ]
    got = measured(tmp_path, pairs)
    assert got[:6] == pytest.approx([0, 1, 0.25, 0.5, 0, 0])
    assert got[6:] == [None, None]
    lengths = measure(open_set(tmp_path)).select("input_words", "output_words").row(5)
    assert lengths == (3, 3)


texts = st.lists(st.sampled_from(["a", "b", "é\u00a0x", "it's"]), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None)
@given(pairs=st.lists(st.tuples(texts, texts), min_size=1, max_size=8))
def test_the_edit_rate_is_that_of_its_definition(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[list[str], list[str]]]
) -> None:
    joined = [(" ".join(left), " ".join(right)) for left, right in pairs]
    got = measured(tmp_path_factory.mktemp("set"), joined)
    assert got == pytest.approx([edit_rate(left, right) for left, right in joined])


def test_groups_are_config_split_task_and_source(tmp_path: Path) -> None:
    sets.write_both(tmp_path)
    groups = summarise(measure(open_set(tmp_path / "writing-mix")))
    assert [(g.config, g.task, g.source, g.rows) for g in groups] == [
        ("writing", "grammaticality", "meadow", 1),
        ("writing", "grammaticality", "harbour", 1),
        ("writing", "fluency", "meadow", 1),
        ("generic", "generic", "meadow", 1),
    ]
    fluency, generic = groups[2], groups[3]
    assert (fluency.input_mean, fluency.output_mean, fluency.ratio) == (7, 5, 5 / 7)
    assert (generic.input_mean, generic.output_mean) == (0, 2)
    assert (generic.ratio, generic.edit_rate, generic.identical) == (None, None, None)


def test_a_benchmark_is_measured_by_its_first_references(tmp_path: Path) -> None:
    sets.write_both(tmp_path)
    conll, _, asset = summarise(measure(open_set(tmp_path / "writing-benchmark")))
    assert (conll.source, conll.rows, conll.identical) == ("meadow", 2, 0.5)
    assert asset.edit_rate == pytest.approx(0.25)


def test_a_set_of_blind_sentences_has_no_output_measures(tmp_path: Path) -> None:
    row = sets.benchmark_row("0", "Alone here .", [], metric="none", benchmark="bea19_test")
    sets.write_set(tmp_path, "benchmark", {"bea19_test": {"test": [row]}})
    (group,) = summarise(measure(open_set(tmp_path)))
    assert (group.input_mean, group.output_mean, group.edit_rate) == (3, None, None)


def test_quantiles_are_values_that_rows_have(tmp_path: Path) -> None:
    rows = [sets.mix_row(str(n), "w " * (n - 1) + "w", "w") for n in range(1, 21)]
    sets.write_set(tmp_path, "mix", {"writing": {"train": rows}})
    (group,) = summarise(measure(open_set(tmp_path)))
    assert (group.input_median, group.input_p95) == (10.5, 19)


def test_large_splits_are_measured_on_their_first_rows_but_counted_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats_module, "SAMPLE", 2)
    sets.write_both(tmp_path)
    built = open_set(tmp_path / "writing-mix")
    assert sum(group.rows for group in summarise(measure(built))) == 3
    assert counts(built)["rows"].sum() == 4


def drawn(folder: Path) -> dict[str, bytes]:
    built = open_set(folder)
    return draw_plots(counts(built), measure(built))


def test_plots_are_png_of_900_pixels_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    folder = sets.write_both(tmp_path) / "writing-mix"
    first = drawn(folder)
    assert list(first) == ["plots/rows.png", "plots/lengths.png", "plots/edit_rate.png"]
    assert drawn(folder) == first
    for content in first.values():
        assert content.startswith(b"\x89PNG")
        assert struct.unpack(">I", content[16:20]) == (900,)
        assert b"Software" not in content


def test_what_a_matplotlibrc_says_changes_no_plot(tmp_path: Path) -> None:
    folder = sets.write_both(tmp_path) / "writing-mix"
    first = drawn(folder)
    with matplotlib.rc_context({"font.size": 24, "axes.facecolor": "red", "savefig.dpi": 30}):
        assert drawn(folder) == first
        assert matplotlib.rcParams["font.size"] == 24


def test_a_set_without_pairs_has_no_plot_of_edit_rates(tmp_path: Path) -> None:
    rows = {"generic": {"train": [sets.mix_row("g", "", "A puffin.", task="generic")]}}
    built = open_set(sets.write_set(tmp_path, "mix", rows))
    assert plot_names(measure(built)) == ("rows", "lengths")
    assert list(drawn(tmp_path)) == ["plots/rows.png", "plots/lengths.png"]


@pytest.mark.parametrize(
    "configs",
    [{}, {"writing": {"train": []}}, {"writing": {"validation": [sets.mix_row("v", "A", "B")]}}],
)
def test_a_set_without_rows_to_train_on_has_no_plot(tmp_path: Path, configs: sets.Splits) -> None:
    assert drawn(sets.write_set(tmp_path, "mix", configs)) == {}
