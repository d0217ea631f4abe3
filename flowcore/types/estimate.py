"""What comes of it: a net's prediction, a lane's estimate; and the weights behind them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flowcore.errors import InputError
from flowcore.types.arrays import FloatArray
from flowcore.types.config import PipelineConfig
from flowcore.types.frames import FlowField

if TYPE_CHECKING:
    import torch  # two seconds, which a command that only prints help need not wait

__all__ = ["Estimate", "FeatureMap", "Prediction", "Timing", "Weights", "timing_fields"]


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """Something that a model computed on its way, pixel by pixel of a grid.

    Parameters
    ----------
    values : (B, C, h, w)
    stride : int
        Side of a cell of the grid, in px of the frames that the model was given; 1 is their grid.
    meaning : str
        What the channels hold, with unit and range, for people.
    """

    values: "torch.Tensor"
    stride: int
    meaning: str


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a net returns, as tensors.

    Parameters
    ----------
    flow : (B, 2, H, W) float32
        Pixels, first -> second.
    iterates : tuple of (B, 2, H, W)
        The flow after each refinement step, the last equal to ``flow``; empty unless asked for.
    maps : mapping of name to FeatureMap
        Those of the model's ``maps`` that were asked for.
    stages : tuple of str
        Names of the iterates, as many; empty for "iteration 1", "iteration 2" and so on.

    Raises
    ------
    InputError
        Names that are not as many as the iterates.
    """

    flow: "torch.Tensor"
    iterates: "tuple[torch.Tensor, ...]" = ()
    maps: Mapping[str, FeatureMap] = field(default_factory=dict)
    stages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_stages(self.stages, self.iterates)


@dataclass(frozen=True)
class Timing:
    """How long an estimate took: the model loaded and warm, without decoding and metrics.

    Parameters
    ----------
    seconds : float
        Of the shortest run.
    seconds_median : float
        Of all runs.
    runs : int
        How often it was run for this.
    threads : int
        Processor threads that were allowed.
    others : float
        Share of this machine's processor time, 0..1, that other processes took meanwhile.
    peak_bytes : int, optional
        Main memory that it took at its peak beyond what the program and the model held; None where
        that was not measured.
    """

    seconds: float
    seconds_median: float
    runs: int
    threads: int
    others: float = 0.0
    peak_bytes: int | None = None

    @property
    def is_disturbed(self) -> bool:
        """So much else ran meanwhile that the time may be too long."""
        return self.others > _DISTURBING


_DISTURBING = 0.1


def timing_fields(timing: Timing | None) -> dict[str, float | int | None]:
    """The times as documents have them: null, and no run, of an external flow."""
    if timing is None:
        return {"seconds": None, "seconds_median": None, "runs": 0, "threads": None}
    return {
        "seconds": timing.seconds,
        "seconds_median": timing.seconds_median,
        "runs": timing.runs,
        "threads": timing.threads,
    }


@dataclass(frozen=True, eq=False)
class Estimate:
    """The flow of one lane, and what it cost.

    Parameters
    ----------
    flow : FlowField
        Of the pair's own size, valid everywhere (an external flow may have gaps).
    config : PipelineConfig
        The lane.
    timing : Timing, optional
        None of an external flow.
    iterates : tuple of (H, W, 2) float32
        The flow after each refinement step, if kept.
    maps : mapping of name to (H, W, C) float32
        What was kept of the model's ``maps``, brought to the pixels of the pair.
    stages : tuple of str
        Names of the iterates, as many; empty for "iteration 1", "iteration 2" and so on.
    bytes_moved : int
        Of the frames given to the model and of the flow taken from it, float32: 32 per px of every
        crop, with what chunks share, what motion-aware ones grow by, and quick passes; 0 of an
        external flow.
    """

    flow: FlowField
    config: PipelineConfig
    timing: Timing | None = None
    iterates: tuple[FloatArray, ...] = ()
    maps: Mapping[str, FloatArray] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    bytes_moved: int = 0

    @property
    def seconds(self) -> float:
        """Of the shortest run; nan of an external flow, whose time nobody knows."""
        return self.timing.seconds if self.timing else math.nan

    @property
    def threads(self) -> int:
        """Processor threads that were allowed; 0 of an external flow."""
        return self.timing.threads if self.timing else 0

    def __post_init__(self) -> None:
        _require_stages(self.stages, self.iterates)


@dataclass(frozen=True)
class Weights:
    """One set of weights, and where it came from.

    Parameters
    ----------
    file : str
        File name within the weights folder.
    sha256 : str
        Of the file, in hex; checked before loading.
    num_params, num_bytes : int
        Learnt numbers; size of the file.
    recipe, data, licence : str
        How it was trained, on what, and under what terms it may be used.
    scores : mapping
        ``{"middlebury": {"epe": 0.36}}``: measured, with the command in docs/results.md.
    training : mapping
        What a run of this project's own adds: command, seed, steps, hours, hardware, energy,
        known failures.
    passes : int, optional
        How often the net goes over a pair with these weights unless told otherwise, where they
        learnt to do so more than once.
    """

    file: str
    sha256: str
    num_params: int
    num_bytes: int
    recipe: str = ""
    data: str = ""
    licence: str = ""
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    passes: int | None = None


def _require_stages(stages: tuple[str, ...], iterates: tuple[Any, ...]) -> None:
    if stages and len(stages) != len(iterates):
        raise InputError(
            f"There are {len(stages)} names of stages for {len(iterates)} iterates; each iterate "
            "needs one."
        )
