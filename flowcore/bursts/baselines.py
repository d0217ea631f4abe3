"""The middle frame of a burst without a burst net: averages, non-local means, flow."""

import math

import cv2
import numpy as np
import torch

from flowcore.ops.convert import flow_to_tensor, frame_to_array, frame_to_tensor
from flowcore.ops.warp import warp
from flowcore.pipeline import DEFAULT_MODEL, run
from flowcore.types import Burst, FlowField, PipelineConfig, UInt8Array

__all__ = [
    "FLOW_CONFIG",
    "aligned_mean",
    "burst_flows",
    "estimate_noise",
    "mean_frame",
    "median_frame",
    "non_local_means",
]

FLOW_CONFIG = PipelineConfig(DEFAULT_MODEL, blur_sigma=1.5)
"""The flow of the aligned mean: blurred first, as the model was not trained on strong noise."""

_STRENGTH = 0.6  # h per noise level, a rule of thumb; fixed ones beside it in docs/results.md
_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def mean_frame(burst: Burst) -> UInt8Array:
    """The mean of all frames, rounded."""
    return np.asarray(np.rint(np.mean(burst.frames, axis=0)), np.uint8)


def median_frame(burst: Burst) -> UInt8Array:
    """The median of all frames, by pixel and channel."""
    return np.asarray(np.median(burst.frames, axis=0), np.uint8)


def non_local_means(burst: Burst, *, strength: float | None = None) -> UInt8Array:
    """OpenCV's non-local means over all frames (Buades, Coll and Morel, CVPR 2005).

    Parameters
    ----------
    burst : Burst
    strength : float, optional
        ``h`` in gray levels; follows from the estimated noise if left out.
    """
    if strength is None:
        strength = _STRENGTH * estimate_noise(burst.frames[burst.reference])
    strength = max(strength, 0.1)  # 0 would divide by zero
    frames = [np.ascontiguousarray(frame[..., ::-1]) for frame in burst.frames]
    smooth = cv2.fastNlMeansDenoisingColoredMulti(
        frames, burst.reference, len(frames), None, strength, strength, 7, 21
    )
    return np.ascontiguousarray(smooth[..., ::-1])


def aligned_mean(burst: Burst) -> UInt8Array:
    """The mean of all frames, each warped to the middle one by a flow model."""
    frames = [frame_to_tensor(burst.frames[burst.reference])]
    for index, flow in burst_flows(burst).items():
        frames.append(warp(frame_to_tensor(burst.frames[index]), flow_to_tensor(flow.uv)))
    return frame_to_array(torch.cat(frames).mean(0, keepdim=True))


def burst_flows(burst: Burst) -> dict[int, FlowField]:
    """The flow from the middle frame to each of the others, by our default flow model."""
    others = (index for index in range(len(burst.frames)) if index != burst.reference)
    return {index: run(burst.pair(index), FLOW_CONFIG).flow for index in others}


def estimate_noise(frame: UInt8Array) -> float:
    """Standard deviation of the noise in gray levels (Immerkaer, CVIU 1996).

    The mean response to a mask that is blind to planes, so that little but noise is left of a
    natural image; 0 where a side is below 3 px.
    """
    if min(frame.shape[:2]) < 3:
        return 0.0
    response = cv2.filter2D(frame.astype(np.float32), -1, _MASK)[1:-1, 1:-1]
    return float(np.abs(response).mean() * math.sqrt(math.pi / 2) / 6)
