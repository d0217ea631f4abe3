"""What a training run of a burst net is told: a TOML file, checked before the first step."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from flowcore.errors import ConfigError
from flowcore.models.burst_config import BurstConfig
from flowcore.settings import read_table, validated
from flowcore.training.config import CardConfig

__all__ = ["BurstTraining", "is_burst_config", "load_burst_config"]

ARCHITECTURE = "burst"
Positive = Annotated[int, Field(gt=0)]
Range = tuple[Annotated[float, Field(ge=0, le=200)], Annotated[float, Field(ge=0, le=200)]]


@dataclass(frozen=True, kw_only=True)
class BurstTraining:
    """A run.

    Parameters
    ----------
    tag : str
        The weights will be called ``burst.tag``.
    net : BurstConfig
    steps, batch : int
        Bursts of a step.
    patches : int
        Target patches along a side of what is learnt from: with 1 the loss is over the patch, with
        more over the stitched image.
    motion, noise : (least, most)
        Px from the first frame to the last; gray levels.
    learning_rate : float
        Climbs over ``warm_up`` steps to this, then falls along a half cosine to a fiftieth.
    clip : float
        Longest gradient; longer ones are shortened to it.
    photos : tuple of str
        Folders to cut bursts from; patterns are made where there is none.
    seed : int
    init : str, optional
        A weight file to begin with, instead of random numbers.
    checkpoint_every, validate_every : int
        Steps.
    card : CardConfig
        Changes nothing of the run.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    model: str = ARCHITECTURE
    tag: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
    net: BurstConfig = field(default_factory=BurstConfig)
    steps: Positive
    batch: Positive = 32
    patches: Positive = 1
    motion: Range = (5.0, 5.0)
    noise: Range = (25.0, 25.0)
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    warm_up: Annotated[int, Field(ge=0)] = 50
    clip: Annotated[float, Field(gt=0)] = 0.1
    photos: tuple[str, ...] = ()
    seed: Annotated[int, Field(ge=0, lt=2**24)] = 0
    init: str | None = None
    checkpoint_every: Positive = 250
    validate_every: Positive = 250
    card: CardConfig = field(default_factory=CardConfig)

    @property
    def name(self) -> str:
        """Of the weights."""
        return f"{self.model}.{self.tag}"

    @property
    def side(self) -> int:
        """Px of a burst's side, the halo included."""
        net = self.net
        return net.target_field + (self.patches - 1) * net.step + 2 * net.halo

    @property
    def digest(self) -> str:
        """sha256 of every setting but the card, in hex."""
        settings = asdict(self)
        del settings["card"]
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    def rate_at(self, step: int) -> float:
        """The learning rate of step number ``step``, from 0."""
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        part = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))


def is_burst_config(path: str | Path) -> bool:
    """Whether a training config is of a burst net."""
    return read_table(path, what="training").get("model") == ARCHITECTURE


def load_burst_config(path: str | Path, **changes: Any) -> BurstTraining:
    """The config in a TOML file, some of its top-level settings replaced.

    Raises
    ------
    ConfigError
        The file cannot be read, or a key or value is not one that is known.
    """
    table = read_table(path, what="training") | changes
    config = validated(BurstTraining, path, table, what="training")
    if config.model != ARCHITECTURE:
        raise ConfigError(f"{path} is of {config.model}, not of {ARCHITECTURE}.")
    return config
