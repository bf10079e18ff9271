"""Time, tokens, memory and operations of a run, over all its attempts."""

from __future__ import annotations

import time
from typing import Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wa_train.cost import CostMeter, Counters, mfu, peak_memory, training_flops
from wa_train.hardware import GPUS, Hardware, find_gpu, peak_flops, read_hardware
from wa_train.shape import read_shape

from .tiny_runs import make_model

MACHINE = Hardware(gpus=("NVIDIA L4",), cpu="x", cores=4, threads=2)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Joules:
    """A counter that runs at 50 W of the clock's time."""

    source: Literal["nvml", "rapl"] = "rapl"
    note = "fake"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def tick(self) -> None:
        pass

    def joules(self) -> float:
        return 50 * self.clock.now


def test_startup_and_loop_add_up_to_the_wall_time() -> None:
    clock = Clock()
    meter = CostMeter("cpu", reader=Joules(clock), clock=clock).start(since=2.0)
    clock.now += 3
    meter.ready()
    clock.now += 10
    meter.stop()
    clock.now += 1000  # nothing counts after the stop
    found = meter.totals(420, hardware=MACHINE)
    assert (found["startup_seconds"], found["wall_seconds"]) == (5.0, 15.0)
    assert found["tokens_per_second"] == 42.0
    assert found["gpu_hours"] == 0.0
    assert found["kwh"].value == pytest.approx(13 * 50 / 3.6e6)
    assert (found["kwh"].source, found["kwh"].note) == ("rapl", "fake")
    assert found["mfu"] is None


def test_a_commands_processor_time_counts_its_imports() -> None:
    """`since` says that the command began before the meter did, and so did its process."""
    clock = Clock()
    whole = CostMeter("cpu", reader=Joules(clock), clock=clock).start(since=2.0).state()["cpu"]
    part = CostMeter("cpu", reader=Joules(clock), clock=clock).start().state()["cpu"]
    assert whole > 0.5 > part >= 0


def test_a_resumed_run_costs_what_its_attempts_cost_together() -> None:
    clock = Clock()
    first = CostMeter("cpu", reader=Joules(clock), clock=clock).start()
    clock.now += 1
    first.ready()
    clock.now += 10
    kept = first.state()
    first.stop()
    clock.now += 5000  # the pause between the attempts
    second = CostMeter("cpu", reader=Joules(clock), clock=clock).start()
    clock.now += 2
    second.load_state(kept)
    second.ready()
    clock.now += 20
    second.stop()
    found = second.totals(300, hardware=MACHINE)
    assert (found["startup_seconds"], found["wall_seconds"]) == (3.0, 33.0)
    assert found["tokens_per_second"] == 10.0
    assert found["kwh"].value == pytest.approx(33 * 50 / 3.6e6)
    assert found["peak_memory_bytes"] >= kept["peak"] > 0
    assert second.state()["cpu"] >= kept["cpu"]


def test_a_run_that_ends_in_its_startup_has_no_speed() -> None:
    clock = Clock()
    meter = CostMeter("cpu", reader=Joules(clock), clock=clock).start()
    clock.now += 7
    meter.stop()
    found = meter.totals(0, hardware=MACHINE, flops=1.0)
    assert (found["startup_seconds"], found["wall_seconds"]) == (7.0, 7.0)
    assert found["tokens_per_second"] is None
    assert found["mfu"] is None


def test_an_attempt_without_a_counter_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wa_train.cost.open_reader", lambda device: None)
    clock = Clock()
    first = CostMeter("cpu", clock=clock).start()
    clock.now += 100
    first.stop()
    estimated = first.totals(0, hardware=MACHINE)["kwh"]
    assert estimated.source == "estimate"
    assert estimated.value == pytest.approx(6.0 * 2 * 100 / 3.6e6)
    second = CostMeter("cpu", reader=Joules(clock), clock=clock).start()
    second.load_state(first.state())
    clock.now += 10
    second.stop()
    counted = second.totals(0, hardware=MACHINE)["kwh"]
    assert counted.value == pytest.approx(500 / 3.6e6)
    assert counted.note == "fake; 100 s of an earlier attempt had no counter"


def test_every_process_of_a_run_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight processes on two machines: the counter of one machine stands for both."""
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    clock = Clock()
    meter = CostMeter("cpu", world_size=8, reader=Joules(clock), clock=clock).start()
    meter.device = "cuda"  # only its name: no GPU is asked for anything here
    monkeypatch.setattr("wa_train.cost.peak_memory", lambda device: 7)
    meter.ready()
    clock.now += 3600
    meter.stop()
    found = meter.totals(80, hardware=MACHINE, dtype="bf16", flops=3600 * 8 * 121e12 / 2)
    assert found["gpu_hours"] == 8.0
    assert found["kwh"].value == pytest.approx(2 * 0.05)
    assert "x 2 machines" in found["kwh"].note
    assert found["mfu"] == pytest.approx(0.5)
    assert found["peak_memory_bytes"] == 7


def test_counters_go_on_from_a_checkpoint() -> None:
    counters = Counters(tokens_seen=5, tokens_trained=3, samples_seen=2)
    other = Counters()
    other.load_state(counters.state())
    assert other == counters


def test_the_peak_holds_after_the_memory_is_free_again() -> None:
    before = peak_memory()
    block = torch.ones(64 * 2**20)
    del block
    assert peak_memory() >= before + 200 * 2**20 or peak_memory() >= before > 256 * 2**20


# 6 N D (Kaplan et al. 2020, table 1): Chinchilla's 70B on 1.4T tokens is 5.88e23.
def test_operations_of_full_training_are_six_a_parameter_and_token() -> None:
    assert training_flops(70_000_000_000, 70_000_000_000, 1_400_000_000_000) == 5.88e23


def test_operations_of_a_small_model_worked_by_hand() -> None:
    """100 weights, 40 of them the output layer, 10 tokens of which 3 have a loss."""
    frozen = training_flops(100, 5, 10, head=40, head_tokens=3)
    assert frozen == 4 * (60 * 10 + 40 * 3) + 2 * 5 * 10
    full = training_flops(100, 100, 10, head=40, head_tokens=3)
    assert full == 6 * (60 * 10 + 40 * 3)
    attention = training_flops(0, 0, 10, layers=2, width=8, mean_context=5.0)
    assert attention == 12 * 2 * 8 * 5 * 10


def test_operations_are_those_that_torch_counts() -> None:
    """Against torch's own counter, on a full pass where every token has a loss."""
    from torch.utils.flop_counter import FlopCounterMode

    model = make_model()
    model.set_attn_implementation("eager")
    shape, length = read_shape(model), 64
    ids = torch.zeros(1, length, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        model(input_ids=ids, use_cache=False).logits.sum().backward()
    counted = float(counter.get_total_flops())
    # We count the norms' few weights as if they were matrices.
    assert counted == pytest.approx(shape.flops(length, context=float(length)), rel=0.01)


@given(
    st.integers(1, 10**9), st.floats(0, 1), st.integers(1, 10**9), st.floats(0, 1)
)  # fmt: skip
def test_more_to_train_costs_more(
    parameters: int, share: float, tokens: int, scored: float
) -> None:
    trainable, some = int(share * parameters), int(scored * tokens)
    head = parameters // 3
    less = training_flops(parameters, trainable, tokens, head=head, head_tokens=some)
    assert 0 <= less <= training_flops(parameters, parameters, tokens, head=head)
    assert training_flops(parameters, 0, tokens) == 4.0 * parameters * tokens


def test_use_of_the_peak() -> None:
    assert mfu(1e12, 2.0, 1e12, devices=2) == 0.25
    assert mfu(1e12, 2.0, None) is None
    assert mfu(1e12, 0.0, 1e12) is None


# Names as the drivers give them.
@pytest.mark.parametrize(
    ("name", "dtype", "peak"),
    [
        ("Tesla V100-SXM2-32GB", "fp16", 125e12),
        ("Tesla V100-PCIE-16GB", "fp16", 112e12),
        ("Tesla V100-SXM2-32GB", "bf16", None),
        ("Tesla T4", "fp16", 65e12),
        ("NVIDIA A100-SXM4-80GB", "bf16", 312e12),
        ("NVIDIA A100 80GB PCIe", "fp32", 19.5e12),
        ("NVIDIA H100 80GB HBM3", "bf16", 989e12),
        ("NVIDIA H100 PCIe", "bf16", 756e12),
        ("NVIDIA H200", "bf16", 989e12),
        ("NVIDIA GH200 480GB", "bf16", None),
        ("NVIDIA L4", "bf16", 121e12),
        ("NVIDIA L40S", "bf16", 362e12),
        ("NVIDIA GeForce RTX 4090", "bf16", 165.2e12),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "bf16", None),
        ("NVIDIA GeForce RTX 3090", "fp32", 35.6e12),
        ("NVIDIA GeForce RTX 3090 Ti", "fp32", None),
        ("NVIDIA B200", "bf16", 2250e12),
        ("AMD Instinct MI300X", "bf16", 1307.4e12),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "bf16", None),
        ("Some GPU", "bf16", None),
    ],
)
def test_peaks_by_the_names_that_drivers_give(name: str, dtype: str, peak: float | None) -> None:
    assert peak_flops(name, dtype) == peak


def test_boards_of_one_chip_differ_in_power() -> None:
    boards = [find_gpu(name) for name in ("NVIDIA A100 80GB PCIe", "NVIDIA A100-PCIE-40GB")]
    assert [board.watts for board in boards if board] == [300, 250]
    assert all(gpu.watts > 0 and max(gpu.peaks.values()) > 1e12 for gpu in GPUS)


def test_this_machine_is_read() -> None:
    found = read_hardware("cpu")
    assert found.gpus == ()
    assert found.gpu_memory_bytes is None
    assert found.cpu
    assert found.cores >= 1
    assert found.threads == torch.get_num_threads()
    assert found.memory_bytes > 2**28


def test_the_meter_works_with_the_real_clock_and_counters() -> None:
    meter = CostMeter("cpu").start()
    meter.ready()
    time.sleep(0.01)
    meter.stop()
    assert meter.totals(1, hardware=MACHINE)["wall_seconds"] >= 0.01
    assert meter.totals(1, hardware=MACHINE)["kwh"].source in ("rapl", "estimate")
