"""Runs of a long benchmark: kept in a file as they end, and not done again; and their tables."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from flowcore.errors import FlowcoreError
from flowcore.io.atomic import write_bytes

Row = Mapping[str, float | None]


class Runs:
    """What was done, by key, in a file."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.path, self.end = path, time.monotonic() + seconds
        self.found: dict[str, Row] = json.loads(path.read_text()) if path.exists() else {}

    def get(self, work: Callable[[], Row], *key: object) -> None:
        """Do it once, if there is time."""
        name = "/".join(map(str, key))
        if name in self.found or time.monotonic() > self.end:
            return
        begin = time.monotonic()
        try:
            self.found[name] = work()
        except FlowcoreError as error:
            print(f"{name}: {error}", flush=True)
            return
        lines = (f"{json.dumps(key)}: {json.dumps(row)}" for key, row in self.found.items())
        write_bytes(self.path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
        print(f"{name}: {time.monotonic() - begin:.1f} s", flush=True)

    def cell(self, column: str, *key: object) -> str:
        """The mean of a column over all runs whose keys begin so, with its band over the seeds."""
        by_seed: dict[str, list[float]] = {}
        prefix = "/".join(map(str, key)) + "/"
        for name, row in self.found.items():
            if name.startswith(prefix) and row.get(column) is not None:
                by_seed.setdefault(name.rsplit("/", 1)[1], []).append(row[column])
        if not by_seed:
            return "undecided"
        means = [float(np.mean(values)) for values in by_seed.values()]
        count = sum(map(len, by_seed.values()))
        band = f" ({min(means):.3f}..{max(means):.3f})" if len(means) > 1 else ""
        return f"{np.mean(means):.3f}{band}, n {count}"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"\n{title}\n")
    for cells in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(cells) + " |")
