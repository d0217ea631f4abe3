"""Is a flow meant the way we mean it? A photometric test of sign, order and scale."""

from collections.abc import Mapping

import numpy as np
import torch

from flowcore.metrics.image import photometric_error
from flowcore.ops.convert import flow_to_tensor, frame_to_tensor
from flowcore.ops.resize import resize_frame
from flowcore.ops.warp import lands_inside, warp
from flowcore.types import FlowField, FramePair

__all__ = ["CONVENTIONS", "suspect_convention", "suspicion"]

CONVENTIONS: Mapping[str, str] = {
    "backward": "points from the second frame to the first: both signs are turned",
    "swapped": "has v before u: the channels are swapped",
    "up": "counts v upwards: the sign of v is turned",
    "normalized": "is in fractions of the frame and not in px",
    "grid": "is in fractions of half the frame, as of a sampling grid from -1 to 1, and not in px",
    "half": "is twice as long as the motion: it may be on a grid of twice the size, or a PNG of "
    "DSEC that was read as KITTI's",
    "double": "is half as long as the motion: it may be on a grid of half the size",
}

_CLEARLY_BETTER = 0.8  # times the error of the flow as given
_MAX_PIXELS = 400_000


def suspect_convention(flow: FlowField, pair: FramePair) -> str | None:
    """The key of ``CONVENTIONS`` under which the flow explains the frames clearly better, if any.

    The second frame is warped by the flow as given and by each rearrangement; the mean absolute
    difference to the first frame is taken over known pixels that stay inside under both. A
    rearrangement is suspected if it leaves less than 80 % of the difference, and less than the
    unmoved second frame does.

    Parameters
    ----------
    flow : FlowField
        Of the pair's size.
    pair : FramePair

    Examples
    --------
    >>> still = FramePair(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8))
    >>> suspect_convention(FlowField(np.ones((8, 8, 2))), still) is None
    True
    """
    height, width = flow.size
    factor = min(1.0, (_MAX_PIXELS / (height * width)) ** 0.5)
    size = (max(1, round(height * factor)), max(1, round(width * factor)))
    first, second = (resize_frame(frame_to_tensor(f), size) for f in (pair.first, pair.second))
    valid = resize_frame(torch.from_numpy(np.array(flow.valid, np.float32))[None, None], size)
    known = valid[:, 0] > 0.99

    # Shrunk first and rearranged then, which takes a fraction of the memory.
    small = resize_frame(flow_to_tensor(flow.uv), size)  # (1, 2, h, w), px of the large frame
    ratio = small.new_tensor([size[1] / width, size[0] / height]).view(1, 2, 1, 1)
    given, longest = small * ratio, float(np.abs(flow.uv).max())
    best, best_error = None, np.inf
    for key, rearranged in _rearranged(small, flow.size, longest).items():
        other = rearranged * ratio
        both = known & lands_inside(given) & lands_inside(other)
        if both.float().mean() < 0.1:
            continue
        as_given = photometric_error(first, warp(second, given), both)
        unmoved = photometric_error(first, second, both)
        error = photometric_error(first, warp(second, other), both)
        if error < min(_CLEARLY_BETTER * as_given, unmoved, best_error):
            best, best_error = key, error
    return best


def suspicion(what: str, flow: FlowField, pair: FramePair) -> str | None:
    """A sentence that names the convention that the flow is suspected of; ``what`` begins it."""
    suspected = suspect_convention(flow, pair)
    return suspected and f"{what} explains the frames better if it {CONVENTIONS[suspected]}."


def _rearranged(uv: torch.Tensor, size: tuple[int, int], longest: float) -> dict[str, torch.Tensor]:
    """The flow ``(1, 2, h, w)`` as it would be under each convention that its lengths allow."""
    flows = {
        "backward": -uv,
        "swapped": uv.flip(1),
        "up": uv * uv.new_tensor([1, -1]).view(1, 2, 1, 1),
        "half": 0.5 * uv,
        "double": 2 * uv,
    }
    sides = uv.new_tensor([size[1], size[0]]).view(1, 2, 1, 1)
    if longest <= 1:  # longer vectors cannot be fractions
        flows["normalized"] = uv * sides
    if longest <= 2:
        flows["grid"] = uv * sides / 2
    return flows
