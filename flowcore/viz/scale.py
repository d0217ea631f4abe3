"""What full color means, in px, for all pictures of a comparison."""

from collections.abc import Iterable
from dataclasses import dataclass

from flowcore.types import FlowField, FramePair
from flowcore.viz.flow_color import shared_max_magnitude
from flowcore.viz.palette import NOISE_FLOOR

__all__ = ["Scale", "scale_of"]


@dataclass(frozen=True)
class Scale:
    """What full color means, in px, for every panel of a comparison.

    Parameters
    ----------
    max_magnitude, max_error : float
        Speed, and error, that have the full color.
    noise_floor : float
        What is slower is white.
    """

    max_magnitude: float
    max_error: float
    noise_floor: float = NOISE_FLOOR

    @classmethod
    def up_to(cls, magnitude: float, *, noise_floor: float = NOISE_FLOOR) -> "Scale":
        """The scale of that largest speed; errors get a quarter of it, and at least 1 px."""
        return cls(magnitude, max(1.0, magnitude / 4), noise_floor)


def scale_of(pair: FramePair, flows: Iterable[FlowField]) -> Scale:
    """One scale for all flows of a pair and its truth.

    The truth decides where there is one. A twentieth of it may be off the scale: darker, its hue
    kept.
    """
    if pair.truth is not None:
        flows = [pair.truth]
    return Scale.up_to(shared_max_magnitude(flows))
