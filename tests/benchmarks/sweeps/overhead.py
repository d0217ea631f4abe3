"""A sweep beside a plain loop."""

import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from flowcore.metrics.summary import measure_errors
from flowcore.pipeline import run
from flowcore.store import RunStore
from flowcore.sweeps.run import run_plan
from flowcore.types import PipelineConfig
from tests.benchmarks.datasets import make_folder
from tests.benchmarks.sweeps.planning import part, planned

TURN = 250  # pairs


def time_overhead(num_pairs: int = 1000) -> None:
    config = PipelineConfig("dis_medium")
    seconds, processor = Counter(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        dataset = make_folder(Path(folder) / "root", num_pairs, 384, 512)
        run(dataset.pairs[0].load(), config, threads=1, warm_up=True)
        with RunStore(Path(folder) / "warm.sqlite") as store:  # the children have been imported
            list(run_plan(planned(part(dataset, 0, 1), {"model": "dis_medium"}, store), store))
        for start in range(0, num_pairs, TURN):
            turn = part(dataset, start, start + TURN)
            begun, busy = time.perf_counter(), time.process_time()
            for files in turn.pairs:
                pair = files.load()
                measure_errors(run(pair, config, threads=1).flow, pair)
            seconds["plain loop"] += time.perf_counter() - begun
            processor["plain loop"] += time.process_time() - busy
            begun, busy = time.perf_counter(), time.process_time()
            with RunStore(Path(folder) / f"{start}.sqlite") as store:
                plan = planned(turn, {"model": "dis_medium"}, store)
                for number, _ in enumerate(run_plan(plan, store), start=1):
                    if number == len(turn.pairs):  # while its processes are there
                        processor["sweep"] += processor_seconds() - busy
            seconds["sweep"] += time.perf_counter() - begun
    for name, value in seconds.items():
        print(
            f"{name:11s} {value:7.1f} s, {1000 * value / num_pairs:6.1f} ms a pair; of processors "
            f"{processor[name]:7.1f} s, {1000 * processor[name] / num_pairs:6.1f} ms a pair"
        )
    for what, taken in (("time", seconds), ("processor time", processor)):
        print(f"ratio of {what} {taken['sweep'] / taken['plain loop']:.3f}")
    print(f"load {os.getloadavg()[0]:.1f}")


def processor_seconds() -> float:
    """Of this process and of those that it has started and that are there."""
    own = psutil.Process()
    times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
    return sum(one.user + one.system for one in times)
