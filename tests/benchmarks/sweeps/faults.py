"""Sweeps that are killed at a moment by chance, and whether their table is the same in the end."""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from flowcore.store import RunStore
from tests.benchmarks.cluster import Cluster
from tests.benchmarks.datasets import make_folder
from tests.benchmarks.sweeps.planning import table

GRID = {"model": ["dis_fast", "dis_medium"], "chunks": ["whole", "2x2"], "scale": [1, 0.5]}
NUM_PAIRS = 12
VICTIMS = ("client", "worker", "scheduler and workers")


def count_faults(num_sweeps: int = 20) -> None:
    chance, killed = random.Random(0), Counter[str]()
    had, num_same, num_too_late = [], 0, 0
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        config = write_config(folder)
        cluster = stack.enter_context(Cluster(folder).running())
        finish(start(cluster, config, folder / "whole.sqlite"))
        with RunStore(folder / "whole.sqlite") as store:
            expected = table(store)
        client = start(cluster, config, folder / "timed.sqlite")
        wait_begun(client, folder / "timed.sqlite")
        begun = time.perf_counter()
        finish(client)
        seconds = time.perf_counter() - begun
        print(f"{len(expected) * NUM_PAIRS} estimates, undisturbed {seconds:.1f} s", flush=True)
        while killed.total() < num_sweeps:
            path = folder / f"{killed.total()}-{num_too_late}.sqlite"
            victim = chance.choice(VICTIMS)
            num_done = disturb(cluster, config, path, victim, chance.uniform(0, seconds))
            if num_done is None:
                num_too_late += 1
                continue
            killed[victim] += 1
            had.append(num_done)
            num_same += is_whole(path, expected)
            print(f"{victim} killed after {num_done}: {num_same} of {killed.total()}", flush=True)
    print(
        f"killed: {dict(killed)}, when {min(had)} to {max(had)} estimates were there; "
        f"the same table: {num_same} of {num_sweeps}; over before their kill, and not counted: "
        f"{num_too_late}; load {os.getloadavg()[0]:.1f}"
    )


def write_config(folder: Path) -> Path:
    root = folder / "root"
    make_folder(root, NUM_PAIRS, 96, 128)
    lanes = "\n".join(f"{word} = {values}" for word, values in GRID.items()).replace("'", '"')
    path = folder / "faults.toml"
    path.write_text(f'data = ["{root}"]\nthreads = 1\n[grid]\n{lanes}\n')
    return path


def disturb(cluster, config, path, victim, moment) -> int | None:
    """How much was there when it was killed; the sweep is complete now. None: it was too late."""
    client = start(cluster, config, path)
    wait_begun(client, path)
    try:
        client.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        pass
    else:
        return None
    num_done = done(path)
    if victim == "client":
        client.kill()
    else:
        for name in cluster.workers[:1] if victim == "worker" else cluster.names:
            cluster.kill(name)
        cluster.start()
    if client.wait(timeout=300) != 0:
        finish(start(cluster, config, path))
    return num_done


def wait_begun(client: subprocess.Popen, path: Path) -> None:
    """Until its runs are in the store: from then on, moments are drawn."""
    while client.poll() is None:
        if path.is_file():
            with RunStore(path) as store:
                if store.runs():
                    return
        time.sleep(0.02)


def start(cluster, config, path) -> subprocess.Popen:
    command = [sys.executable, "-m", "flowcore", "sweep", config, "--store", path]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*map(str, command), "--scheduler", cluster.address], **quiet)


def finish(client: subprocess.Popen) -> None:
    assert client.wait(timeout=300) == 0, "A sweep that nobody disturbed did not end well."


def is_whole(path, expected) -> bool:
    """The same table, each pair once, and nothing that is still said to run."""
    with RunStore(path) as store:
        is_done = {record.status for record in store.runs()} == {"done"}
        return (
            is_done
            and set(store.counts().values()) == {(NUM_PAIRS, 0)}
            and (table(store) == expected)
        )


def done(path: Path) -> int:
    if not path.is_file():
        return 0
    with RunStore(path) as store:
        return sum(count for count, _ in store.counts().values())
