"""Energy of a piece of work and the carbon behind it: measured where a counter is, else estimated.

Either way it is a band with the method in words, never a bare number.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import psutil
import torch

__all__ = [
    "CORE_POWER",
    "GRIDS",
    "JOULES_PER_KWH",
    "Energy",
    "EnergyMeter",
    "Power",
    "carbon_grams",
    "estimated",
]

JOULES_PER_KWH = 3.6e6
GRIDS: Mapping[str, float] = MappingProxyType(
    {"World": 480.0, "European Union": 240.0, "France": 55.0, "Poland": 660.0, "USA": 370.0}
)
"""Grams of CO2 equivalent per kWh of electricity: yearly means of 2023 over the whole life cycle,
as Ember's yearly electricity data has them, rounded to 5 g. Stated values, to be replaced by the
user's own: a grid's mean hides its hours, and a contract may differ from the grid."""

_POWERCAP = Path("/sys/class/powercap")


class Power(NamedTuple):
    """Watts: a typical value, and the band in which it lies."""

    typical: float
    low: float
    high: float


CORE_POWER = Power(5.0, 2.0, 10.0)
"""Watts of one busy processor core. Makers state power per package: 15 W over 4 to 8 cores in a
laptop are 2 to 4 W each, 105 W over 16 in a desktop 7 W, 250 W over 32 in a server 8 W, with caches
and memory controller included. A single core at its highest clock can exceed the band, an embedded
one stay below it. Memory, disks, cooling and power supply come on top."""


@dataclass(frozen=True)
class Energy:
    """An energy with its band, and how it was got.

    Parameters
    ----------
    joules, low, high : float
        ``low <= joules <= high``.
    method : str
        In words: by which counter, or from what the estimate was made.
    """

    joules: float
    low: float
    high: float
    method: str

    def times(self, factor: float) -> "Energy":
        """The energy of so many times the work.

        Examples
        --------
        >>> Energy(2.0, 1.0, 4.0, "estimated").times(3).high
        12.0
        """
        return Energy(factor * self.joules, factor * self.low, factor * self.high, self.method)


def carbon_grams(energy: Energy, grams_per_kwh: float) -> tuple[float, float, float]:
    """Grams of CO2 behind an energy: typical, low, high. The band is that of the energy alone.

    Examples
    --------
    One kWh of the world's mean electricity:

    >>> carbon_grams(Energy(3.6e6, 1.8e6, 7.2e6, "estimated"), 480)
    (480.0, 240.0, 960.0)
    """
    factor = grams_per_kwh / JOULES_PER_KWH
    return factor * energy.joules, factor * energy.low, factor * energy.high


class EnergyMeter:
    """Measures the energy of work: after ``with EnergyMeter() as meter: ...`` in ``meter.energy``.

    The processor's energy is read from RAPL counters; where there are none, as on most virtual
    machines, it is estimated: processor seconds of this process, all threads together, times
    `CORE_POWER`. A GPU's is read through NVML where the package ``pynvml`` is installed, else the
    method says that it is missing.
    """

    energy: Energy

    def __enter__(self) -> "EnergyMeter":
        self._packages, self._gpus = list(_rapl_counters()), list(_nvml_counters())
        self._counts = [counter.read() for counter in (*self._packages, *self._gpus)]
        self._busy, self._seconds = _busy_seconds(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        seconds, busy = time.process_time() - self._seconds, _busy_seconds() - self._busy
        counters = (*self._packages, *self._gpus)
        joules = [
            counter.since(before) for counter, before in zip(counters, self._counts, strict=True)
        ]
        packages = sum(joules[: len(self._packages)])
        gpus = sum(joules[len(self._packages) :]) if self._gpus else None
        processor = _measured(packages, seconds, busy) if packages > 0 else estimated(seconds)
        self.energy = _with_gpu(processor, gpus)


def estimated(processor_seconds: float) -> Energy:
    """The energy of so many busy seconds of one core, from `CORE_POWER`.

    Examples
    --------
    >>> estimated(2.0).joules, estimated(2.0).low, estimated(2.0).high
    (10.0, 4.0, 20.0)
    """
    typical, low, high = CORE_POWER
    return Energy(
        processor_seconds * typical,
        processor_seconds * low,
        processor_seconds * high,
        f"estimated: processor time at {low:g} to {high:g} W per busy core",
    )


@dataclass(frozen=True)
class _Counter:
    """Joules that a device has used so far; after ``span`` the count begins again at zero."""

    read: Callable[[], float]
    span: float = math.inf

    def since(self, before: float) -> float:
        used = self.read() - before
        return used if used >= 0 else used + self.span


def _rapl_counters() -> Iterator[_Counter]:
    """One counter per processor package; none where the kernel hides them or they stand at zero."""
    for zone in sorted(_POWERCAP.glob("*-rapl:*")):
        with contextlib.suppress(OSError, ValueError):
            if not (zone / "name").read_text().startswith("package"):
                continue  # a part of a package, or the whole machine
            span = int((zone / "max_energy_range_uj").read_text()) / 1e6
            path = zone / "energy_uj"
            if int(path.read_text()) > 0:
                yield _Counter(lambda path=path: int(path.read_text()) / 1e6, span)  # type: ignore[misc]


def _nvml_counters() -> Iterator[_Counter]:
    """One counter per GPU that torch works on; none without the package pynvml."""
    if not torch.cuda.is_available():
        return
    try:
        import pynvml  # type: ignore[import-not-found]  # optional
    except ImportError:
        return
    with contextlib.suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)  # older GPUs cannot
            yield _Counter(
                lambda handle=handle: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3  # type: ignore[misc]
            )


def _busy_seconds() -> float:
    """Processor seconds that all programs of this machine together have used."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def _measured(joules: float, seconds: float, busy: float) -> Energy:
    """What the packages used: all of it at most, this process's share of the busy time at least."""
    share = min(1.0, seconds / busy) if busy > 0 else 1.0
    return Energy(
        joules,
        share * joules,
        joules,
        "measured by RAPL: the whole processor; low end: this program's share of its busy time",
    )


def _with_gpu(processor: Energy, gpu_joules: float | None) -> Energy:
    if gpu_joules is not None:
        return Energy(
            processor.joules + gpu_joules,
            processor.low + gpu_joules,
            processor.high + gpu_joules,
            f"GPU measured by NVML; processor {processor.method}",
        )
    if torch.cuda.is_available():
        method = f"{processor.method}; the GPU is missing (install pynvml)"
        return Energy(processor.joules, processor.low, processor.high, method)
    return processor
