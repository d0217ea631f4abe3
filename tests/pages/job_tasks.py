"""Tasks that the tests of the job queue send to worker processes."""

import os
import signal
import sys
import time

from flowcore.errors import ConfigError


def add(report, left, right):
    return left + right


def count(report, steps):
    for step in range(steps):
        report((step + 1) / steps, f"step {step + 1} of {steps}")
    return steps


def halfway(report):
    report(0.5, "half")
    time.sleep(60)


def sleep(report, seconds=60.0):
    time.sleep(seconds)


def process_id(report):
    return os.getpid()


def zeros(report, num_bytes):
    return bytes(num_bytes)


def misconfigured(report):
    raise ConfigError("Scale must lie in 0.01..8, got 9.")


def broken(report):
    raise ZeroDivisionError("a detail that is none of the user's business")


def unpicklable(report):
    return lambda: None


def crash(report):
    os.kill(os.getpid(), signal.SIGSEGV)


def main_and_modules(report):
    return sys.modules["__main__"].__file__, set(sys.modules)
