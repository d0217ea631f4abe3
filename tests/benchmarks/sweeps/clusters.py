"""One process, two, and two workers over TCP: their seconds, and whether they say the same."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flowcore.store import RunStore
from flowcore.sweeps.run import run_plan
from tests.benchmarks.datasets import make_folder
from tests.benchmarks.sweeps.planning import part, planned, table
from tests.browser.conftest import free_port

SIX = {"model": "dis_medium", "blur": [0, 1, 2], "scale": [1, 0.5]}


def time_clusters(num_pairs: int = 40) -> None:
    from distributed import LocalCluster

    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        dataset = make_folder(Path(folder) / "root", num_pairs, 384, 512)
        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
        local = stack.enter_context(LocalCluster(processes=True, memory_limit=None, **options))
        remote = stack.enter_context(Cluster(Path(folder)).running())
        schedulers = {
            "in process": None,
            "two processes": local.scheduler_address,
            "two workers over TCP": remote.address,
        }
        tables = []
        for name, scheduler in schedulers.items():
            warm = part(dataset, 0, 4)
            with RunStore(Path(folder) / f"{name} warm.sqlite") as store:
                list(run_plan(planned(warm, SIX, store), store, scheduler=scheduler))
            with RunStore(Path(folder) / f"{name}.sqlite") as store:
                begun = time.perf_counter()
                list(run_plan(planned(dataset, SIX, store), store, scheduler=scheduler))
                seconds = time.perf_counter() - begun
                tables.append(table(store))
            is_same = "the same table" if tables[-1] == tables[0] else "ANOTHER TABLE"
            print(f"{name:21s} {seconds:6.1f} s, {is_same}", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")


class Cluster:
    """A scheduler and two workers, each a process of its own that can be killed."""

    names = ("scheduler", "worker 1", "worker 2")

    def __init__(self, folder: Path) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._log = folder / "cluster.log"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @contextmanager
    def running(self):
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
        self._start("scheduler", "dask_scheduler", "--host", "127.0.0.1", "--port", port, *common)
        for name in self.names[1:]:
            options = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0", *common]
            self._start(name, "dask_worker", self.address, *options)

    def kill(self, name: str) -> None:
        process = self._processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def _start(self, name: str, module: str, *arguments: str) -> None:
        if name in self._processes and self._processes[name].poll() is None:
            return
        command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
        with self._log.open("ab") as log:
            self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log)
