"""Pairs resized and cropped: pictures are blended, labels and sparse truth never are."""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from flowcore.data.scenes import Scenes
from flowcore.ops.convert import flow_to_tensor, frame_to_tensor
from flowcore.types import FramePair

__all__ = ["Window", "scene_in"]


@dataclass(frozen=True)
class Window:
    """What of a pair is seen: resized by ``scale``, then cut out.

    Parameters
    ----------
    scale : float
    top, left : float
        Place of the cut in what it could be, 0 .. 1.
    """

    scale: float = 1.0
    top: float = 0.5
    left: float = 0.5


def scene_in(pair: FramePair, size: tuple[int, int], window: Window) -> Scenes:
    """The part of a pair in a window, as a batch of one scene of ``size`` (height, width).

    The scale is raised until the pair covers the size. Frames are bilinear with antialiasing; the
    truth, its mask and the labels are those of the nearest pixel, for between two classes lies
    a third one, and between two motions none; the vectors are rescaled.
    """
    height, width = pair.size
    scale = max(window.scale, size[0] / height, size[1] / width)
    full = (max(size[0], round(height * scale)), max(size[1], round(width * scale)))
    top = round(window.top * (full[0] - size[0]))
    left = round(window.left * (full[1] - size[1]))
    cut = (slice(None), slice(None), slice(top, top + size[0]), slice(left, left + size[1]))
    first, second = (
        F.interpolate(
            frame_to_tensor(frame), full, mode="bilinear", align_corners=False, antialias=True
        )[cut].clamp(0, 1)
        for frame in (pair.first, pair.second)
    )

    def nearest(values: torch.Tensor) -> torch.Tensor:
        return F.interpolate(values.float(), full, mode="nearest-exact")[cut]

    flow, valid = torch.zeros(1, 2, *size), torch.zeros(1, *size, dtype=torch.bool)
    if pair.truth is not None:
        ratio = torch.tensor([full[1] / width, full[0] / height]).view(1, 2, 1, 1)
        flow = nearest(flow_to_tensor(pair.truth.uv)) * ratio
        valid = nearest(torch.from_numpy(pair.truth.valid.copy())[None, None])[:, 0] > 0.5
    unknown = torch.zeros(1, *size, dtype=torch.long)
    classes, second_classes = (
        unknown
        if labels is None
        else nearest(torch.from_numpy(labels.copy())[None, None])[:, 0].long()
        for labels in (pair.labels, pair.second_labels)
    )
    hidden = unknown.bool()
    if pair.occluded is not None:
        hidden = nearest(torch.from_numpy(pair.occluded.copy())[None, None])[:, 0] > 0.5
    return Scenes(first, second, flow, hidden, classes, valid, classes, second_classes)
