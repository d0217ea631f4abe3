"""One process, two, and two workers over TCP: their seconds, and whether they say the same."""

import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from flowcore.store import RunStore
from flowcore.sweeps.run import run_plan
from tests.benchmarks.cluster import Cluster
from tests.benchmarks.datasets import make_folder
from tests.benchmarks.sweeps.planning import part, planned, table

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
