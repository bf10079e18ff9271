"""What a run costs: time, tokens, energy, memory, and how much of the peak it used.

Wall time runs from the command's start to its end, over all attempts of a resumed run; the part
before the first step is startup. What a kill threw away since the state was last kept is not in it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wa_train.energy import JOULES_PER_KWH, EnergyMeter, EnergyReader, estimate_energy, open_reader
from wa_train.hardware import Hardware, local_processes, peak_flops
from wa_train.record import Energy

_STATE = ("startup", "loop", "cpu", "joules", "uncounted", "peak")


@dataclass(slots=True)
class Counters:
    """What a run has seen so far, over all processes: tokens without padding, and samples.

    `tokens_trained` are those that the loss is taken of.
    """

    tokens_seen: int = 0
    tokens_trained: int = 0
    samples_seen: int = 0

    def state(self) -> dict[str, int]:
        """Give the counts for a checkpoint."""
        return asdict(self)

    def load_state(self, state: Mapping[str, int]) -> None:
        """Go on from a checkpoint's counts."""
        self.tokens_seen = int(state["tokens_seen"])
        self.tokens_trained = int(state["tokens_trained"])
        self.samples_seen = int(state["samples_seen"])


class CostMeter:
    """Measures one process of a run: start, ready (the first step comes), stop.

    Energy comes from counters where there are some, else from rated powers, marked so; where an
    attempt of a resumed run had none, the note says that its share is missing.
    """

    def __init__(
        self,
        device: str = "cpu",
        *,
        world_size: int = 1,
        reader: EnergyReader | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing counts before `start`.

        Args:
            device: torch's name, `cpu` or `cuda...`.
            world_size: processes of the run; each is taken to cost what this one does.
            reader: energy counters; default: those that the machine has.
            clock: seconds.
        """
        self.device, self.world_size = device, world_size
        self._energy = EnergyMeter(reader or open_reader(device))
        self._clock = clock
        self._kept = dict.fromkeys(_STATE, 0.0)
        self._started = self._ready = self._stopped = None  # type: float | None
        self._cpu = 0.0

    def start(self, *, since: float = 0.0) -> CostMeter:
        """Count from here.

        Args:
            since: seconds that the command has already taken (imports).
        """
        self._started, self._ready, self._stopped = self._clock() - since, None, None
        self._cpu = 0.0 if since else _cpu_seconds()  # a command's process began with it
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.reset_peak_memory_stats()
        self._energy.start()
        return self

    def ready(self) -> None:
        """End the startup: the first step comes next."""
        self._ready = self._clock()

    def stop(self) -> None:
        """Count to here."""
        if self._stopped is None:
            self._stopped = self._clock()
            self._energy.stop()

    @property
    def startup_seconds(self) -> float:
        """Give the seconds before the first step, of all attempts."""
        return self.state()["startup"]

    @property
    def loop_seconds(self) -> float:
        """Give the seconds since the first step, of all attempts."""
        return self.state()["loop"]

    @property
    def wall_seconds(self) -> float:
        """Give the seconds of all attempts, startup included."""
        state = self.state()
        return state["startup"] + state["loop"]

    def state(self) -> dict[str, float]:
        """Give what was measured so far, for a checkpoint: seconds, joules, bytes."""
        kept = self._kept
        if self._started is None:
            return dict(kept)
        end = self._clock() if self._stopped is None else self._stopped
        ready = end if self._ready is None else self._ready
        joules = self._energy.joules()
        return {
            "startup": kept["startup"] + ready - self._started,
            "loop": kept["loop"] + end - ready,
            "cpu": kept["cpu"] + _cpu_seconds() - self._cpu,
            "joules": kept["joules"] + (joules or 0.0),
            "uncounted": kept["uncounted"] + (end - self._started if joules is None else 0.0),
            "peak": max(kept["peak"], peak_memory(self.device)),
        }

    def load_state(self, state: Mapping[str, float]) -> None:
        """Go on from a checkpoint's measures; what this attempt has measured comes on top."""
        self._kept = {name: float(state[name]) for name in _STATE}

    def totals(
        self, tokens: int, *, hardware: Hardware, dtype: str = "fp32", flops: float | None = None
    ) -> dict[str, Any]:
        """Give the fields of run.json that this meter knows, for `dataclasses.replace`.

        Args:
            tokens: seen by all processes in all attempts.
            hardware: of this machine.
            dtype: number format of the matrix products, for the peak.
            flops: of all processes and attempts (see `training_flops`); None: no MFU.
        """
        state = self.state()
        loop, wall = state["loop"], state["loop"] + state["startup"]
        on_gpu = self.device.startswith("cuda")
        peak = peak_flops(hardware.gpus[0], dtype) if on_gpu and hardware.gpus else None
        return {
            "startup_seconds": state["startup"],
            "wall_seconds": wall,
            "gpu_hours": wall * self.world_size / 3600 if on_gpu else 0.0,
            "cpu_hours": state["cpu"] * self.world_size / 3600,
            "tokens_per_second": tokens / loop if loop > 0 else None,
            "mfu": mfu(flops, loop, peak, devices=self.world_size) if flops else None,
            "peak_memory_bytes": int(state["peak"]),
            "kwh": self._kwh(state, hardware),
        }

    def _kwh(self, state: Mapping[str, float], hardware: Hardware) -> Energy:
        nodes = max(1, self.world_size // local_processes())
        reader = self._energy.reader
        wall = state["startup"] + state["loop"]
        if reader is None:
            return estimate_energy(hardware, wall, device=self.device, nodes=nodes)
        note = reader.note + (f", x {nodes} machines" if nodes > 1 else "")
        if state["uncounted"] > 0:
            note += f"; {state['uncounted']:.0f} s of an earlier attempt had no counter"
        return Energy(
            value=state["joules"] * nodes / JOULES_PER_KWH, source=reader.source, note=note
        )


def training_flops(
    parameters: int,
    trainable: int,
    tokens: int,
    *,
    layers: int = 0,
    width: int = 0,
    mean_context: float = 0.0,
    head: int = 0,
    head_tokens: int | None = None,
) -> float:
    """Give the floating-point operations of training on some tokens.

    A token costs 2 operations a parameter forward, 2 backward for the activations and 2 for the
    gradient of each trainable parameter; attention costs 12 x layers x width x context in all.
    Recomputed activations do not count, as is usual for MFU.

    Args:
        parameters: those of matrix products: without the input embedding, with the output layer.
        trainable: those of them that get a gradient.
        tokens: without padding.
        layers: attention layers.
        width: heads x head size.
        mean_context: tokens of the segment that a token stands in, in the mean over the tokens.
        head: parameters of the output layer, part of `parameters`.
        head_tokens: tokens that the output layer is computed for, where it is not all.

    Source: Kaplan et al. 2020, section 2.1; attention as in Chowdhery et al. 2022 (PaLM),
        appendix B, where the mask's empty half counts, too.

    >>> training_flops(100, 100, 10)  # 6 N D
    6000.0
    >>> training_flops(100, 0, 10)
    4000.0
    """
    seen = tokens if head_tokens is None else head_tokens
    trained_head = head if trainable >= parameters else 0  # adapters leave the output layer alone
    dense = 4.0 * ((parameters - head) * tokens + head * seen)
    dense += 2.0 * ((trainable - trained_head) * tokens + trained_head * seen)
    return dense + 12.0 * layers * width * mean_context * tokens


def mfu(flops: float, seconds: float, peak: float | None, *, devices: int = 1) -> float | None:
    """Give the share of the devices' peak that was used, 0-1; None where the peak is unknown.

    Args:
        flops: operations of all devices.
        seconds: that they took.
        peak: FLOP/s of one device.
        devices: how many.

    >>> mfu(5e12, 2.0, 10e12)
    0.25
    """
    if not peak or seconds <= 0:
        return None
    return flops / (seconds * peak * devices)


def peak_memory(device: str = "cpu") -> int:
    """Give the most memory used so far, in bytes: of the GPU's tensors, or of this process.

    Child processes are not in it.
    """
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.max_memory_allocated())
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _cpu_seconds() -> float:
    """Give the processor time of this process and its ended children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
