"""What a model and a run cost: learnt numbers and memory."""

import sys
from pathlib import Path

import psutil
from torch import nn

__all__ = ["available_memory", "count_params", "format_bytes", "peak_memory"]

_CGROUP = Path("/sys/fs/cgroup")  # version 2, as a container sees its own limit


def count_params(module: nn.Module) -> int:
    """The number of learnt numbers; buffers do not count.

    Examples
    --------
    >>> count_params(nn.Conv2d(2, 3, kernel_size=1))
    9
    """
    return sum(parameter.numel() for parameter in module.parameters())


def available_memory() -> int:
    """Bytes that can still be allocated without swapping, within the container's limit if any."""
    free = int(psutil.virtual_memory().available)
    room = _container_room(_CGROUP)
    return free if room is None else min(free, room)


def peak_memory() -> int:
    """The most bytes this process has held in memory so far."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # not there on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


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
