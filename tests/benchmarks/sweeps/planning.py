"""What the parts share: a plan, some of a data set's pairs, and the table that a store has."""

from flowcore.data.datasets import Dataset
from flowcore.store import RunStore
from flowcore.sweeps.config import SweepConfig, lanes_of
from flowcore.sweeps.plan import make_plan


def planned(dataset, grid, store):
    config = SweepConfig(name="benchmark", data=(dataset.place,), threads=1, grid=grid)
    return make_plan(config, [dataset], lanes_of(grid), store)


def part(dataset: Dataset, start: int, end: int) -> Dataset:
    return Dataset(dataset.place, dataset.layout, dataset.pairs[start:end])


def table(store: RunStore) -> dict[object, object]:
    """Every number of every pair of every run, without what a clock or a meter has said."""
    return {
        record.facts: [one.metrics for one in store.outcomes(record.id).values()]
        for record in store.runs()
    }
