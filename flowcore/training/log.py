"""The log of a run: a CSV file, a row every few steps."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from flowcore.errors import ConfigError, InputError
from flowcore.io.atomic import write_bytes
from flowcore.training.config import TrainingConfig

__all__ = ["LOG_COLUMNS", "RunLog", "StepRecord", "read_log"]

LOG_COLUMNS = (
    "step",
    "stage",
    "learning_rate",
    "loss",
    "epe",
    "gradient_norm",
    "validation_epe",
    "seconds",
)


class StepRecord(NamedTuple):
    """What one step came to; ``epes`` has an error in px for each refinement step.

    ``more`` has what else was measured, by column.
    """

    loss: float
    epes: list[float]
    norm: float
    more: dict[str, float] | None = None


class RunLog:
    """Means over ``log_every`` steps; rows are written with each checkpoint.

    A resumed run drops the rows after its checkpoint. Beside ``LOG_COLUMNS`` there is a column
    ``epe_1``, ``epe_2``, ... for each refinement step, px. ``pending`` are the steps since the last
    row; a checkpoint keeps them.

    A run with semantics has further columns: ``flow_loss``, ``semantic_loss`` and so on, the parts
    of its loss as they are weighed; ``flow_loss_1``, ``semantic_loss_1``, ... the same of each
    refinement step before they are weighed; ``flow_gradient`` and so on, the norm of each part's
    gradient, and ``angle``, between those of flow and semantics, in degrees; and for each head that
    learns what validation finds of it: ``validation_miou``, ``validation_occlusion_f1`` (percent),
    ``validation_ause``.
    """

    def __init__(
        self,
        path: Path,
        config: TrainingConfig,
        *,
        keep_steps: int = 0,
        pending: Iterable[tuple[Any, ...]] = (),
    ) -> None:
        self.path, self.every = path, config.log_every
        self.num_iterations = max(stage.most_iterates for stage in config.stages)
        self.more = _further_columns(config, self.num_iterations)
        self.validated = _of_heads(config)
        self.fields = [
            *LOG_COLUMNS,
            *(f"epe_{n + 1}" for n in range(self.num_iterations)),
            *self.more,
            *(f"validation_{name}" for name in self.validated),
        ]
        self.rows = _rows_until(keep_steps, path) if keep_steps and path.is_file() else []
        self.pending = [StepRecord(*record) for record in pending]

    def add(
        self,
        step: int,
        stage: str,
        rate: float,
        record: StepRecord,
        validated: Mapping[str, float],
        seconds: float,
    ) -> None:
        """Take note of one step; ``validated`` is what validation found after it, if it was due."""
        self.pending.append(record)
        if step % self.every and not validated:
            return
        num_iterations = len(record.epes)  # of this stage; the one before may have had others
        alike = [past.epes for past in self.pending if len(past.epes) == num_iterations]
        means = [_mean_known(values) for values in zip(*alike, strict=True)]
        self.rows.append(
            [
                str(step),
                stage,
                f"{rate:.3g}",
                _mean([past.loss for past in self.pending]),
                means[-1],
                _mean([past.norm for past in self.pending]),
                _known(validated, "epe"),
                f"{seconds:.1f}",
                *means,
                *[""] * (self.num_iterations - len(means)),
                *(self._mean_of(name) for name in self.more),
                *(_known(validated, name) for name in self.validated),
            ]
        )
        self.pending = []

    def _mean_of(self, column: str) -> str:
        """Over the pending steps that measured it."""
        found = [past.more[column] for past in self.pending if past.more and column in past.more]
        return _mean(found) if found else ""

    def flush(self) -> None:
        """Write all rows, in one piece."""
        buffer = io.StringIO(newline="")
        csv.writer(buffer).writerows([self.fields, *self.rows])
        try:
            write_bytes(self.path, buffer.getvalue().encode())
        except OSError as error:
            raise ConfigError(
                f"The log {self.path} cannot be written ({error.strerror})."
            ) from error


def _further_columns(config: TrainingConfig, num_iterations: int) -> list[str]:
    if config.semantic is None:
        return []
    parts = ("flow", *config.semantic.parts)
    of_steps = [name for name in ("flow", "semantic") if name in parts]
    return [
        *(f"{name}_loss" for name in parts),
        *(f"{name}_loss_{n + 1}" for name in of_steps for n in range(num_iterations)),
        *(f"{name}_gradient" for name in parts),
        *(["angle"] if "semantic" in parts else []),
    ]


def _of_heads(config: TrainingConfig) -> tuple[str, ...]:
    """What validation finds of the heads that learn, as ``flowcore.training.validation`` has it."""
    names = {"classes": "miou", "occlusion": "occlusion_f1", "log_scale": "ause"}
    maps = config.semantic.maps if config.semantic else frozenset()
    return tuple(name for head, name in names.items() if head in maps)


def read_log(data: bytes | Path) -> "pd.DataFrame":
    """The log of a run as a table.

    Raises
    ------
    InputError
        It is no CSV, or lacks one of ``LOG_COLUMNS``, or has words where numbers belong.
    """
    try:
        table = pd.read_csv(io.BytesIO(data) if isinstance(data, bytes) else data)
    except (OSError, ValueError) as error:
        raise InputError("The learning curve is not a CSV file that can be read.") from error
    missing = [name for name in LOG_COLUMNS if name not in table]
    if missing:
        raise InputError(f"The learning curve lacks the columns {', '.join(missing)}.")
    for name in LOG_COLUMNS:
        if len(table) and name != "stage" and not pd.api.types.is_numeric_dtype(table[name]):
            raise InputError(f"The column {name} of the learning curve holds other than numbers.")
    return table


def _rows_until(step: int, path: Path) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [row for row in list(csv.reader(file))[1:] if int(row[0]) <= step]
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise ConfigError(
            f"The log {path} cannot be read; move it away to begin another."
        ) from error


def _mean(values: Sequence[float]) -> str:
    return _rounded(sum(values) / len(values))


def _mean_known(errors: Sequence[float]) -> str:
    """Of those that are known; some labelled pairs come without a true flow."""
    known = [error for error in errors if not math.isnan(error)]
    return _mean(known) if known else _rounded(math.nan)


def _known(validated: Mapping[str, float], name: str) -> str:
    value = validated.get(name, math.nan)
    return "" if math.isnan(value) else _rounded(value)


def _rounded(value: float) -> str:
    return f"{value:.5g}"
