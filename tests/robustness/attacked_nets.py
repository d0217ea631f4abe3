"""Victims that can be worked out by hand, and a trained one."""

import numpy as np
import torch
from torch import nn

from flowcore.data.samples import photo
from flowcore.robustness.attacks.victim import victim_of
from flowcore.types import FlowField, FramePair, PipelineConfig, Prediction

SCOPE = PipelineConfig("scope_035.scenes", iterations=3)


class Colors(nn.Module):
    """u is ten times the first frame's red, v ten times the second one's green, pixel by pixel."""

    stride, min_size, default_iterations = 1, 1, None

    def forward(self, first, second, *, iterations=None, keep=frozenset()):
        return Prediction(10 * torch.stack([first[:, 0], second[:, 1]], 1))

    def memory_bytes(self, height, width):
        return height * width


def colors_victim():
    return victim_of(PipelineConfig("colors"), model=Colors())


def even_pair(level=0.5, size=(6, 8)):
    frame = np.full((*size, 3), round(255 * level), np.uint8)
    return FramePair(frame, frame)


def photo_pair(size=(64, 64), motion=(3, 1)):
    """A part of a photo that moves by whole px."""
    picture, (height, width), (u, v) = photo("chelsea"), size, motion
    top, left = 80, 120
    truth = FlowField(np.broadcast_to(np.float32(motion), (*size, 2)))
    return FramePair(
        picture[top : top + height, left : left + width],
        picture[top - v : top - v + height, left - u : left - u + width],
        truth,
    )
