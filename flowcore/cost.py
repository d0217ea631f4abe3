"""What a model and a run cost: learnt numbers, memory, time on a link."""

import contextlib
import ctypes
import re
import sys
from pathlib import Path
from types import MappingProxyType

import psutil
import torch
from torch import nn

__all__ = [
    "LINKS",
    "MemoryMeter",
    "available_memory",
    "count_params",
    "format_bytes",
    "peak_memory",
    "release_memory",
    "transfer_seconds",
]

LINKS = MappingProxyType(
    {
        "LoRa, 5 kbit/s": 5e3,
        "NB-IoT, 60 kbit/s": 60e3,
        "3G, 1 Mbit/s": 1e6,
        "4G, 20 Mbit/s": 20e6,
        "Wi-Fi, 50 Mbit/s": 50e6,
    }
)
"""Bits per second that one may count on, rounded; real links vary widely."""

_CGROUP = Path("/sys/fs/cgroup")  # version 2, as a container sees its own limit
_PROCESS = Path("/proc/self")


def count_params(module: nn.Module) -> int:
    """The number of learnt numbers; buffers do not count.

    Examples
    --------
    >>> count_params(nn.Conv2d(2, 3, kernel_size=1))
    9
    """
    return sum(parameter.numel() for parameter in module.parameters())


def available_memory(device: str = "cpu") -> int:
    """Bytes that can still be allocated on a torch device.

    Of the processor: without swapping, and within the container's limit if there is one.
    """
    if device != "cpu":
        return torch.cuda.mem_get_info(device)[0]
    free = int(psutil.virtual_memory().available)
    room = _container_room(_CGROUP)
    return free if room is None else min(free, room)


def peak_memory() -> int:
    """The most bytes this process has held in memory so far; a `MemoryMeter` begins anew."""
    if (peak := _status_bytes("VmHWM")) is not None:  # Linux, where rusage counts the parent's too
        return peak
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # not there on Windows

    peak = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak if sys.platform == "darwin" else 1024 * peak


def release_memory() -> None:
    """Give memory that is free within this process back to the system; only on Linux."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


class MemoryMeter:
    """Measures the memory that work takes at its peak, beyond what was held before it.

    After ``with MemoryMeter() as meter: ...`` this is ``meter.peak_bytes``: main memory of this
    process, without a GPU's own; None where the system does not tell (only Linux does).
    """

    peak_bytes: int | None = None

    def __enter__(self) -> "MemoryMeter":
        release_memory()  # what was freed earlier counts again when used
        try:
            (_PROCESS / "clear_refs").write_text("5")  # the high-water mark begins anew
            self._before = _status_bytes("VmRSS")
        except OSError:
            self._before = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None and (peak := _status_bytes("VmHWM")) is not None:
            self.peak_bytes = max(0, peak - self._before)


def transfer_seconds(num_bytes: int, bits_per_second: float) -> float:
    """The least time that so many bytes take over a link, without its overhead, in seconds.

    Examples
    --------
    >>> transfer_seconds(700_000, 5_000)
    1120.0
    """
    return 8 * num_bytes / bits_per_second


def format_bytes(count: int) -> str:
    """A size for people, decimal units and three figures.

    Examples
    --------
    >>> format_bytes(3_984_814)
    '3.98 MB'
    >>> format_bytes(67_200_000_000)
    '67.2 GB'
    """
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    decimals = 0 if unit == "B" or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{decimals}f} {unit}"


def _status_bytes(field: str) -> int | None:
    """A line of the process's status, in bytes; None where there is none."""
    try:
        found = re.search(rf"^{field}:\s+(\d+) kB", (_PROCESS / "status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return 1024 * int(found[1]) if found else None


def _container_room(group: Path) -> int | None:
    """Bytes left below the limit of a control group; None where there is no limit."""
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
        statistics = (group / "memory.stat").read_text()
    except OSError:
        return None
    if limit == "max":
        return None
    counts = dict(line.split() for line in statistics.splitlines())
    reclaimable = int(counts.get("inactive_file", 0))
    return max(0, int(limit) - used + reclaimable)
