"""Forward flow and backward flow in turn: where do they lead back to the start?"""

from typing import NamedTuple

import numpy as np
import torch

from flowcore.metrics.statistics import Numbers
from flowcore.ops.bands import row_bands
from flowcore.ops.consistency import consistency_distance, consistency_mask
from flowcore.ops.convert import flow_to_tensor
from flowcore.ops.warp import lands_inside, warp
from flowcore.types import BoolArray, FloatArray, FlowField

__all__ = ["RoundTrip", "round_trip", "round_trip_distance"]


class RoundTrip(NamedTuple):
    """What the round trip of a flow is like.

    Parameters
    ----------
    consistent : (H, W) bool
        Where the two flows agree; see ``flowcore.ops.consistency.consistency_mask``.
    distance : 1-D float64
        Px by which the pixels that stay in the frame miss their start, row by row; of those
        within what was asked for.
    """

    consistent: BoolArray
    distance: Numbers


def round_trip(
    flow: FlowField, backward: FlowField, *, within: BoolArray | None = None
) -> RoundTrip:
    """The round trip by ``flow`` and back by ``backward``, both of one size.

    Only pixels count whose flow is valid, and that of the four around the place where they land.
    ``within``, (H, W) bool, are the pixels whose distances are given; all if left out.
    """
    back = flow_to_tensor(backward.uv)
    known = torch.from_numpy(np.array(backward.valid, np.float32))[None, None]
    consistent, distances = np.empty(flow.size, bool), []
    for rows, _ in row_bands(*flow.size):
        there, top = flow_to_tensor(flow.uv[rows]), rows.start
        counts = torch.from_numpy(np.array(flow.valid[rows]))[None]
        if not backward.valid.all():
            counts &= warp(known, there, top=top)[:, 0] > 0.99
        consistent[rows] = (consistency_mask(there, back, top=top) & counts)[0].numpy()
        counts &= lands_inside(there, top=top, height=len(backward.uv))
        if within is not None:
            counts &= torch.from_numpy(within[rows])[None]
        distances.append(consistency_distance(there, back, top=top)[counts].double().numpy())
    return RoundTrip(consistent, np.concatenate(distances))


def round_trip_distance(flow: FlowField, backward: FlowField) -> FloatArray:
    """Px by which every pixel misses its start, (H, W) float32; lower is better.

    Of a pixel that leaves the frame the border's backward flow is taken.
    """
    back = flow_to_tensor(backward.uv)
    return np.concatenate([
        consistency_distance(flow_to_tensor(flow.uv[rows]), back, top=rows.start)[0].numpy()
        for rows, _ in row_bands(*flow.size)
    ])  # fmt: skip
