"""One pixel's matching in numbers: where the best match is, how sure, and what came second."""

from dataclasses import dataclass

import numpy as np

from flowcore.features.matching import Matching
from flowcore.ops.peaks import (
    DEFAULT_TEMPERATURE,
    attention,
    entropy_bits,
    expected_position,
    two_peaks,
)
from flowcore.types import FloatArray

__all__ = ["Reading", "read_pixel"]

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Reading:
    """What one level says of a pixel.

    Parameters
    ----------
    level : str
        Its name.
    shares : (h, w) float32
        The attention: softmax of the scores, sums to 1.
    positions : (h, w, 2) float32
        Where in the second frame each share lies, x and y in px.
    asked_at : (x, y)
        The middle of the pixel's cell in the first frame, px; matches count from there.
    cell : (x, y)
        Px of the pair from one cell of the second frame to the next.
    best, second, expected : (x, y)
        Argmax, second peak, and soft-argmax in the second frame, px.
    second_ratio : float
        Share of the second peak over that of the best, 0..1; near 1 the choice is a coin toss.
    entropy : float
        Bits: 0 is sure, k means one of about 2**k cells.
    """

    level: str
    shares: FloatArray
    positions: FloatArray
    asked_at: Point
    cell: Point
    best: Point
    second: Point
    expected: Point
    second_ratio: float
    entropy: float

    def vector(self, point: Point) -> Point:
        """From the asked place to a point of the second frame, (u, v) in px."""
        return point[0] - self.asked_at[0], point[1] - self.asked_at[1]


def read_pixel(
    matching: Matching, x: int, y: int, *, temperature: float = DEFAULT_TEMPERATURE
) -> tuple[Reading, ...]:
    """What every level says of a pixel of the first frame.

    Parameters
    ----------
    matching : Matching
    x, y : int
        px of the pair.
    temperature : float
        The scores are divided by it before the softmax.

    Raises
    ------
    InputError
        A pixel outside the frame.
    ConfigError
        A temperature that is not above 0.
    """
    view = matching.view_at(x, y)
    readings = []
    for level in view.levels:
        height, width = level.size
        row = view.place.cells(np.array([y]), 1, stride=level.stride, count=height).item()
        col = view.place.cells(np.array([x]), 0, stride=level.stride, count=width).item()
        surface = level.surface(row, col)
        shares = attention(surface.scores[None], temperature=temperature)
        positions = view.place.second_to_frame(surface.positions.numpy())
        peaks = two_peaks(surface.scores[None])
        flat = positions.reshape(-1, 2)
        spacing = level.key_stride * level.step
        middle = (np.array([col, row]) + 0.5) * level.stride - 0.5
        readings.append(
            Reading(
                level.name,
                shares[0].numpy(),
                positions,
                _point(view.place.first_to_frame(middle)),
                (spacing / view.place.scale[0], spacing / view.place.scale[1]),
                _point(flat[int(peaks.best)]),
                _point(flat[int(peaks.second)]),
                _point(view.place.second_to_frame(
                    expected_position(shares, surface.positions)[0].numpy()
                )),
                float(np.exp(-peaks.gap.item() / temperature)),
                entropy_bits(shares).item(),
            )
        )  # fmt: skip
    return tuple(readings)


def _point(position: FloatArray) -> Point:
    return float(position[0]), float(position[1])
