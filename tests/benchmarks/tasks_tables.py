"""The tables of the drives of ``tests.benchmarks.tasks``."""

from collections.abc import Sequence

from flowcore.tasks.metrics import interval
from tests.benchmarks.kept_runs import Runs, print_table


def metric_tables(
    runs: Runs, part: str, ways: Sequence[str], algorithms: Sequence[str], epsilon: float
) -> None:
    """Means over courses, and differences to the clean drives of the same courses."""

    def values(algorithm: str, way: str, column: str) -> dict[str, float]:
        prefix = f"{part}/{algorithm}/{way}/"
        return {
            name.removeprefix(prefix): row[column]
            for name, row in runs.found.items()
            if name.startswith(prefix) and row.get(column) is not None
        }

    def cell(algorithm: str, way: str, column: str, *, paired: bool = False) -> str:
        found = values(algorithm, way, column)
        if paired:
            plain = values(algorithm, "clean", column)
            found = {name: value - plain[name] for name, value in found.items() if name in plain}
        if not found:
            return "undecided"
        mean, low, high = interval(list(found.values()))
        return f"{mean:.3f} ({low:.3f}..{high:.3f}), n {len(found)}"

    columns = {
        "least": "least clearance, m",
        "ahead": "mean clearance ahead, m",
        "failed": "share that fails",
        "error": "steering error, degrees",
        "progress": "progress",
        "believed": "what the surrogate believes of the clearance ahead, m",
    }
    for column, title in columns.items():
        rows = [[a, *(cell(a, way, column) for way in ways)] for a in algorithms]
        if column != "believed" or any(value != "undecided" for row in rows for value in row[1:]):
            print_table(f"{part}: {title}; epsilon {epsilon:g}", ["A", *ways], rows)
    others = [way for way in ways if way != "clean"]
    rows = [[a, *(cell(a, way, "least", paired=True) for way in others)] for a in algorithms]
    print_table(f"{part}: least clearance minus the clean one's, m", ["A", *others], rows)
