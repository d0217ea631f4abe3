"""How long tests wait for a state before they give up: one number, for slow and busy machines."""

import os
import time
from collections.abc import Callable

__all__ = ["PATIENCE", "patient", "wait_until"]

PATIENCE = float(os.environ.get("FLOWSCOPE_PATIENCE", "1"))


def patient(seconds: float) -> float:
    """The seconds that a quiet machine would be given, times ``FLOWSCOPE_PATIENCE``."""
    return seconds * PATIENCE


def wait_until(
    fact: Callable[[], object], *, seconds: float = 30, pause: float = 0.01, what: str = "it"
) -> None:
    """Return as soon as ``fact()`` holds; fail when patience has run out."""
    deadline = time.monotonic() + patient(seconds)
    while not fact():
        assert time.monotonic() < deadline, f"{what} did not happen in {patient(seconds):.0f} s"
        time.sleep(pause)
