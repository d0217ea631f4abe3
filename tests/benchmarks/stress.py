"""The browser tests under load, then again and again: what failed and what had to be run twice.

    make test-stress

Ten busy loops and a second copy of the tests run beside the first; then five runs in a row.
"""

import contextlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUSY_LOOPS = 10
RUNS = 5
COMMAND = [
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "-rR",
    "-m",
    "not slow and not gpu",
    "tests/browser",
]
COUNT = re.compile(r"(\d+) (passed|failed|error|rerun|skipped)")


def start():
    """A run of the browser tests, with much patience."""
    return subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env={"FLOWSCOPE_PATIENCE": "12", **os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def report(name, run, started):
    """Print how a run ended; true if nothing failed."""
    output, _ = run.communicate()
    counts = {kind: int(number) for number, kind in COUNT.findall(output.splitlines()[-1])}
    words = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    print(f"{name}: {words}, {time.monotonic() - started:.0f} s", flush=True)
    if run.returncode:
        print(output)
    return run.returncode == 0


@contextlib.contextmanager
def busy(loops):
    """So many processes that never rest."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main():
    with busy(BUSY_LOOPS):
        started = time.monotonic()
        copies = [start(), start()]
        sound = [report(f"under load, copy {n}", run, started) for n, run in enumerate(copies, 1)]
    for number in range(1, RUNS + 1):
        sound.append(report(f"run {number} of {RUNS}", start(), time.monotonic()))
    sys.exit(not all(sound))


if __name__ == "__main__":
    main()
