"""Many tasks whose scores are made up in the children."""

import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from flowcore.cost import format_bytes
from flowcore.data.datasets import Dataset
from flowcore.evaluation import score_key
from flowcore.metrics.summary import METRICS, Measurement
from flowcore.scores import PairScore
from flowcore.store import RunStore
from flowcore.sweeps.run import run_plan
from flowcore.sweeps.task import Measured
from flowcore.types import FramePair, Timing
from tests.benchmarks.sweeps.planning import planned

NUM_LANES = 100


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
