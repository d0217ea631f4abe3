"""What a sweep costs beside a plain loop, how it grows, and what it bears. One thread an estimate.

``python -m tests.benchmarks.sweeps overhead [NUM]``: NUM (1000) pairs of 512x384 with `dis_medium`:
a plain loop that reads, estimates and measures, and an in-process sweep with a store. They take
turns, 250 pairs at a time, so that other work on the machine meets both; each turn of the sweep
starts its engine anew.

``python -m tests.benchmarks.sweeps simulated [NUM ...]``: so many (10000 50000 100000) tasks of 100
lanes, whose scores are made up in the children: seconds of plan and engine, memory of this process,
size of the store; and of a plan that finds all of them.

``python -m tests.benchmarks.sweeps clusters [NUM]``: NUM (40) pairs of 512x384, six lanes: one task
at a time within the process, a LocalCluster of two processes, and two `dask worker` over TCP; their
seconds, and whether all numbers are the same to the bit.

``python -m tests.benchmarks.sweeps faults [NUM]``: NUM (20) times kill the client, a worker, or the
scheduler with its workers, by chance and at a moment by chance, and start it again, until as many
sweeps as that takes are complete; the table of each beside that of one that nobody disturbed.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from flowcore.cost import format_bytes
from flowcore.data.datasets import Dataset, open_dataset
from flowcore.metrics.summary import METRICS, Measurement, measure_errors
from flowcore.pipeline import run
from flowcore.scores import PairScore
from flowcore.store import RunStore
from flowcore.sweeps.config import SweepConfig, lanes_of
from flowcore.sweeps.plan import make_plan
from flowcore.sweeps.run import run_plan
from flowcore.sweeps.task import Measured
from flowcore.types import FramePair, PipelineConfig, Timing
from tests.benchmarks.datasets import make_folder
from tests.browser.conftest import free_port

TURN = 250  # pairs
NUM_LANES = 100
GRID = {"model": ["dis_fast", "dis_medium"], "chunks": ["whole", "2x2"], "scale": [1, 0.5]}
SIX = {"model": "dis_medium", "blur": [0, 1, 2], "scale": [1, 0.5]}


def planned(dataset, grid, store):
    config = SweepConfig(name="benchmark", data=(dataset.place,), threads=1, grid=grid)
    return make_plan(config, [dataset], lanes_of(grid), store)


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
            begun, busy = time.perf_counter(), processor_seconds()
            for files in turn.pairs:
                pair = files.load()
                measure_errors(run(pair, config, threads=1).flow, pair)
            seconds["plain loop"] += time.perf_counter() - begun
            processor["plain loop"] += processor_seconds() - busy
            begun, busy = time.perf_counter(), processor_seconds()
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


def part(dataset: Dataset, start: int, end: int) -> Dataset:
    return Dataset(dataset.place, dataset.layout, dataset.pairs[start:end])


@dataclass(frozen=True)
class FakePair:
    """Frames of 8x8 px, each pair with others."""

    sequence: str
    dataset: str = "made up"
    split: str = ""

    def load(self, **_):
        rng = np.random.default_rng(int(self.sequence))
        first, second = rng.integers(0, 256, (2, 8, 8, 3), np.uint8)
        return FramePair(first, second)


def made_up(_progress, task):
    """As many numbers as a pair with truth has, at once, under the key that a score would have."""
    from flowcore.evaluation import score_key

    key = score_key(task.files.load(), task.lane.config, threads=1)
    rng = random.Random(key)
    names = list(METRICS)[:40]
    numbers = {name: Measurement(rng.random(), 196_608) for name in names}
    timing = Timing(rng.random(), rng.random(), 1, 1)
    return Measured(PairScore("made up", task.files.sequence, numbers, timing), key)


def time_simulated(*counts: int) -> None:
    grid = {"model": "dis_fast", "blur": [number / 10 for number in range(NUM_LANES)]}
    print(
        f"{'tasks':>8} {'plan s':>7} {'sweep s':>8} {'ms/task':>8} {'memory':>9} {'store':>9} again"
    )
    for count in counts or (10_000, 50_000, 100_000):
        pairs = tuple(FakePair(f"{number:06d}") for number in range(count // NUM_LANES))
        dataset = Dataset("made up", "plain", pairs)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "runs.sqlite"
            with RunStore(path) as store:
                begun = time.perf_counter()
                plan = planned(dataset, grid, store)
                seconds = [time.perf_counter() - begun]
                before, most = psutil.Process().memory_info().rss, 0
                begun = time.perf_counter()
                for number, _ in enumerate(run_plan(plan, store, work=made_up)):
                    if number % 1000 == 0:
                        most = max(most, psutil.Process().memory_info().rss)
                seconds.append(time.perf_counter() - begun)
                begun = time.perf_counter()
                assert planned(dataset, grid, store).num_missing == 0
                seconds.append(time.perf_counter() - begun)
                size = store.num_bytes
        memory = format_bytes(max(0, most - before))
        print(
            f"{count:8,} {seconds[0]:7.1f} {seconds[1]:8.1f} {1000 * seconds[1] / count:8.2f} "
            f"{memory:>9} {format_bytes(size):>9} {seconds[2]:.1f} s",
            flush=True,
        )


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


def table(store: RunStore) -> dict[object, object]:
    """Every number of every pair of every run, without what a clock or a meter has said."""
    return {
        record.facts: [one.metrics for one in store.outcomes(record.id).values()]
        for record in store.runs()
    }


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


def count_faults(num_kills: int = 20) -> None:
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder) / "root"
        make_folder(root, 30, 96, 128)
        lanes = "\n".join(f"{word} = {values}" for word, values in GRID.items()).replace("'", '"')
        config = Path(folder) / "faults.toml"
        config.write_text(f'data = ["{root}"]\nthreads = 1\n[grid]\n{lanes}\n')
        with RunStore(Path(folder) / "whole.sqlite") as store:
            list(run_plan(planned_as(config, store), store))
            expected = table(store)
        cluster = stack.enter_context(Cluster(Path(folder)).running())
        kills, num_complete, num_same = Counter[str](), 0, 0
        while kills.total() < num_kills:
            path = Path(folder) / f"{num_complete}.sqlite"
            disturb(cluster, config, path, kills, num_kills, chance)
            with RunStore(path) as store:
                num_complete += 1
                num_same += table(store) == expected
                assert {record.status for record in store.runs()} == {"done"}
                assert set(store.counts().values()) == {(30, 0)}
        print(f"killed: {dict(kills)}; sweeps complete: {num_complete}, the same table: {num_same}")


def planned_as(config: Path, store: RunStore):
    from flowcore.sweeps.config import load_sweep

    sweep = load_sweep(config)
    return make_plan(sweep, [open_dataset(Path(sweep.data[0]))], lanes_of(sweep.grid), store)


def disturb(cluster, config, path, kills, num_kills, chance) -> None:
    """One sweep to its end, in which something is killed again and again while any kill is left."""
    total = 30 * len(lanes_of(GRID))
    while True:
        cluster.start()
        command = ["flowcore", "sweep", str(config), "--store", str(path)]
        client = subprocess.Popen(
            [sys.executable, "-m", *command, "--scheduler", cluster.address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while kills.total() < num_kills:
            aim = min(total - 1, done(path) + chance.randint(1, total // 4))
            while done(path) < aim and client.poll() is None:
                time.sleep(0.01)
            if client.poll() is not None:
                break
            victim = chance.choice(("client", "worker", "cluster"))
            kills[victim] += 1
            if victim == "client":
                client.kill()
                break
            for name in (
                cluster.names if victim == "cluster" else [chance.choice(cluster.names[1:])]
            ):
                cluster.kill(name)
            cluster.start()
        if client.wait(timeout=300) == 0:
            return


def done(path: Path) -> int:
    if not path.is_file():
        return 0
    with RunStore(path) as store:
        return sum(count for count, _ in store.counts().values())


def main() -> None:
    task = {
        "overhead": time_overhead,
        "simulated": time_simulated,
        "clusters": time_clusters,
        "faults": count_faults,
    }[sys.argv[1]]
    task(*map(int, sys.argv[2:]))


if __name__ == "__main__":
    from tests.benchmarks import sweeps  # by the name under which the children know it

    sweeps.main()
