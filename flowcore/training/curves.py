"""Learning curves out of logs: a run or several seeds of it, its stages, and where it diverged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowcore.errors import InputError
from flowcore.training.log import read_log

__all__ = [
    "OF_STEPS",
    "Divergence",
    "LoggedRun",
    "StageSpan",
    "curve",
    "divergences",
    "group_runs",
    "iteration_columns",
    "iteration_profile",
    "parse_log",
    "run_of",
    "smoothed",
    "stage_spans",
    "summary",
]

DIVERGED = 2.0  # times the best smoothed error of the stage
MAX_ROWS = 100_000
OF_STEPS = ("epe", "flow_loss", "semantic_loss")  # what a log may have for each refinement step
_FURTHER = ("flow_gradient", "semantic_gradient", "angle")
WINDOW = 100  # steps that a summary and the search for a divergence smooth over

Values: TypeAlias = npt.NDArray[np.float64]

_SEED = re.compile(r"(?P<run>.+)\.seed\d+")


@dataclass(frozen=True, eq=False)
class LoggedRun:
    """A run: the log of each of its seeds, as ``parse_log`` gives it."""

    name: str
    logs: tuple[pd.DataFrame, ...]

    @property
    def longest(self) -> pd.DataFrame:
        """The log that goes furthest."""
        return max(self.logs, key=lambda log: int(log["step"].iloc[-1]))


class StageSpan(NamedTuple):
    """A stage, from after step ``first`` to step ``last``."""

    name: str
    first: int
    last: int


class Divergence(NamedTuple):
    """A step at which a run went wrong, and how."""

    step: int
    reason: str


def parse_log(data: bytes) -> pd.DataFrame:
    """The log as ``read_log`` has it, fit for curves: at least one row, and steps that rise.

    Raises
    ------
    InputError
        It is not a log, is empty or over 100,000 rows long, or its steps do not rise.
    """
    log = read_log(data)
    if log.empty:
        raise InputError("The learning curve holds no step yet.")
    if len(log) > MAX_ROWS:
        raise InputError(f"The learning curve has {len(log):,} rows, more than {MAX_ROWS:,}.")
    stepwise = [name for prefix in OF_STEPS for name in iteration_columns(log, prefix)]
    for name in [*stepwise, *(name for name in _FURTHER if name in log)]:
        if not pd.api.types.is_numeric_dtype(log[name]):
            raise InputError(f"The column {name} of the learning curve holds other than numbers.")
    steps = log["step"].to_numpy(np.float64)
    if not (np.isfinite(steps).all() and steps[0] >= 0 and (np.diff(steps) > 0).all()):
        raise InputError("The steps of the learning curve do not rise from row to row.")
    return log.assign(stage=log["stage"].fillna("").astype(str))


def run_of(name: str) -> str:
    """The run that a log is of, by the log's name.

    Examples
    --------
    >>> run_of("wide.seed2"), run_of("wide")
    ('wide', 'wide')
    """
    match = _SEED.fullmatch(name)
    return match["run"] if match else name


def group_runs(logs: Mapping[str, pd.DataFrame]) -> list[LoggedRun]:
    """The logs by run: ``NAME.seed0``, ``NAME.seed1``, ... are seeds of the one run ``NAME``."""
    runs: dict[str, list[pd.DataFrame]] = {}
    for name, log in logs.items():
        runs.setdefault(run_of(name), []).append(log)
    return [LoggedRun(name, tuple(seeds)) for name, seeds in runs.items()]


def smoothed(values: Values, steps: Values, window: float) -> Values:
    """Running mean that forgets over about ``window`` steps; what is not finite leaves no trace.

    A row weighs as the steps it stands for. The first rows are averaged evenly, so that the curve
    does not hang on its first value. A window of 0 leaves the values as they are. Steps count
    from 1 and rise.

    Examples
    --------
    >>> smoothed(np.array([4.0, 2.0, 9.0]), np.array([10, 20, 30]), 20).tolist()
    [4.0, 3.0, 6.0]
    """
    result = np.array(values, np.float64)
    if not window:
        return result
    mean, count = 0.0, 0.0
    for index, num_steps in enumerate(np.diff(steps, prepend=0)):
        if np.isfinite(result[index]):
            count += num_steps
            mean += max(num_steps / count, min(1.0, num_steps / window)) * (result[index] - mean)
            result[index] = mean
    return result


def curve(run: LoggedRun, column: str, *, window: float = 0) -> pd.DataFrame:
    """A column of the log against ``step``: ``mean``, ``low``, ``high``, ``num_seeds``.

    Low and high are the least and the greatest of the seeds. Between the rows of a seed its line
    is straight, before the first and after the last there is none. Values that are not finite are
    left out.

    Parameters
    ----------
    run : LoggedRun
    column : str
        May be missing or empty; then so is the curve.
    window : float
        Steps to smooth over, in each stage and seed by itself.
    """
    lines = [line for log in run.logs if len((line := _line(log, column, window))[0])]
    if not lines:
        return pd.DataFrame(columns=["step", "mean", "low", "high", "num_seeds"], dtype=np.float64)
    steps = np.unique(np.concatenate([known for known, _ in lines]))
    values = np.stack(
        [np.interp(steps, known, line, left=np.nan, right=np.nan) for known, line in lines]
    )
    return pd.DataFrame(
        {
            "step": steps.astype(np.int64),
            "mean": np.nanmean(values, 0),
            "low": np.nanmin(values, 0),
            "high": np.nanmax(values, 0),
            "num_seeds": np.isfinite(values).sum(0),
        }
    )


def stage_spans(log: pd.DataFrame) -> list[StageSpan]:
    """The stages of a log in their order."""
    steps, names = log["step"].to_numpy(), log["stage"].to_numpy()
    ends = [*np.flatnonzero(names[1:] != names[:-1]), len(names) - 1]
    spans, first = [], 0
    for end in ends:
        spans.append(StageSpan(str(names[end]), first, int(steps[end])))
        first = int(steps[end])
    return spans


def divergences(log: pd.DataFrame) -> list[Divergence]:
    """Where the loss or gradient was not finite, or the error rose to twice its best.

    The error is smoothed over 100 steps, its best is sought in the same stage after as many. The
    training loop has a guard of the same kind that waits longer and ends the run.
    """
    found = [
        Divergence(int(step), f"{name} not finite")
        for column, name in (("loss", "loss"), ("gradient_norm", "gradient"))
        for step in log["step"].to_numpy()[~np.isfinite(log[column].to_numpy(np.float64))]
    ]
    for span in stage_spans(log):
        found += _doublings(log[(log["step"] > span.first) & (log["step"] <= span.last)], span)
    return sorted(found)


def iteration_columns(log: pd.DataFrame, prefix: str = "epe") -> list[str]:
    """``epe_1``, ``epe_2``, ...: the columns of the refinement steps, in order."""
    names = [str(name) for name in log if re.fullmatch(rf"{prefix}_\d+", str(name))]
    return sorted(names, key=lambda name: int(name.rpartition("_")[2]))


def iteration_profile(run: LoggedRun, step: int, *, window: float = 0) -> pd.DataFrame:
    """The error of each refinement step at the logged step next to ``step``.

    Columns: ``iteration`` from 1, and ``step``, ``mean``, ``low``, ``high``, ``num_seeds`` as in
    ``curve``. Iterations that the stage did not have are left out.
    """
    rows: list[dict[str, Any]] = []
    for name in iteration_columns(run.longest):
        line = curve(run, name, window=window)
        if line.empty or not line["step"].iloc[0] <= step:
            continue
        row = line.iloc[int((line["step"] - step).abs().argmin())]
        rows.append({"iteration": int(name[4:]), **row})
    nearest = rows[0]["step"] if rows else 0
    rows = [row for row in rows if row["step"] == nearest]  # others are of a stage before
    return pd.DataFrame(rows, columns=["iteration", "step", "mean", "low", "high", "num_seeds"])


def summary(run: LoggedRun) -> dict[str, Any]:
    """What a run came to: seeds, steps, errors in px (the seeds' mean), hours, divergences.

    ``epe`` is the training error over the last 100 steps or so, ``best_validation_epe`` the least
    of the validations, found at ``best_step``; both NaN where there is none.
    """
    training = curve(run, "epe", window=WINDOW)
    validation = curve(run, "validation_epe")
    best = None if validation.empty else validation.iloc[int(validation["mean"].argmin())]
    return {
        "seeds": len(run.logs),
        "steps": int(run.longest["step"].iloc[-1]),
        "stage": run.longest["stage"].iloc[-1],
        "epe": np.nan if training.empty else float(training["mean"].iloc[-1]),
        "best_validation_epe": np.nan if best is None else float(best["mean"]),
        "best_step": None if best is None else int(best["step"]),
        "hours": float(np.mean([log["seconds"].iloc[-1] for log in run.logs])) / 3600,
        "divergences": sum(len(divergences(log)) for log in run.logs),
    }


def _line(log: pd.DataFrame, column: str, window: float) -> tuple[Values, Values]:
    """Steps and values of a column, smoothed stage by stage, where they are finite."""
    if column not in log:
        return np.empty(0), np.empty(0)
    steps, values = log["step"].to_numpy(np.float64), log[column].to_numpy(np.float64)
    parts = [
        smoothed(values[chosen], steps[chosen] - span.first, window)
        for span in stage_spans(log)
        if (chosen := (steps > span.first) & (steps <= span.last)).any()
    ]
    if steps[0] == 0:  # a row before the first step belongs to no span
        parts = [values[:1], *parts]
    values = np.concatenate(parts)
    known = np.isfinite(values)
    return steps[known], values[known]


def _doublings(log: pd.DataFrame, span: StageSpan) -> list[Divergence]:
    """The steps of one stage at which its smoothed error passes twice its best so far."""
    steps = log["step"].to_numpy(np.float64) - span.first
    errors = smoothed(log["epe"].to_numpy(np.float64), steps, WINDOW)
    settled = steps >= WINDOW
    steps, errors = steps[settled], errors[settled]
    best = np.fmin.accumulate(errors) if len(errors) else errors
    is_bad = errors > DIVERGED * best
    begins = is_bad & ~np.concatenate([[False], is_bad[:-1]])
    return [Divergence(int(step) + span.first, "EPE doubled") for step in steps[begins]]
