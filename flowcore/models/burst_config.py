"""What a variant of the burst net is: its fields, tokens and inputs."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from flowcore.errors import ConfigError

__all__ = ["BurstConfig", "Position"]

Position = Literal["none", "learned", "relative"]


@dataclass(frozen=True, kw_only=True)
class BurstConfig:
    """One variant.

    Parameters
    ----------
    num_frames : int
        Of a burst, odd; the middle one is the reference.
    source_field, target_field : int
        Sides in px of what a patch sees in every frame, and of what it predicts.
    stride : int, optional
        Px from one target patch to the next; below ``target_field`` they overlap and are blended.
        They lie side by side if left out.
    token : int
        Side of a token in px.
    d_model, heads, layers : int
        Channels of a token; heads and layers of attention.
    position : "none", "learned" or "relative"
        How tokens know their place: not at all, by a code for each place in each frame, or by a
        bias for each offset in each frame.
    with_middle : bool
        Whether the middle frame is among the inputs; else the mean of its neighbors asks.
    palette : bool
        Whether pixels are replaced by the nearest of 512 colors.
    convolution : bool
        Whether two convolutions go over the whole image at the end.

    Raises
    ------
    ConfigError
        Settings that contradict each other.
    """

    num_frames: int = 5
    source_field: int = 16
    target_field: int = 8
    stride: int | None = None
    token: int = 2
    d_model: int = 64
    heads: int = 4
    layers: int = 2
    position: Position = "relative"
    with_middle: bool = True
    palette: bool = False
    convolution: bool = False

    def __post_init__(self) -> None:
        if self.num_frames < 3 or self.num_frames % 2 == 0:
            raise ConfigError(
                f"A burst has an odd number of frames, 3 or more, got {self.num_frames}."
            )
        if min(self.token, self.d_model, self.heads, self.layers, self.target_field) < 1:
            raise ConfigError("Token, d_model, heads, layers and fields must be 1 or more.")
        if self.halo < 0 or (self.source_field - self.target_field) % (2 * self.token):
            raise ConfigError(
                f"The source field exceeds the target field by a multiple of {2 * self.token} px "
                f"(a token on each side), got {self.source_field} and {self.target_field}."
            )
        if self.target_field % self.token or self.step % self.token:
            raise ConfigError(
                f"Target field and stride are multiples of the token's {self.token} px, "
                f"got {self.target_field} and {self.step}."
            )
        if not 1 <= self.step <= self.target_field:
            raise ConfigError(
                f"The stride lies in 1..{self.target_field} px, the target field, got {self.step}."
            )
        if self.d_model % self.heads:
            raise ConfigError(f"d_model must be a multiple of {self.heads}, got {self.d_model}.")
        if self.position not in get_args(Position):
            raise ConfigError(
                f"Unknown position {self.position!r}; choose from {get_args(Position)}."
            )

    @property
    def halo(self) -> int:
        """Px of the source field on each side of the target field."""
        return (self.source_field - self.target_field) // 2

    @property
    def step(self) -> int:
        """Px from one target patch to the next."""
        return self.target_field if self.stride is None else self.stride

    @property
    def inputs(self) -> tuple[int, ...]:
        """The frames that are seen."""
        middle = self.num_frames // 2
        return tuple(n for n in range(self.num_frames) if self.with_middle or n != middle)

    @property
    def target_tokens(self) -> int:
        """Tokens along a side of the target field."""
        return self.target_field // self.token

    @property
    def source_tokens(self) -> int:
        """Tokens along a side of the source field."""
        return self.source_field // self.token

    @property
    def num_weights(self) -> int:
        """Attention weights of one patch."""
        pairs = self.target_tokens**2 * self.source_tokens**2
        return self.heads * len(self.inputs) * pairs

    def covered(self, length: int) -> int:
        """Px that the target patches along a side cover: ``length`` or a little more."""
        return self.target_field + self.step * (self._along(length) - 1)

    def rows_and_cols(self, height: int, width: int) -> tuple[int, int]:
        """How many target patches it takes to cover that size in px."""
        return self._along(height), self._along(width)

    def _along(self, length: int) -> int:
        return max(0, math.ceil((length - self.target_field) / self.step)) + 1
