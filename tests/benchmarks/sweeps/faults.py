"""Kills at moments by chance, and whether the table is the same in the end."""

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from flowcore.data.datasets import open_dataset
from flowcore.store import RunStore
from flowcore.sweeps.config import lanes_of, load_sweep
from flowcore.sweeps.plan import make_plan
from flowcore.sweeps.run import run_plan
from tests.benchmarks.datasets import make_folder
from tests.benchmarks.sweeps.clusters import Cluster
from tests.benchmarks.sweeps.planning import table

GRID = {"model": ["dis_fast", "dis_medium"], "chunks": ["whole", "2x2"], "scale": [1, 0.5]}


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
