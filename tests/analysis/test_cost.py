"""What a run costs: nothing is made up, and what was given is used and named."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from wa_analysis.cost import Cost, explain_costs, find_unpriced, measure_cost
from wa_analysis.cost_table import lay_out_costs
from wa_analysis.errors import InputError
from wa_analysis.prices import FORM, Prices, read_prices
from wa_analysis.runs import Run, read_runs

from .run_records import (
    ALONE,
    ENDPOINT,
    FIT,
    IMPORTED,
    ON_CPU,
    PREDICT,
    write_record,
    write_run,
)

PRICES = Prices("prices.toml", date(2026, 3, 1), "a provider", {"V100": 0.5, "T4": 0.2})


def read(tmp_path: Path, record: dict[str, Any], **fields: Any) -> Run:
    return read_runs([write_record(tmp_path / "x.run.json", record, **fields)])[0]


def test_gpu_hours_are_gpus_times_wall_time_with_startup_apart(tmp_path: Path) -> None:
    cost = measure_cost(read(tmp_path, FIT))
    assert (cost.gpus, cost.hardware) == (8, "8 x Tesla V100-SXM2-32GB")
    assert (cost.gpu_hours, cost.wall_seconds, cost.startup_seconds) == (16.0, 7200.0, 360.0)
    assert 8 * 7200.0 / 3600 == 16.0


def test_without_prices_and_intensity_there_are_no_dollars_and_no_co2(tmp_path: Path) -> None:
    cost = measure_cost(read(tmp_path, FIT))
    assert (cost.usd, cost.usd_source, cost.co2_kg) == (None, None, None)
    assert any("no price file was given" in note for note in explain([cost]))


def test_dollars_are_gpu_hours_times_the_users_price(tmp_path: Path) -> None:
    cost = measure_cost(read(tmp_path, FIT), prices=PRICES)
    assert (cost.usd, cost.usd_source) == (8.0, "prices")
    assert "$ of GPUs: prices.toml (a provider, 2026-03-01)." in explain([cost], prices=PRICES)


def test_machines_of_two_kinds_cost_their_mean_price(tmp_path: Path) -> None:
    hardware = FIT["hardware"] | {"gpus": ["Tesla V100", "Tesla T4"]}
    run = read(tmp_path, FIT, hardware=hardware, world_size=4, gpu_hours=8.0)
    cost = measure_cost(run, prices=PRICES)
    assert cost.hardware == "2 x Tesla V100, 2 x Tesla T4"
    assert cost.usd == pytest.approx(8 * 0.35)


def test_a_gpu_without_a_price_costs_nobody_knows_what(tmp_path: Path) -> None:
    hardware = FIT["hardware"] | {"gpus": ["Tesla V100", "GPU X"]}
    run = read(tmp_path, FIT, hardware=hardware)
    assert measure_cost(run, prices=PRICES).usd is None
    assert find_unpriced([run], PRICES) == ["GPU X"]


def test_an_endpoint_costs_its_usage_and_shows_its_tokens(tmp_path: Path) -> None:
    cost = measure_cost(read(tmp_path, ENDPOINT), prices=PRICES)
    assert (cost.usd, cost.usd_source, cost.hardware) == (1.75, "endpoint", "endpoint")
    assert (cost.prompt_tokens, cost.completion_tokens) == (200_000, 120_000)
    assert cost.usd == pytest.approx(0.2 * 2.0 + 0.12 * 11.25)
    assert cost.instances_per_second_alone is None  # requests overlap
    assert (cost.p50_seconds, cost.peak_memory_bytes) == (0.7, None)


def test_energy_says_where_it_is_from_and_co2_takes_the_intensity_given(tmp_path: Path) -> None:
    counted = measure_cost(read(tmp_path, FIT), co2=400.0)
    assert (counted.kwh, counted.kwh_source, counted.co2_kg) == (4.0, "nvml", 1.6)
    guessed = measure_cost(read(tmp_path, PREDICT), co2=400.0)
    assert (guessed.kwh_source, guessed.co2_kg) == ("estimate", 0.1)
    notes = explain([counted, guessed], co2=400.0)
    assert "CO2 at 400 g a kWh, as given." in notes
    assert any(note.startswith("~: an estimate") for note in notes)
    assert "kWh: GPU boards." in notes


def test_speed_and_latency_of_rows_alone_stand_apart_from_those_of_a_batch(tmp_path: Path) -> None:
    batched = measure_cost(read(tmp_path, PREDICT))
    assert (batched.instances_per_second_alone, batched.instances_per_second_batched) == (None, 2.1)
    assert batched.p50_seconds is None
    alone = measure_cost(read(tmp_path, ALONE))
    assert (alone.instances_per_second_alone, alone.instances_per_second_batched) == (0.5, None)
    assert (alone.p50_seconds, alone.p95_seconds) == (1.8, 4.25)
    said = "latencies of an endpoint are those of its requests."
    assert any(said in note for note in explain([alone]))
    assert not any(said in note for note in explain([batched]))


def test_an_imported_system_ran_elsewhere_and_has_no_figures(tmp_path: Path) -> None:
    """The seconds and the memory of its record are those of the import."""
    cost = measure_cost(read(tmp_path, IMPORTED), prices=PRICES, co2=400.0)
    same = Cost(
        system="others", phase="predict", method="imported", seed=PREDICT["seed"],
        data="bea19_dev/test", decoding="greedy", hardware="elsewhere",
    )  # fmt: skip
    assert cost == same
    assert "Ran elsewhere, nothing measured: others." in explain([cost])


def test_a_run_on_a_cpu_has_hours_of_its_own_and_no_gpu(tmp_path: Path) -> None:
    cost = measure_cost(read(tmp_path, ON_CPU), prices=PRICES)
    assert (cost.gpus, cost.gpu_hours, cost.cpu_hours, cost.usd) == (0, 0.0, 1.5, None)
    assert cost.hardware == "CPU, 2 cores (a processor)"


def test_a_run_that_did_not_end_is_named(tmp_path: Path) -> None:
    stopped = measure_cost(read(tmp_path, FIT, exit="interrupted"))
    assert stopped.gpu_hours == 16.0
    killed = measure_cost(read(tmp_path, FIT, exit="running", wall_seconds=0.0))
    assert killed.gpu_hours is None
    assert "Not finished, figures up to the end: writer-7b." in explain([stopped])


def explain(costs: list[Cost], prices: Prices | None = None, co2: float | None = None) -> list[str]:
    return explain_costs(costs, prices=prices, co2=co2)


def test_the_documented_form_of_a_price_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(FORM, encoding="utf-8")
    prices = read_prices(file)
    assert (prices.date, prices.source) == (date(2026, 3, 1), "our provider, on demand")
    assert prices.find("NVIDIA A100-SXM4-80GB") == 1.8
    assert prices.find("Tesla V100-SXM2-32GB") == 0.5


@pytest.mark.parametrize(
    ("name", "gpu", "price"),
    [
        ("L4", "NVIDIA L4", 1.0),
        ("L4", "NVIDIA L40S", None),
        ("v100", "Tesla V100-SXM2-32GB", 1.0),
        ("A100-SXM4-80GB", "NVIDIA A100-SXM4-40GB", None),
    ],
)
def test_a_price_is_found_by_whole_words_of_the_name(
    name: str, gpu: str, price: float | None
) -> None:
    assert Prices("p", date(2026, 1, 1), "s", {name: 1.0}).find(gpu) == price


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date = ", "expected TOML, got"),
        ("", "got a file without 'date'"),
        (FORM.replace("source", "sourse"), "got a file without 'source'"),
        (FORM.replace("2026-03-01 ", '"March" '), "expected date as 2026-03-01, got 'March'"),
        (FORM.replace('"our provider, on demand"', '""'), "expected source as words, got ''"),
        (FORM.replace("1.80", '"1.80"'), "usd_per_gpu_hour.'A100-SXM4-80GB' as dollars, got"),
        (FORM.replace("0.50", "-0.5"), "usd_per_gpu_hour.'V100' as dollars, got -0.5"),
        (FORM.replace("0.50", "nan"), "usd_per_gpu_hour.'V100' as dollars, got nan"),
    ],
)
def test_another_price_file_is_refused_with_the_form(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_prices(file)
    assert said in str(caught.value)
    assert '[usd_per_gpu_hour]; "A100-SXM4-80GB" = 1.80' in str(caught.value)


def test_a_run_folder_costs_what_its_record_says(tmp_path: Path) -> None:
    (run,) = read_runs([write_run(tmp_path / "writer")])
    assert measure_cost(run).system == "writer-7b"


def test_runs_that_differ_in_their_seed_alone_are_told_apart(tmp_path: Path) -> None:
    costs = [measure_cost(read(tmp_path, FIT, seed=seed)) for seed in (42, 43)]
    head, rows = lay_out_costs(costs)
    assert [row[head.index("seed")] for row in rows] == ["42", "43"]
    assert "seed" not in lay_out_costs(costs[:1])[0]
