"""Time to contact: what comes near expands; turn away from it, and slow down.

Camus et al., Real-Time Single-Workstation Obstacle Avoidance Using Only Wide-Field Flow Divergence,
1996. Of a wall ahead, the divergence of the flow is 2 over the number of frames until contact.
"""

from itertools import pairwise

import torch

from flowcore.tasks.vehicle import MAX_TURN, Command, throttle_for
from flowcore.tasks.world_camera import Camera

__all__ = ["expansion", "steer_by_contact"]

_SECTORS = 5  # windows side by side
_REACH = 2  # px to either side, of which a derivative is the difference
_BAND = 0.25  # of the frame's height above and below the horizon
_GAIN = 6.0  # frames
_NEAR = 0.1  # 1 / frames; what expands so fast ahead doubles its turns


def steer_by_contact(flow: torch.Tensor, camera: Camera) -> Command:
    """Turn from the side that expands faster, the more the nearer what is ahead is."""
    rate = expansion(flow, camera)  # (B, 5), 1 / frames until contact
    ahead = rate[:, 1:4].amax(1)
    left, right = (2 * rate[:, 1] + rate[:, 0]) / 3, (2 * rate[:, 3] + rate[:, 4]) / 3
    urge = (left - right) * (1 + ahead / _NEAR)
    return Command(MAX_TURN * torch.tanh(_GAIN * urge), throttle_for(ahead))


def expansion(flow: torch.Tensor, camera: Camera) -> torch.Tensor:
    """Half the divergence of five windows around the horizon, left to right, (B, 5).

    The interquartile mean of each window: the edges of near things, across which flow jumps, are
    left out, as by the median of Camus et al., and yet many pixels have a slope.
    """
    top = round(camera.height * (0.5 - _BAND))
    band = flow[:, :, top : camera.height - top]
    across = band[:, 0, _REACH:-_REACH, 2 * _REACH :] - band[:, 0, _REACH:-_REACH, : -2 * _REACH]
    down = band[:, 1, 2 * _REACH :, _REACH:-_REACH] - band[:, 1, : -2 * _REACH, _REACH:-_REACH]
    half = (across + down) / (4 * _REACH)  # (B, h, W - 4)
    edges = [round(number * half.shape[2] / _SECTORS) for number in range(_SECTORS + 1)]
    windows = [half[..., left:right].flatten(1).sort(1).values for left, right in pairwise(edges)]
    quarters = [window.shape[1] // 4 for window in windows]
    return torch.stack(
        [
            window[:, quarter : window.shape[1] - quarter].mean(1)
            for window, quarter in zip(windows, quarters, strict=True)
        ],
        1,
    )
