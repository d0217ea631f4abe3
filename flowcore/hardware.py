"""What the work runs on: a torch device by name, its clock, processor threads."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator

import cv2
import psutil
import torch

from flowcore.errors import ConfigError

__all__ = ["chosen_device", "clock", "share_of_others", "use_threads"]


def chosen_device(name: str | None = None) -> str:
    """The torch device of that name; the GPU where there is one if left out, else the processor.

    Raises
    ------
    ConfigError
        Not "cpu" or "cuda[:N]", or a GPU that is not here.
    """
    count = torch.cuda.device_count()
    if name is None:
        return "cuda" if count else "cpu"
    match = re.fullmatch(r"cpu|cuda(?::(\d+))?", name)
    if match is None:
        raise ConfigError(f"A device is cpu or cuda[:N], got {name[:40]!r}.")
    if name != "cpu" and int(match[1] or 0) >= count:
        raise ConfigError(f"There is no {name} here; GPUs that torch can use: {count}.")
    return name


def clock(device: str) -> float:
    """Seconds, once a GPU has done all that it was given."""
    if device != "cpu":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def share_of_others() -> Callable[[], float]:
    """A meter that begins now: it tells which share of processor time others took since, 0..1."""
    machine, own, start = _busy_seconds(), time.process_time(), time.perf_counter()

    def read() -> float:
        theirs = _busy_seconds() - machine - (time.process_time() - own)
        elapsed = time.perf_counter() - start
        # The system counts in ticks of a hundredth of a second: less cannot be told from nothing.
        theirs -= 2 * _TICK * (psutil.cpu_count() or 1)
        return min(max(theirs / (elapsed * (psutil.cpu_count() or 1)), 0.0), 1.0)

    return read


_TICK = 0.01


def _busy_seconds() -> float:
    """Processor time of the machine that was not idle, of all processes since it started."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


@contextlib.contextmanager
def use_threads(count: int | None) -> Iterator[int]:
    """Let torch and OpenCV use ``count`` processor threads within; gives the number in force."""
    before, cv2_before = torch.get_num_threads(), cv2.getNumThreads()
    if count is not None:
        if count < 1:
            raise ConfigError(f"Threads must be 1 or more, got {count}.")
        torch.set_num_threads(count)
        cv2.setNumThreads(count)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
        cv2.setNumThreads(cv2_before)
