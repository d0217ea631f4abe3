"""How far from the changed pixels a flow breaks."""

from typing import NamedTuple

import cv2
import numpy as np

from flowcore.metrics.flow import epe
from flowcore.types import BoolArray, FlowField, FramePair

__all__ = ["Ring", "Spread", "changed_pixels", "spread_of"]

_RING = 8.0  # px wide
_BROKEN = 1.0  # px; a vector that moved by more is changed


class Ring(NamedTuple):
    """Pixels ``inner`` to ``outer`` px from the changed ones, and how far their flow moved, px."""

    inner: float
    outer: float
    damage: float
    num_pixels: int


class Spread(NamedTuple):
    """How an attack spreads.

    Parameters
    ----------
    share : float
        Percent of all vectors that moved by more than 1 px.
    reach : float
        Distance in px up to which every ring moved by more than 1 px on average; 0 if none did.
    damage : float
        Mean movement in px of the vectors within reach; of the changed pixels alone if it is 0.
    rings : tuple of Ring
        From the changed pixels outwards, the first one being those themselves.
    """

    share: float
    reach: float
    damage: float
    rings: tuple[Ring, ...]


def changed_pixels(clean: FramePair, attacked: FramePair) -> BoolArray:
    """Where either frame differs, (H, W)."""
    differs = (clean.first != attacked.first) | (clean.second != attacked.second)
    return np.asarray(differs.any(2), bool)


def spread_of(clean: FlowField, attacked: FlowField, changed: BoolArray) -> Spread:
    """Where the flow moved, by distance from the pixels that were changed.

    Parameters
    ----------
    clean, attacked : FlowField
    changed : (H, W) bool
        See `changed_pixels`; without any, there is nothing to spread.

    Examples
    --------
    >>> moved = np.zeros((1, 40, 2), np.float32)
    >>> moved[0, :10] = 3, 4
    >>> spread = spread_of(FlowField(0 * moved), FlowField(moved), np.arange(40)[None] < 2)
    >>> spread.share, spread.reach, [ring.damage for ring in spread.rings[:3]]
    (25.0, 8.0, [5.0, 5.0, 0.0])
    """
    damage = epe(attacked.uv, clean.uv)
    share = float(100 * (damage > _BROKEN).mean())
    if not changed.any():
        return Spread(share, 0.0, 0.0, ())
    distance = cv2.distanceTransform(
        (~changed).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    number = np.ceil(distance / _RING).astype(int)  # 0 = the changed pixels
    count = np.bincount(number.ravel())
    total = np.bincount(number.ravel(), damage.ravel())
    means = total / np.maximum(count, 1)
    rings = tuple(
        Ring(max(0.0, (ring - 1) * _RING), ring * _RING, float(means[ring]), int(count[ring]))
        for ring in range(len(count))
    )
    is_whole = means <= _BROKEN
    broken = int(is_whole.argmax()) if is_whole.any() else len(means)
    inside = max(1, broken)
    return Spread(
        share,
        max(0.0, (broken - 1) * _RING),
        float(total[:inside].sum() / count[:inside].sum()),
        rings,
    )
