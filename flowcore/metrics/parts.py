"""The parts of a frame that a number can be restricted to, and which numbers are."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from flowcore.metrics import statistics
from flowcore.types import BoolArray, FramePair

__all__ = ["PARTS", "Part", "parts_of"]

_SINTEL = "Butler et al., ECCV 2012 (Sintel)"
_KITTI = "Menze and Geiger, CVPR 2015 (KITTI)"
_SPRING = ("epe", "outlier_1px", "fl", "wauc")


class Part(NamedTuple):
    """What a part is called, where it lies in words, and what is measured of it."""

    label: str
    where: str
    source: str
    group: str
    metrics: tuple[str, ...]


PARTS: Mapping[str, Part] = MappingProxyType({
    "s0_1": Part("s0-1", "where the truth is slower than 1 px/frame", _SINTEL, "speed", ("epe",)),
    "s0_10": Part(
        "s0-10", "where the truth is slower than 10 px/frame", _SINTEL, "speed", _SPRING
    ),
    "s10_40": Part("s10-40", "where the truth moves 10 to 40 px/frame", _SINTEL, "speed", _SPRING),
    "s40_plus": Part(
        "s40+", "where the truth moves 40 px/frame or more", _SINTEL, "speed", _SPRING
    ),
    "matched": Part(
        "matched", "where the pixel is seen in both frames", _SINTEL, "occlusion", _SPRING
    ),
    "unmatched": Part("unmatched", "where the pixel is occluded", _SINTEL, "occlusion", _SPRING),
    "noc": Part(
        "noc", "where the pixel is seen in both frames", _KITTI, "occlusion", ("epe", "fl")
    ),
    "d0_10": Part(
        "d0-10", "less than 10 px from an occlusion boundary", _SINTEL, "occlusion", ("epe",)
    ),
    "d10_60": Part(
        "d10-60", "10 to 60 px from an occlusion boundary", _SINTEL, "occlusion", ("epe",)
    ),
    "d60_140": Part(
        "d60-140", "60 to 140 px from an occlusion boundary", _SINTEL, "occlusion", ("epe",)
    ),
    "bg": Part("bg", "outside of moving objects", _KITTI, "foreground", ("epe", "fl")),
    "fg": Part("fg", "on moving objects", _KITTI, "foreground", ("epe", "fl")),
})  # fmt: skip


def parts_of(pair: FramePair) -> Iterator[tuple[str, BoolArray]]:
    """The parts that the pair knows, each with its pixels, (H, W) bool; one held at a time.

    By true speed; by occlusion and by the distance to its boundary; foreground and background.
    """
    if pair.truth is not None:
        yield from statistics.speed_bins(pair.truth.magnitude).items()
    if pair.occluded is not None:
        yield "matched", ~pair.occluded
        yield "noc", ~pair.occluded
        yield "unmatched", pair.occluded
        yield from statistics.distance_bins(statistics.occlusion_distance(pair.occluded)).items()
    if pair.foreground is not None:
        yield "bg", ~pair.foreground
        yield "fg", pair.foreground
