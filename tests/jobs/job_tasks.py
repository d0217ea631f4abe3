"""Tasks that the tests of the job queue send to worker processes."""

import os
import signal
import sys
import time

from flowcore.errors import ConfigError, DivergedError

NEVER = 1e6  # seconds: such a task ends by being killed


def add(report, left, right):
    return left + right


def count(report, steps):
    for step in range(steps):
        report((step + 1) / steps, f"step {step + 1} of {steps}")
    return steps


def halfway(report):
    report(0.5, "half")
    time.sleep(NEVER)


def sleep(report):
    time.sleep(NEVER)


def nap(report, seconds):
    time.sleep(seconds)
    return "awake"


def process_id(report):
    return os.getpid()


def zeros(report, num_bytes):
    return bytes(num_bytes)


def misconfigured(report):
    raise ConfigError("Scale must lie in 0.01..8, got 9.")


def diverged(report, config):
    row = "1,a,1,2,3,4,,5\n"
    log = f"step,stage,learning_rate,loss,epe,gradient_norm,validation_epe,seconds\n{row}"
    report(0.5, "step 1 of 2", log.encode())
    raise DivergedError("Training diverged at step 2.")


def partly(report):
    report(0.5, "half", b"so far")
    time.sleep(NEVER)


def broken(report):
    raise ZeroDivisionError("a detail that is none of the user's business")


def unpicklable(report):
    return lambda: None


def crash(report):
    os.kill(os.getpid(), signal.SIGSEGV)


def main_and_modules(report):
    return sys.modules["__main__"].__file__, set(sys.modules)
