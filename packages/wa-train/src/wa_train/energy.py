"""Energy of a run: what the GPUs' or the CPU's own counters say, else an estimate marked so.

NVML (the extra `energy`) gives the energy of the GPU boards, RAPL that of the CPU packages and the
memory where their domains are readable. Neither covers the rest of the machine or its cooling.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from wa_train.hardware import Hardware, find_gpu, local_gpus
from wa_train.record import Energy

JOULES_PER_KWH = 3.6e6
# Board or package power of current servers over their cores is 4-8 W; memory comes on top of it.
WATTS_PER_CORE = 6.0
POWERCAP = Path("/sys/class/powercap")


class EnergyReader(Protocol):
    """Something that counts joules from any starting point; `tick` is called now and then."""

    source: Literal["nvml", "rapl"]
    note: str

    def tick(self) -> None:
        """Read the counters, so that none wraps around unseen and powers are sampled."""

    def joules(self) -> float:
        """Give the joules counted since the reader was made."""


class NvmlReader:
    """The energy of some GPUs: their own counters, or, before Volta, their power over time."""

    source: Literal["nvml", "rapl"] = "nvml"

    def __init__(
        self, nvml: Any, uuids: Sequence[str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Find the GPUs.

        Args:
            nvml: the module pynvml, or something like it.
            uuids: as torch gives them, without the `GPU-` in front.
            clock: seconds.
        """
        nvml.nvmlInit()
        self._nvml, self._clock = nvml, clock
        self._handles = [nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}") for uuid in uuids]
        self._sampled, self._last = 0.0, clock()
        self._first: list[float] | None = None
        try:
            self._first = self._counters()
            self.note = "GPU boards only, by their energy counters"
        except nvml.NVMLError:
            self._power = self._watts()
            self.note = "GPU boards only, by sampled power"

    def tick(self) -> None:
        """Add the energy since the last sample, by the mean of both powers."""
        if self._first is not None:
            return
        moment, power = self._clock(), self._watts()
        self._sampled += (moment - self._last) * (power + self._power) / 2
        self._last, self._power = moment, power

    def joules(self) -> float:
        """Give the joules of all GPUs since the reader was made."""
        if self._first is None:
            self.tick()
            return self._sampled
        return sum(self._counters()) - sum(self._first)

    def _counters(self) -> list[float]:
        read = self._nvml.nvmlDeviceGetTotalEnergyConsumption  # millijoules
        return [read(handle) / 1e3 for handle in self._handles]

    def _watts(self) -> float:
        read = self._nvml.nvmlDeviceGetPowerUsage  # milliwatts
        return float(sum(read(handle) for handle in self._handles)) / 1e3


class RaplReader:
    """The energy of the CPU packages and, where the machine tells it apart, the memory."""

    source: Literal["nvml", "rapl"] = "rapl"
    note = "CPU packages (and memory where it has a domain) of the whole machine, by RAPL"

    def __init__(self, root: Path = POWERCAP) -> None:
        """Find the readable domains.

        Raises:
            OSError: there is none.
        """
        packages = sorted(root.glob("intel-rapl:?")) + sorted(root.glob("intel-rapl:??"))
        memory = [
            part
            for part in sorted(root.glob("intel-rapl:*:*"))
            if (part / "name").read_text().strip() == "dram"
        ]
        self._domains = [*packages, *memory]
        if not packages:
            raise FileNotFoundError(f"{root}: no RAPL domain")
        self._ranges = [_number(domain / "max_energy_range_uj") for domain in self._domains]
        self._last = self._read()
        self._total = 0

    def tick(self) -> None:
        """Add what each counter moved, once around at most."""
        fresh = self._read()
        for before, after, span in zip(self._last, fresh, self._ranges, strict=True):
            self._total += after - before if after >= before else after - before + span
        self._last = fresh

    def joules(self) -> float:
        """Give the joules of all domains since the reader was made."""
        self.tick()
        return self._total / 1e6

    def _read(self) -> list[int]:
        return [_number(domain / "energy_uj") for domain in self._domains]


def open_reader(device: str) -> EnergyReader | None:
    """Give the counters that cover the device of this process; None where there are none."""
    try:
        if device.startswith("cuda"):
            import pynvml
            import torch

            count = local_gpus()
            uuids = [str(torch.cuda.get_device_properties(n).uuid) for n in range(count)]
            return NvmlReader(pynvml, uuids)
        return RaplReader()
    except Exception:  # no counter, whatever the reason: the run goes on with an estimate
        return None


def estimate_energy(hardware: Hardware, seconds: float, *, device: str, nodes: int = 1) -> Energy:
    """Estimate from rated powers, an upper bound for GPUs: board power x time x boards.

    Args:
        hardware: one machine.
        seconds: of the run.
        device: `cpu` or `cuda`; other devices have no rated power here.
        nodes: machines like this one.
    """
    if device.startswith("cuda"):
        entries = [find_gpu(name) for name in hardware.gpus]
        watts = sum(entry.watts for entry in entries if entry)
        if not entries or None in entries:
            return Energy(note="no counter, and the power of this GPU is not known")
        note = f"board power of {len(entries)} x {hardware.gpus[0]} ({watts:g} W) x time"
    elif device == "cpu":
        watts = WATTS_PER_CORE * hardware.threads
        note = f"assumed {WATTS_PER_CORE:g} W a core x {hardware.threads} threads x time"
    else:
        return Energy(note=f"no counter for the device {device}")
    if nodes > 1:
        note += f" x {nodes} machines"
    return Energy(value=watts * seconds * nodes / JOULES_PER_KWH, source="estimate", note=note)


class EnergyMeter:
    """Counts the energy between start and stop; a thread reads the counters now and then."""

    def __init__(self, reader: EnergyReader | None, *, interval: float = 10.0) -> None:
        """Take the counters; None counts nothing."""
        self.reader, self._interval = reader, interval
        self._offset, self._counted = 0.0, 0.0
        self._ended, self._lock = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Count from here."""
        if self.reader is None:
            return
        self._offset = self.reader.joules()
        self._ended.clear()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="energy")
        self._thread.start()

    def stop(self) -> None:
        """Count to here, and end the thread."""
        if self._thread is None:
            return
        self._counted = self.joules() or 0.0
        self._ended.set()
        self._thread.join()
        self._thread = None

    def joules(self) -> float | None:
        """Give the joules from start to now, or to stop; None without counters."""
        if self.reader is None or self._thread is None:
            return None if self.reader is None else self._counted
        with self._lock:
            return self.reader.joules() - self._offset

    def _watch(self) -> None:
        while not self._ended.wait(self._interval):
            with self._lock:
                if self.reader is not None:
                    self.reader.tick()


def _number(path: Path) -> int:
    return int(path.read_text())
