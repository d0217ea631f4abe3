"""Tasks that the tests of the job queue send to worker processes."""

import os
import signal
import sys
import time

from flowcore.errors import ConfigError, DivergedError

NEVER = 1e6  # seconds: such a task ends by being killed


def add(progress, left, right):
    return left + right


def count(progress, steps):
    for step in range(steps):
        progress((step + 1) / steps, f"step {step + 1} of {steps}")
    return steps


def halfway(progress):
    progress(0.5, "half")
    time.sleep(NEVER)


def sleep(progress):
    time.sleep(NEVER)


def nap(progress, seconds):
    time.sleep(seconds)
    return "awake"


def process_id(progress):
    return os.getpid()


def zeros(progress, num_bytes):
    return bytes(num_bytes)


def misconfigured(progress):
    raise ConfigError("Scale must lie in 0.01..8, got 9.")


def diverged(progress, config):
    row = "1,a,1,2,3,4,,5\n"
    log = f"step,stage,learning_rate,loss,epe,gradient_norm,validation_epe,seconds\n{row}"
    progress(0.5, "step 1 of 2", log.encode())
    raise DivergedError("Training diverged at step 2.")


def until_asked(progress):
    while not progress(0.5, "on and on"):
        time.sleep(0.005)
    return "all so far"


def is_asked(progress):
    return progress(0.5)


def partly(progress):
    progress(0.5, "half", b"so far")
    time.sleep(NEVER)


def broken(progress):
    raise ZeroDivisionError("a detail that is none of the user's business")


def unpicklable(progress):
    return lambda: None


def crash(progress):
    os.kill(os.getpid(), signal.SIGSEGV)


def main_and_modules(progress):
    return sys.modules["__main__"].__file__, set(sys.modules)


def take(_progress, num_bytes):
    """That much memory, and what is left of it."""
    return len(bytearray(num_bytes))


def leave_id(progress, folder):
    """For ever; the process leaves its number in the folder."""
    (folder / "draft").write_text(str(os.getpid()))
    (folder / "draft").rename(folder / "id")
    time.sleep(NEVER)


def parent_id(progress):
    return os.getppid()
