"""Channels of an encoder, and where along each row and column they are greatest and least."""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from flowcore.errors import InputError
from flowcore.ops.matching import MatchingLevel
from flowcore.types import FloatArray, IntArray

__all__ = ["ChannelFeatures", "channel_features", "encoder_levels"]


@dataclass(frozen=True, eq=False)
class ChannelFeatures:
    """One channel of the first frame's features, and its argmax features.

    Parameters
    ----------
    values : (h, w) float32
        On the encoder's grid, scaled as for matching.
    row_argmax, row_argmin : (h,) int32
        Column of each row's greatest and least value; the first of equals.
    column_argmax, column_argmin : (w,) int32
        Row of each column's greatest and least value.
    max_pooled, min_pooled : (ceil(h / p), ceil(w / p)) float32
        Greatest and least of each p x p block: pooling keeps that something was there, and where
        only to a block.
    """

    values: FloatArray
    row_argmax: IntArray
    row_argmin: IntArray
    column_argmax: IntArray
    column_argmin: IntArray
    max_pooled: FloatArray
    min_pooled: FloatArray


def channel_features(level: MatchingLevel, number: int, *, pool: int = 4) -> ChannelFeatures:
    """A channel of the features that a level compares, with its argmax features.

    Parameters
    ----------
    level : MatchingLevel
    number : int
        Of the channel, from 0.
    pool : int
        Side of the blocks that are pooled, in cells.

    Raises
    ------
    InputError
        There is no such channel, or blocks of less than one cell.
    """
    count = len(level.queries)
    if not 0 <= number < count:
        raise InputError(f"There is no channel {number}; there are {count}, counted from 0.")
    if pool < 1:
        raise InputError(f"Blocks must be 1 cell wide or more, got {pool}.")
    values = level.queries[number]

    def pooled(sign: int) -> FloatArray:
        whole = F.max_pool2d(sign * values[None], pool, ceil_mode=True)[0]
        return _array(sign * whole)

    return ChannelFeatures(
        _array(values),
        _indices(values.argmax(1)),
        _indices(values.argmin(1)),
        _indices(values.argmax(0)),
        _indices(values.argmin(0)),
        pooled(1),
        pooled(-1),
    )


def encoder_levels(levels: tuple[object, ...]) -> tuple[MatchingLevel, ...]:
    """One level for each grid of the encoder, as listed; none for a classical method."""
    found = {level.stride: level for level in reversed(levels) if isinstance(level, MatchingLevel)}
    return tuple(level for level in levels if level in found.values())  # type: ignore[misc]


def _array(tensor: torch.Tensor) -> FloatArray:
    return tensor.float().numpy().copy()


def _indices(tensor: torch.Tensor) -> IntArray:
    return tensor.to(torch.int32).numpy().copy()
