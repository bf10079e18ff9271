"""Counters of GPUs and CPUs, with fakes in their place, and estimates where there are none."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from wa_train.energy import (
    EnergyMeter,
    NvmlReader,
    RaplReader,
    estimate_energy,
    open_reader,
)
from wa_train.hardware import Hardware


class FakeNvml:
    """What the module pynvml is to us: two GPUs with counters (mJ) and powers (mW)."""

    class NVMLError(Exception):
        pass

    def __init__(self, *, counters: bool) -> None:
        self.counters = counters
        self.energy = {"GPU-a": 5_000_000, "GPU-b": 7_000_000}
        self.power = {"GPU-a": 100_000, "GPU-b": 200_000}
        self.began = False

    def nvmlInit(self) -> None:
        self.began = True

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        assert self.began
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:
        if not self.counters:
            raise self.NVMLError("Not Supported")
        return self.energy[handle]

    def nvmlDeviceGetPowerUsage(self, handle: str) -> int:
        return self.power[handle]


def test_counters_of_the_gpus_that_the_run_uses_are_added() -> None:
    nvml = FakeNvml(counters=True)
    both, one = NvmlReader(nvml, ["a", "b"]), NvmlReader(nvml, ["b"])
    nvml.energy = {"GPU-a": 5_003_000, "GPU-b": 7_040_000}
    assert both.joules() == pytest.approx(43.0)
    assert one.joules() == pytest.approx(40.0)
    assert "counters" in both.note


def test_a_gpu_without_a_counter_is_sampled() -> None:
    """Trapezoids: 300 W to 500 W over 10 s, then 500 W over 2 s."""
    nvml, moment = FakeNvml(counters=False), [0.0]
    reader = NvmlReader(nvml, ["a", "b"], clock=lambda: moment[0])
    nvml.power, moment[0] = {"GPU-a": 300_000, "GPU-b": 200_000}, 10.0
    reader.tick()
    moment[0] = 12.0
    assert reader.joules() == pytest.approx(4000 + 1000)
    assert reader.joules() == pytest.approx(5000)
    assert "sampled" in reader.note


def write_domain(folder: Path, name: str, energy: int, span: int = 1_000_000_000) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "energy_uj").write_text(f"{energy}\n")
    (folder / "max_energy_range_uj").write_text(f"{span}\n")
    return folder / "energy_uj"


def test_packages_and_memory_are_added_and_cores_are_not_counted_twice(tmp_path: Path) -> None:
    package = write_domain(tmp_path / "intel-rapl:0", "package-0", 10_000_000)
    second = write_domain(tmp_path / "intel-rapl:1", "package-1", 20_000_000)
    core = write_domain(tmp_path / "intel-rapl:0:0", "core", 1_000_000)
    memory = write_domain(tmp_path / "intel-rapl:0:1", "dram", 3_000_000)
    reader = RaplReader(tmp_path)
    for file, energy in ((package, 12e6), (second, 21e6), (core, 9e6), (memory, 3.5e6)):
        file.write_text(f"{energy:.0f}")
    assert reader.joules() == pytest.approx(2 + 1 + 0.5)


def test_a_counter_that_starts_again_goes_on(tmp_path: Path) -> None:
    file = write_domain(tmp_path / "intel-rapl:0", "package-0", 999_000_000)
    reader = RaplReader(tmp_path)
    file.write_text("4000000")
    reader.tick()
    file.write_text("6000000")
    assert reader.joules() == pytest.approx(1 + 4 + 2)


def test_no_domain_is_no_reader(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no RAPL"):
        RaplReader(tmp_path)


def test_a_machine_without_counters_gives_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wa_train.energy.RaplReader", lambda: RaplReader(tmp_path))
    assert open_reader("cpu") is None


class Counter:
    source = "nvml"
    note = ""

    def __init__(self) -> None:
        self.total, self.ticks = 0.0, threading.Event()

    def tick(self) -> None:
        self.ticks.set()

    def joules(self) -> float:
        return self.total


def test_the_meter_counts_between_start_and_stop_and_reads_meanwhile() -> None:
    counter = Counter()
    before = set(threading.enumerate())
    meter = EnergyMeter(counter, interval=0.001)  # type: ignore[arg-type]
    counter.total = 100.0
    meter.start()
    assert set(threading.enumerate()) > before
    assert counter.ticks.wait(10)
    counter.total = 130.0
    assert meter.joules() == 30.0
    meter.stop()
    counter.total = 999.0
    assert meter.joules() == 30.0
    assert set(threading.enumerate()) <= before


def test_a_meter_without_a_counter_counts_nothing() -> None:
    meter = EnergyMeter(None)
    meter.start()
    meter.stop()
    assert meter.joules() is None


def test_estimates_are_rated_power_times_time_and_say_so() -> None:
    gpus = Hardware(gpus=("NVIDIA L4", "NVIDIA L4"), threads=4)
    found = estimate_energy(gpus, 3600, device="cuda")
    assert found.source == "estimate"
    assert found.value == pytest.approx(2 * 0.072)
    assert "2 x NVIDIA L4" in found.note
    assert estimate_energy(gpus, 3600, device="cuda", nodes=3).value == pytest.approx(6 * 0.072)
    cpu = estimate_energy(gpus, 3600, device="cpu")
    assert cpu.value == pytest.approx(4 * 6 / 1000)
    assert "assumed 6 W a core x 4 threads" in cpu.note


def test_an_unknown_device_has_no_figure_rather_than_a_wrong_one() -> None:
    for device, names in (("cuda", ("Some GPU",)), ("cuda", ()), ("mps", ())):
        found = estimate_energy(Hardware(gpus=names, threads=4), 60, device=device)
        assert (found.value, found.source) == (None, None)
        assert found.note
