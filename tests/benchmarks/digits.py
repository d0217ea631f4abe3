"""Every net of the digits lab: ``python -m tests.benchmarks.digits MNIST_FOLDER``.

On one thread, three seeds: all nets on two tasks, some of them on others and for longer. Rows go to
``assets/digits/results.csv`` as they are made, and what is there already is not made again; the
tables of ``docs/results.md`` are printed at the end (``--tables``: without training anything).
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch

from flowcore.digits.canvases import load_digits, render
from flowcore.digits.networks import NETWORKS
from flowcore.digits.results import METRICS, result_row, shipped_results, summarize
from flowcore.digits.scoring import evaluate
from flowcore.digits.tasks import TASKS
from flowcore.digits.training import NUM_TEST, POOL, TEST_SEED, LabConfig, train

CSV = Path("assets/digits/results.csv")
SEEDS = (0, 1, 2)
ALL = tuple(NETWORKS)
BEST = ("first_crossing_box",)
SOME = ("first_crossing_box", "conv_average", "conv_flat", "mlp", "soft_argmax")
ROUNDS = (  # task, digits, nets, steps: the most telling first
    ("top_left", "shipped", ALL, 300),
    ("joint", "shipped", SOME, 300),
    ("threes_sevens", "shipped", SOME, 200),
    ("by_digit", "shipped", BEST, 1500),
    ("by_digit", "mnist", BEST, 1500),
    ("top_left", "mnist", SOME, 300),
    ("joint", "mnist", SOME, 300),
    ("joint", "shipped", ALL, 300),
    ("top_left", "mnist", ALL, 300),
    ("joint", "mnist", ALL, 300),
)


def wanted(known: pd.DataFrame) -> Iterator[tuple[str, int, str, tuple[str, ...], int]]:
    """What is still to be trained: data, seed, task, nets, steps."""
    columns = ["data", "seed", "task", "network", "steps"]
    done = set(known[columns].itertuples(index=False, name=None)) if len(known) else set()
    for task, data, networks, steps in ROUNDS:
        for seed in SEEDS:
            keys = [(data, seed, task, network, steps) for network in networks]
            if left := tuple(key[3] for key in keys if key not in done):
                yield data, seed, task, left, steps
            done |= set(keys)


def measure(mnist: Path) -> None:
    known = shipped_results() if CSV.exists() else pd.DataFrame()
    for data, seed, name, networks, steps in wanted(known):
        task = TASKS[name]
        loaded = load_digits(mnist=mnist if data == "mnist" else None)
        digits = {split: part.only(task.digits) for split, part in loaded.items()}
        canvases = render(digits["train"], POOL, seed=seed)
        unseen = render(digits["test"], NUM_TEST, seed=TEST_SEED)
        for network in networks:
            trained = train(LabConfig(network, name, seed=seed, steps=steps), canvases)
            row = result_row(trained, evaluate(trained.net, unseen, task), data=data)
            frame = pd.DataFrame([row])
            frame.to_csv(CSV, mode="a", header=not CSV.exists(), index=False, float_format="%.5g")
            print(data, name, network, seed, f"{row['distance']:.3f} px", file=sys.stderr)


def tables() -> None:
    """Markdown; in a cell scikit-learn's digits, then MNIST where it was run."""
    table = summarize(shipped_results())
    for (task, steps), part in table.groupby(["task", "steps"], sort=False):
        keys = [key for key in METRICS if part[key].notna().any()]
        heads = ["net", "parameters", *(METRICS[key] for key in keys), "seeds", "s"]
        print(f"\n`{task}`, {steps} steps:\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        for network in dict.fromkeys(part["network"]):
            rows = part[part["network"] == network].set_index("data")
            rows = rows.loc[[data for data in ("shipped", "mnist") if data in rows.index]]
            cells = [f"`{network}`", f"{rows['num_params'].iloc[0]:,.0f}"]
            for key in keys:
                form = ".3f" if key == "distance" else ".1f"
                cells.append(" / ".join(format(value, form) for value in rows[key]))
            cells += [" / ".join(f"{count}" for count in rows["seeds"])]
            print(f"| {' | '.join(cells)} | {rows['seconds'].iloc[0]:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path, nargs="?", default=Path("../shared/data/mnist"))
    parser.add_argument("--tables", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if not options.tables:
        measure(options.mnist)
    tables()


if __name__ == "__main__":
    main()
