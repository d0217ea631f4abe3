"""One pixel of one lane: its matching, its vector, the truth, and pictures of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from flowcore.features.dense import DenseMatching
from flowcore.features.matching import Matching
from flowcore.features.reading import Reading, read_pixel
from flowcore.ops.peaks import DEFAULT_TEMPERATURE
from flowcore.refinement import Refinement
from flowcore.types import FloatArray, FlowField, FramePair, UInt8Array
from flowcore.viz.attention import Lattice, attention_picture, patch_around, patch_strip
from flowcore.viz.viewer_payload import ViewerMap

__all__ = ["Probed", "matching_layers", "probe_pixel"]

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Probed:
    """What is known of a lane at a pixel of the first frame.

    Parameters
    ----------
    x, y : int
        px.
    readings : tuple of Reading
        Of each level; see `flowcore.features.reading`.
    final : (u, v)
        The lane's vector, px.
    truth : (u, v), optional
        The true vector, where it is known.
    path : tuple of (u, v)
        The vector after each stage; empty for a lane without stages.
    """

    x: int
    y: int
    readings: tuple[Reading, ...]
    final: Point
    truth: Point | None
    path: tuple[Point, ...] = ()

    def miss(self, vector: Point) -> float:
        """Distance of a vector from the true one, px; nan without truth."""
        return math.nan if self.truth is None else math.dist(vector, self.truth)

    def row(self, level: int) -> dict[str, float]:
        """Numbers of one level, by name; levels that are not there are the last."""
        reading = self.reading(level)
        best, expected = reading.vector(reading.best), reading.vector(reading.expected)
        return {
            "u": self.final[0],
            "v": self.final[1],
            "epe": self.miss(self.final),
            "best_u": best[0],
            "best_v": best[1],
            "best_miss": self.miss(best),
            "expected_miss": self.miss(expected),
            "entropy": reading.entropy,
            "second": 100 * reading.second_ratio,
            "cell": max(reading.cell),
        }

    def reading(self, level: int) -> Reading:
        """The reading of a level, from 0; the last one for a level beyond."""
        return self.readings[min(level, len(self.readings) - 1)]

    def marks(self, level: int) -> dict[str, Point]:
        """What is drawn on the second frame: key of `flowcore.viz.attention.MARKS` to (x, y)."""
        reading = self.reading(level)
        marks = {
            "start": (self.x, self.y),
            "second": reading.second,
            "expected": reading.expected,
            "best": reading.best,
            "final": self.target(self.final),
        }
        return marks if self.truth is None else {**marks, "truth": self.target(self.truth)}

    def target(self, vector: Point) -> Point:
        """Where a vector leads, x and y in px of the second frame."""
        return self.x + vector[0], self.y + vector[1]

    def attention(self, pair: FramePair, level: int, *, is_near: bool = False) -> UInt8Array:
        """The second frame under the level's attention, with marks and path; all of it or nearby.

        Nearby is as far as the pixel, the final vector and the truth lie apart, and a little more.
        """
        reading = self.reading(level)
        h, w = reading.shares.shape
        middle = reading.positions[h // 2, w // 2]
        marks = self.marks(level)
        ends = [marks[key] for key in ("start", "final", "truth") if key in marks]
        x, y = (sum(axis) / len(ends) for axis in zip(*ends, strict=True))
        spread = max(max(abs(end[0] - x), abs(end[1] - y)) for end in ends)
        return attention_picture(
            pair.second,
            reading.shares,
            Lattice((float(middle[0]), float(middle[1])), reading.cell),
            marks,
            [self.target(vector) for vector in self.path],
            around=(x, y) if is_near else None,
            radius=1.3 * spread + max(24.0, 2.5 * max(reading.cell)),
        )

    def patches(self, pair: FramePair) -> UInt8Array:
        """The pixels around the place in the first frame, and where it is said to be in the second.

        The argmax is that of the first level, counted from the pixel itself.
        """
        reading = self.readings[0]
        places = {
            "final": self.target(self.final),
            "argmax": self.target(reading.vector(reading.best)),
        }
        if self.truth is not None:
            places["truth"] = self.target(self.truth)
        patches = [
            ("first", patch_around(pair.first, (self.x, self.y))),
            *((name, patch_around(pair.second, place)) for name, place in places.items()),
        ]
        return patch_strip(patches)


def probe_pixel(
    pair: FramePair,
    flow: FlowField,
    matching: Matching,
    x: int,
    y: int,
    *,
    refinement: Refinement | None = None,
    temperature: float = DEFAULT_TEMPERATURE,
) -> Probed:
    """What is known of a lane at a pixel.

    Parameters
    ----------
    pair : FramePair
    flow : FlowField
        The lane's.
    matching : Matching
        What the lane compared.
    x, y : int
        px of the first frame.
    refinement : Refinement, optional
        The lane's stages.
    temperature : float
        Of the attention.

    Raises
    ------
    InputError
        A pixel outside the frame.
    """
    readings = read_pixel(matching, x, y, temperature=temperature)
    truth = None
    if pair.truth is not None and pair.truth.valid[y, x]:
        truth = _vector(pair.truth.uv[y, x])
    path: tuple[Point, ...] = ()
    if refinement is not None:
        row, col = y // refinement.thin, x // refinement.thin
        path = tuple(_vector(iterate[row, col]) for iterate in refinement.iterates)
    return Probed(x, y, readings, _vector(flow.uv[y, x]), truth, path)


def _vector(uv: FloatArray) -> Point:
    return float(uv[0]), float(uv[1])


def matching_layers(inside: Mapping[str, DenseMatching]) -> dict[str, tuple[ViewerMap, ...]]:
    """The matching of lanes, by title, as layers of the viewer; all lanes on one scale."""
    most_bits = max((found.most_bits for found in inside.values()), default=1.0)
    layers = {}
    for title, found in inside.items():
        maps = [
            ViewerMap("Matching entropy", found.entropy, most_bits, "bits"),
            ViewerMap("Second peak / best", 100 * found.second_ratio, 100.0, "%"),
        ]
        if found.mutual is not None:
            one_way = np.float32(1) - found.mutual
            maps.append(ViewerMap("Match not mutual", one_way, 1.0))
        layers[title] = tuple(maps)
    return layers
