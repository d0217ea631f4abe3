"""What a model costs and what it gives for that, on one pair: points of size against error."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import pandas as pd

from flowcore import models
from flowcore.cost import MemoryMeter
from flowcore.energy import Energy, EnergyMeter
from flowcore.metrics import summary
from flowcore.metrics.definitions import Direction, describe
from flowcore.metrics.summary import Measurement
from flowcore.operations import Operations, count_operations
from flowcore.pipeline import load_model, predict, run
from flowcore.types import Estimate, FramePair, PipelineConfig

__all__ = ["COSTS", "Axis", "SizePoint", "axis", "measure", "pareto_front", "points_table"]

_WARM_UP_SIDE = 128  # px
_MAX_RUNS = 5
_ENOUGH_SECONDS = 0.5  # of runs: a quick method is timed more than once
_Point = TypeVar("_Point")


class Axis(NamedTuple):
    """What a column of `points_table` means; ``direction`` says which is better."""

    key: str
    label: str
    unit: str
    direction: Direction
    definition: str


COSTS: Mapping[str, Axis] = MappingProxyType(
    {
        row[0]: Axis(*row[:3], "lower", row[3])
        for row in (
            ("megabytes", "Weights", "MB", "The weight file as it ships; 1 MB = 1,000,000 bytes."),
            ("num_params", "Parameters", "", "Learnt numbers; 0 for a classical method."),
            (
                "gmacs",
                "Operations",
                "GMAC",
                "Thousand million multiply-accumulates of one estimate, every iteration, chunk "
                "and padded pixel counted.",
            ),
            (
                "seconds",
                "Time",
                "s",
                "Forward estimate alone, model loaded and warm: the median of its runs.",
            ),
            (
                "peak_mb",
                "Memory",
                "MB",
                "Main memory that the estimate took at its peak, beyond what the program and the "
                "model held.",
            ),
            ("energy_j", "Energy", "J", "Of one estimate, with its band and how it was got."),
        )
    }
)


@dataclass(frozen=True, eq=False)
class SizePoint:
    """One config on one pair: what it costs, and how good its flow is.

    Parameters
    ----------
    name : str
        The model.
    config : PipelineConfig
    num_bytes, num_params : int
        Of the weight file, and learnt numbers; 0 for a classical method.
    operations : Operations
        Of one estimate, chunks and resizing included.
    seconds : float
        Of one estimate: the median of ``num_runs``, on ``threads`` processor threads.
    num_runs, threads : int
    peak_bytes : int, optional
        Working memory of the estimate; None where the system does not tell.
    energy : Energy
        Of one estimate: the mean of the runs.
    metrics : mapping of key to Measurement
        See ``flowcore.metrics.summary.METRICS``.
    """

    name: str
    config: PipelineConfig
    num_bytes: int
    num_params: int
    operations: Operations
    seconds: float
    num_runs: int
    threads: int
    peak_bytes: int | None
    energy: Energy
    metrics: Mapping[str, Measurement]

    def value(self, key: str) -> float | None:
        """A number by its column in `points_table`; None where it is not known."""
        value = self.row().get(key)
        return float(value) if isinstance(value, int | float) else None

    def row(self) -> dict[str, float | str | None]:
        """All numbers, in the units of `points_table`."""
        macs, peak = self.operations.macs, self.peak_bytes
        return {
            "num_params": self.num_params,
            "megabytes": self.num_bytes / 1e6,
            "gmacs": None if macs is None else macs / 1e9,
            "seconds": self.seconds,
            "num_runs": self.num_runs,
            "threads": self.threads,
            "peak_mb": None if peak is None else peak / 1e6,
            "energy_j": self.energy.joules,
            "energy_low_j": self.energy.low,
            "energy_high_j": self.energy.high,
            "energy_method": self.energy.method,
            **{key: number.value for key, number in self.metrics.items()},
        }


def measure(
    pair: FramePair,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> SizePoint:
    """Cost and quality of one config on one pair.

    The backward flow is estimated only where the pair does not say what is occluded, since the
    warp numbers then need it. ``progress`` is told the finished share, 0..1, and what is
    being done. Errors: as of ``flowcore.pipeline.run``.
    """
    card = models.describe(config.model)
    progress(0.0, "estimating the flow")
    estimates, energy, peak = _timed_runs(pair, config, threads, progress)
    backward = None
    if pair.occluded is None:
        progress(0.6, "estimating the backward flow")
        backward = run(pair.reversed(), config, threads=threads).flow
    progress(0.9, "counting and measuring")
    return SizePoint(
        name=config.model,
        config=config,
        num_bytes=card.num_bytes or 0,
        num_params=card.num_params,
        operations=_operations(pair, config),
        seconds=statistics.median(estimate.seconds for estimate in estimates),
        num_runs=len(estimates),
        threads=estimates[-1].threads,
        peak_bytes=peak,
        energy=energy,
        metrics=summary.measure(estimates[-1].flow, pair, backward=backward),
    )


def pareto_front(
    points: Iterable[_Point],
    x: Callable[[_Point], float | None],
    y: Callable[[_Point], float | None],
    *,
    higher_is_better: bool = False,
) -> list[_Point]:
    """The points than which no other is at least as good in both and better in one, by rising x.

    Parameters
    ----------
    points : iterable
    x : callable
        The cost of a point, lower is better; points whose x or y is None or NaN take no part.
    y : callable
        What it gives for that.
    higher_is_better : bool
        Of y.

    Examples
    --------
    >>> pareto_front([(1, 5), (2, 3), (3, 4)], lambda point: point[0], lambda point: point[1])
    [(1, 5), (2, 3)]
    """
    sign = -1.0 if higher_is_better else 1.0
    placed = []
    for point in points:
        cost, gain = x(point), y(point)
        if cost is not None and gain is not None and not math.isnan(cost + gain):
            placed.append((cost, sign * gain, point))
    return [
        point
        for cost, loss, point in sorted(placed, key=lambda item: item[:2])
        if not any(
            c <= cost and other <= loss and (c < cost or other < loss) for c, other, _ in placed
        )
    ]


def points_table(points: Mapping[str, SizePoint]) -> pd.DataFrame:
    """One row per point, one column per number; NaN where a number is not known."""
    table = pd.DataFrame({title: point.row() for title, point in points.items()}).T
    return table.infer_objects().rename_axis("model")


def axis(key: str) -> Axis:
    """What a column means: a cost, or a metric of ``flowcore.metrics.definitions``.

    Raises
    ------
    InputError
        There is no such column.
    """
    if key in COSTS:
        return COSTS[key]
    metric = describe(key)
    unit = "" if metric.unit == "1" else metric.unit
    return Axis(key, metric.label, unit, metric.direction, metric.definition)


def _timed_runs(
    pair: FramePair,
    config: PipelineConfig,
    threads: int | None,
    progress: Callable[[float, str], None],
) -> tuple[list[Estimate], Energy, int | None]:
    """The runs of the estimate after a warm-up, the mean energy of one, and its memory."""
    corner = (slice(_WARM_UP_SIDE), slice(_WARM_UP_SIDE))
    small = FramePair(pair.first[corner], pair.second[corner])
    run(small, PipelineConfig(config.model, precision=config.precision), threads=threads)
    estimates: list[Estimate] = []
    with MemoryMeter() as memory, EnergyMeter() as meter:
        while len(estimates) < _MAX_RUNS and sum(e.seconds for e in estimates) < _ENOUGH_SECONDS:
            estimates.append(
                run(
                    pair,
                    config,
                    threads=threads,
                    progress=lambda done: progress(0.6 * done, "estimating the flow"),
                )
            )
    return estimates, meter.energy.times(1 / len(estimates)), memory.peak_bytes


def _operations(pair: FramePair, config: PipelineConfig) -> Operations:
    model = load_model(config.model)
    return count_operations(
        model,
        *pair.size,
        estimate=lambda first, second: predict(model, first, second, config),
    )
