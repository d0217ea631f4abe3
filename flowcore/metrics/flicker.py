"""How calm a flow is in time: what changes of a pixel's motion from one pair to the next."""

import numpy as np
import torch

from flowcore.errors import ShapeMismatchError
from flowcore.metrics import statistics
from flowcore.metrics.summary import Measurement
from flowcore.ops.bands import row_bands
from flowcore.ops.convert import flow_to_tensor
from flowcore.ops.warp import lands_inside, warp
from flowcore.types import BoolArray, FlowField

__all__ = ["flicker"]


def flicker(flow: FlowField, following: FlowField, within: BoolArray) -> Measurement:
    """Mean length of what a pixel's vector changes by until the next pair, px; lower is calmer.

    ``|following(x + flow(x)) - flow(x)|``: the motion that a pixel has, and that of the place where
    it arrives, one frame later (bilinear). A motion that stays the same has none; where things
    speed up, so does the truth, whose own flicker is what to compare with.

    Parameters
    ----------
    flow : FlowField
        From one frame to the next.
    following : FlowField
        From that frame to the one after it.
    within : (H, W) bool
        The pixels that count, such as those that are seen in both frames. Of them those whose
        vector is known and ends in the frame, where the next one is known.

    Returns
    -------
    Measurement
        nan over 0 pixels where none counts.

    Raises
    ------
    ShapeMismatchError
        The flows or the mask differ in size.

    Notes
    -----
    The warping error of Lai et al., ECCV 2018, of flows instead of frames.

    Examples
    --------
    Everything moves by one pixel to the right, then by one to the left:

    >>> right, left = (FlowField(np.full((1, 3, 2), (u, 0), np.float32)) for u in (1, -1))
    >>> flicker(right, left, np.ones((1, 3), bool))
    Measurement(value=2.0, num_pixels=2)
    """
    if not flow.size == following.size == within.shape:
        raise ShapeMismatchError(
            f"The flows have (height, width) {flow.size} and {following.size}, the pixels that "
            f"count {within.shape}."
        )
    after = flow_to_tensor(following.uv)
    known = torch.from_numpy(np.array(following.valid, np.float32))[None, None]
    found = []
    for rows, _ in row_bands(*flow.size):
        there, top = flow_to_tensor(flow.uv[rows]), rows.start
        counts = torch.from_numpy(flow.valid[rows] & within[rows])[None]
        counts &= lands_inside(there, top=top, height=flow.size[0])
        if not following.valid.all():
            counts &= warp(known, there, top=top)[:, 0] > 0.99
        change = torch.linalg.vector_norm(warp(after, there, top=top) - there, dim=1)
        found.append(change[counts].double().numpy())
    values = np.concatenate(found)
    return Measurement(statistics.mean(values), values.size)
