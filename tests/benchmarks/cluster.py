"""A dask cluster on this machine whose every process can be killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.browser.conftest import free_port

__all__ = ["Cluster"]

SCHEDULER = "scheduler"


class Cluster:
    """A scheduler and workers of one thread each, over TCP.

    Parameters
    ----------
    folder : Path
        Where they write their log.
    num_workers : int
    has_nannies : bool
        Whether each worker has a process beside it that starts it again once it is gone.
    """

    def __init__(self, folder: Path, *, num_workers: int = 2, has_nannies: bool = False) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.workers = tuple(f"worker {number}" for number in range(1, num_workers + 1))
        self._has_nannies = has_nannies
        self._log = folder / "cluster.log"
        self._processes: dict[str, psutil.Popen] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The scheduler and the workers."""
        return (SCHEDULER, *self.workers)

    @contextmanager
    def running(self) -> Iterator["Cluster"]:
        """Started, and killed at the end."""
        self.start()
        try:
            yield self
        finally:
            for name in list(self._processes):
                self.kill(name)

    def start(self) -> None:
        """Start whatever is not there."""
        port = self.address.rpartition(":")[2]
        common = ["--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        self._start(SCHEDULER, "dask_scheduler", "--host", "127.0.0.1", "--port", port, *common)
        nanny = "--nanny" if self._has_nannies else "--no-nanny"
        for name in self.workers:
            options = ["--nthreads", "1", nanny, "--memory-limit", "0", *common]
            self._start(name, "dask_worker", self.address, *options)

    def kill(self, name: str) -> None:
        """End a process and all that it started, at once."""
        process = self._processes.pop(name)
        for one in (*reversed(process.children(recursive=True)), process):
            one.kill()
        process.wait()

    def _start(self, name: str, module: str, *arguments: str) -> None:
        if name in self._processes and self._processes[name].poll() is None:
            return
        command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
        with self._log.open("ab") as log:
            self._processes[name] = psutil.Popen(command, stdout=log, stderr=subprocess.STDOUT)
