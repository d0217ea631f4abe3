"""The speed that has the full color: as the pair suggests, or as the person set it."""

import math

from flowcore.errors import ConfigError
from flowcore.types import FramePair
from flowcore.viz.scale import Scale
from pages.components.linked import Linked

__all__ = ["choose_scale", "set_scale"]

MAGNITUDE = Linked[float]("full-color", "{:g}".format)  # px


def choose_scale(pair: FramePair, usual: Scale) -> Scale:
    """The usual scale, unless the address or the viewer says another for this pair's frames."""
    magnitude = MAGNITUDE.choose(pair.frames_digest, _read)
    if magnitude is None:
        return usual
    return Scale.up_to(magnitude, noise_floor=usual.noise_floor)


def set_scale(magnitude: float) -> None:
    """Take over what was set in the viewer, px."""
    if _is_usable(magnitude):
        MAGNITUDE.set(magnitude)


def _read(text: str) -> float:
    try:
        magnitude = float(text)
    except ValueError:
        magnitude = math.nan
    if not _is_usable(magnitude):
        raise ConfigError(
            "The full color of this link is no number of px above 0; the usual one is taken."
        )
    return magnitude


def _is_usable(magnitude: float) -> bool:
    return math.isfinite(magnitude) and 0 < magnitude < 1e6
