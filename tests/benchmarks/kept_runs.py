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
    """What was done, by key, in a file, until it has taken so many CPU seconds, all calls together.

    A row has the CPU seconds of its run as "cpu_s".
    """

    def __init__(self, path: Path, cpu_seconds: float) -> None:
        self.path = path
        self.limit(cpu_seconds)
        self.found: dict[str, Row] = json.loads(path.read_text()) if path.exists() else {}

    def limit(self, cpu_seconds: float, *key: object) -> None:
        """From here on do nothing more once the runs whose keys begin so have taken this long."""
        self._most, self._of = cpu_seconds, key

    def spent(self, *key: object) -> float:
        """CPU seconds of the runs whose keys begin so."""
        prefix = _prefix(key)
        return sum(
            row.get("cpu_s") or 0 for name, row in self.found.items() if name.startswith(prefix)
        )

    def get(self, work: Callable[[], Row], *key: object) -> None:
        """Do it once, if there is time."""
        name = "/".join(map(str, key))
        if name in self.found or self.spent(*self._of) >= self._most:
            return
        begin = time.process_time()
        try:
            row = work()
        except FlowcoreError as error:
            print(f"{name}: {error}", flush=True)
            return
        seconds = time.process_time() - begin
        self.found[name] = {**row, "cpu_s": seconds}
        lines = (f"{json.dumps(key)}: {json.dumps(row)}" for key, row in self.found.items())
        write_bytes(self.path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
        print(f"{name}: {seconds:.1f} s", flush=True)

    def by_seed(self, column: str, *key: object) -> dict[str, list[float]]:
        """A column of all runs whose keys begin so; their last part is the seed."""
        found: dict[str, list[float]] = {}
        prefix = _prefix(key)
        for name, row in self.found.items():
            if name.startswith(prefix) and row.get(column) is not None:
                found.setdefault(name.rsplit("/", 1)[1], []).append(row[column])
        return found

    def cell(self, column: str, *key: object) -> str:
        """The mean of a column over all runs whose keys begin so, with its band over the seeds."""
        by_seed = self.by_seed(column, *key)
        if not by_seed:
            return "undecided"
        means = [float(np.mean(values)) for values in by_seed.values()]
        count = sum(map(len, by_seed.values()))
        band = f" ({min(means):.3f}..{max(means):.3f})" if len(means) > 1 else ""
        return f"{np.mean(means):.3f}{band}, n {count}"


def _prefix(key: Sequence[object]) -> str:
    return "".join(f"{part}/" for part in key)


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"\n{title}\n")
    for cells in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(cells) + " |")
