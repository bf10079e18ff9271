"""What a run computes on: names, counts and sizes, and what is published about each GPU.

The peaks and powers are the makers' figures, for MFU, time and energy estimates only; a device that
is not in the table gets none.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wa_train.errors import UsageError

_CPUINFO = Path("/proc/cpuinfo")
_MODEL = re.compile(r"^(?:model name|Model|Processor)\s*:\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The machine of one process.

    `gpus` are the names of the GPUs that the run's processes on this machine use,
    `gpu_memory_bytes` is the memory of the first; `cores` are those that the process may use,
    `threads` those that torch computes with.
    """

    gpus: tuple[str, ...] = ()
    gpu_memory_bytes: int | None = None
    cpu: str = ""
    cores: int = 0
    threads: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU model: peak dense FLOP/s by number format, and board power in watts."""

    pattern: str
    watts: float
    peaks: Mapping[str, float] = field(default_factory=dict)


# Dense figures, without sparsity, from the makers' data sheets: NVIDIA Volta, Turing, Ampere, Ada,
# Hopper and Blackwell architecture papers and product briefs; AMD CDNA 3 data sheet. fp16 and bf16
# are those of the matrix units with 32-bit sums; fp32 is without TF32. The form factor matters: the
# SXM boards are the names without one. Order: the special before the general.
GPUS = (
    Gpu(pattern=r"V100.*PCIE", watts=250, peaks={"fp16": 112e12, "fp32": 14e12}),
    Gpu(pattern=r"V100", watts=300, peaks={"fp16": 125e12, "fp32": 15.7e12}),
    Gpu(pattern=r"T4", watts=70, peaks={"fp16": 65e12, "fp32": 8.1e12}),
    Gpu(
        pattern=r"A100.*80GB PCIE", watts=300,
        peaks={"fp16": 312e12, "bf16": 312e12, "tf32": 156e12, "fp32": 19.5e12},
    ),
    Gpu(
        pattern=r"A100.*PCIE", watts=250,
        peaks={"fp16": 312e12, "bf16": 312e12, "tf32": 156e12, "fp32": 19.5e12},
    ),
    Gpu(
        pattern=r"A100", watts=400,
        peaks={"fp16": 312e12, "bf16": 312e12, "tf32": 156e12, "fp32": 19.5e12},
    ),
    Gpu(
        pattern=r"A10", watts=150,
        peaks={"fp16": 125e12, "bf16": 125e12, "tf32": 62.5e12, "fp32": 31.2e12},
    ),
    Gpu(
        pattern=r"H100 PCIE", watts=350,
        peaks={"fp16": 756e12, "bf16": 756e12, "tf32": 378e12, "fp32": 51.2e12},
    ),
    Gpu(
        pattern=r"H100 NVL", watts=400,
        peaks={"fp16": 835e12, "bf16": 835e12, "tf32": 417e12, "fp32": 60e12},
    ),
    Gpu(
        pattern=r"H100", watts=700,
        peaks={"fp16": 989e12, "bf16": 989e12, "tf32": 494e12, "fp32": 66.9e12},
    ),
    Gpu(
        pattern=r"H200 NVL", watts=600,
        peaks={"fp16": 835e12, "bf16": 835e12, "tf32": 417e12, "fp32": 60e12},
    ),
    Gpu(
        pattern=r"H200", watts=700,
        peaks={"fp16": 989e12, "bf16": 989e12, "tf32": 494e12, "fp32": 66.9e12},
    ),
    Gpu(
        pattern=r"B200", watts=1000,
        peaks={"fp16": 2250e12, "bf16": 2250e12, "tf32": 1125e12, "fp32": 75e12},
    ),
    Gpu(
        pattern=r"L4", watts=72,
        peaks={"fp16": 121e12, "bf16": 121e12, "tf32": 60e12, "fp32": 30.3e12},
    ),
    Gpu(
        pattern=r"L40S", watts=350,
        peaks={"fp16": 362e12, "bf16": 362e12, "tf32": 183e12, "fp32": 91.6e12},
    ),
    Gpu(
        pattern=r"RTX 3090", watts=350,
        peaks={"fp16": 71e12, "bf16": 71e12, "tf32": 35.6e12, "fp32": 35.6e12},
    ),
    Gpu(
        pattern=r"RTX 4090", watts=450,
        peaks={"fp16": 165.2e12, "bf16": 165.2e12, "tf32": 82.6e12, "fp32": 82.6e12},
    ),
    Gpu(
        pattern=r"MI300X", watts=750,
        peaks={"fp16": 1307.4e12, "bf16": 1307.4e12, "tf32": 653.7e12, "fp32": 163.4e12},
    ),
)  # fmt: skip
# Chips that share a name with another one but not its figures.
_OTHER = re.compile(r"\b(Laptop|Max-Q|Mobile|4090 D|3090 Ti|GH200|GB200|MIG)\b", re.IGNORECASE)


def find_gpu(name: str) -> Gpu | None:
    """Give the table's entry of a GPU by the name that its driver gives; None if unknown.

    >>> find_gpu("NVIDIA A100-SXM4-80GB").peaks["bf16"] / 1e12
    312.0
    """
    if _OTHER.search(name):
        return None
    matches = (gpu for gpu in GPUS if re.search(rf"\b(?:{gpu.pattern})\b", name, re.IGNORECASE))
    return next(matches, None)


def peak_flops(name: str, dtype: str) -> float | None:
    """Give the peak of a GPU in FLOP/s for `fp32`, `tf32`, `bf16` or `fp16`; None if unknown."""
    gpu = find_gpu(name)
    return gpu.peaks.get(dtype) if gpu else None


def check_device(name: str) -> str:
    """Give back the name of a device that torch computes on here.

    Raises:
        UsageError: there is no such device, or torch is not built for it.
    """
    import torch

    try:
        torch.zeros(1, device=name).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        said = str(error).split("\n", maxsplit=1)[0]
        raise UsageError(
            f"--device {name}: expected cpu, cuda or cuda:N of this machine, got {said:.200}"
        ) from error
    return name


def computes_bf16(device: Any) -> bool:
    """Tell whether a device has units for bf16; elsewhere it would only be slower."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    features = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return device.type == "cpu" and any(
        getattr(torch.cpu, name, lambda: False)() for name in features
    )


def read_hardware(device: str = "cpu") -> Hardware:
    """Read what this process may compute on.

    Args:
        device: torch's name of the device; the GPUs are listed where it is `cuda`.
    """
    import psutil
    import torch

    gpus: tuple[str, ...] = ()
    memory = None
    if device.startswith("cuda"):
        gpus = tuple(torch.cuda.get_device_name(number) for number in range(local_gpus()))
        memory = int(torch.cuda.get_device_properties(0).total_memory)
    return Hardware(
        gpus=gpus,
        gpu_memory_bytes=memory,
        cpu=_cpu_name(),
        cores=_cores(),
        threads=torch.get_num_threads(),
        memory_bytes=int(psutil.virtual_memory().total),
    )


def local_processes() -> int:
    """Count the run's processes on this machine, as torchrun and accelerate tell it."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def local_gpus() -> int:
    """Count the GPUs that the run uses on this machine: one a process."""
    import torch

    return min(torch.cuda.device_count(), local_processes())


def _cpu_name() -> str:
    try:
        found = _MODEL.search(_CPUINFO.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    name = found[1] if found else platform.processor() or platform.machine()
    return " ".join(name.split())


def _cores() -> int:
    """Count the cores that the process may use, which can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
