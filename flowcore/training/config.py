"""What a training run is told: every setting, and what each may be."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from flowcore.data.augment import AugmentConfig
from flowcore.data.scenes import SceneConfig
from flowcore.errors import ConfigError
from flowcore.models.flownet_parts import NUM_HEADS
from flowcore.training.precision import Precision
from flowcore.training.semantic_config import SemanticConfig

__all__ = [
    "CardConfig",
    "LossConfig",
    "Stage",
    "TrainingConfig",
]

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**24)]
_LATER = frozenset(
    {
        "semantic",
        "balance",
        "heads_alone",
        "twice",
        "uniform_speed",
        "uniform_camera",
        "faint",
        "small",
        "faint_planes",
        "furniture",
    }
)


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """What is minimized.

    Parameters
    ----------
    gamma : float
        Weight of each refinement step relative to the next one.
    power : float
        Of the endpoint error; 1 is the mean, less lets small errors count more.
    balance : float
        How much more the pixels of small objects count: 0 as all others, 1 so that all objects
        count alike (`flowcore.losses.object_weights`).
    census, ssim : float
        Weights of the mismatch of the warped second frame, over visible pixels.
    smoothness : float
        Weight of the flow's roughness away from edges of the frame.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    gamma: Annotated[float, Field(gt=0, le=1)] = 0.8
    power: Annotated[float, Field(gt=0, le=2)] = 1.0
    balance: Share = 0.0
    census: Weight = 0.0
    ssim: Weight = 0.0
    smoothness: Weight = 0.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One part of the schedule: its scenes, and its own curve of the learning rate.

    The rate climbs linearly over ``warm_up`` steps to ``learning_rate``, then falls along a half
    cosine to ``final`` times that. Of a net in parts, as a stack of networks is, those named in
    ``learns`` learn and all else rests; all learn if none is named. In a stack the loss looks at
    the flows of ``heads``, at those of the last that learns if none is named, and those that learn
    begin with the weights of ``begins_as``, a network of the same shape, if one is named. In the
    share ``twice`` of the steps the net goes over the scenes a second time, on frames twice as
    large.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    steps: Positive
    batch: Positive = 4
    size: tuple[Positive, Positive] = (192, 256)  # height, width of the scenes
    iterations: Positive = 9
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    warm_up: Annotated[int, Field(ge=0)] = 200
    final: Share = 0.05
    frozen_norm: bool = False
    learns: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    begins_as: str | None = None
    twice: Share = 0.0
    scenes: SceneConfig = field(default_factory=SceneConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)

    @property
    def watched(self) -> tuple[str, ...]:
        """The networks of a stack whose flows the loss looks at."""
        return self.heads or self.learns[-1:]

    @property
    def most_iterates(self) -> int:
        """How many flows of a step the loss looks at, at most."""
        return max(self.iterations * (2 if self.twice else 1), NUM_HEADS * len(self.watched))

    def passes_at(self, step: int) -> int:
        """How often the net goes over the scenes of a step of this stage, counted from 0."""
        return 1 + math.floor((step + 1) * self.twice) - math.floor(step * self.twice)


@dataclass(frozen=True, kw_only=True)
class CardConfig:
    """What the card of the weights says beside the measured facts: plain words.

    Parameters
    ----------
    data : str
        Names of the photo sets and under what terms they may be used.
    licence : str
        Of the weights.
    failures : str
        What the model is known to get wrong.
    is_early : bool
        Not yet what its kind can be: good to look inside with, not to be compared.
    study : str
        What it was trained to show beside others of the same study, such as "semantic loss". It is
        left out where all models are compared.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    data: str = ""
    licence: str = "not stated"
    failures: str = ""
    is_early: bool = False
    study: str = ""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A run.

    Parameters
    ----------
    model : str
        An architecture, such as ``scope_070``.
    tag : str
        The weights will be called ``model.tag``.
    stages : tuple of Stage
        Each with a name of its own.
    photos : tuple of str
        Folders to cut scenes from; patterns are made where there is none. Relative paths count
        from where the command runs.
    furniture : int
        Outlines of furniture that objects have beside those of all other kinds; such objects have
        no class, so there are none where classes are learnt.
    seed : int
    init : str, optional
        A weight file to begin with, instead of random numbers.
    init_model : str, optional
        The smaller size that ``init`` holds weights of, where it is not ``model`` itself.
    precision : "float32" or "bfloat16"
        The latter where the device has instructions for it.
    clip : float
        Longest gradient; longer ones are shortened to it.
    weight_decay : float
    ema : float
        Share of the averaged weights that each step keeps. The averaged ones ship.
    checkpoint_every, validate_every, log_every : int
        Steps.
    semantic : SemanticConfig, optional
        What it learns of classes and from labelled pairs; nothing if left out.
    card : CardConfig
        Changes nothing of the run.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    model: str
    tag: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")] = "scenes"
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    photos: tuple[str, ...] = ()
    furniture: Annotated[int, Field(ge=0, le=10_000)] = 0
    seed: Seed = 0
    init: str | None = None
    init_model: str | None = None
    precision: Precision = "bfloat16"
    clip: Annotated[float, Field(gt=0)] = 1.0
    weight_decay: Weight = 1e-5
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    checkpoint_every: Positive = 250
    validate_every: Positive = 500
    log_every: Positive = 20
    semantic: SemanticConfig | None = None
    card: CardConfig = field(default_factory=CardConfig)

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"Several stages are called {name}: each has a name of its own.")

    @property
    def steps(self) -> int:
        """Of all stages."""
        return sum(stage.steps for stage in self.stages)

    @property
    def digest(self) -> str:
        """sha256 of every setting, in hex: a checkpoint goes on under the same settings alone."""
        settings = asdict(self)
        del settings["card"]
        return hashlib.sha256(json.dumps(_as_before(settings), sort_keys=True).encode()).hexdigest()

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """The stage that step number ``step`` (from 0) belongs to, and the step within it."""
        for stage in self.stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        raise ValueError("The run has no such step.")


def _as_before(settings: Any) -> Any:
    """Without the later settings that are off: as in the digests of runs from before them."""
    if isinstance(settings, dict):
        return {
            name: _as_before(value)
            for name, value in settings.items()
            if value or name not in _LATER
        }
    if isinstance(settings, list | tuple):
        return [_as_before(value) for value in settings]
    return settings
