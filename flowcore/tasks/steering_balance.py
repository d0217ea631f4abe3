"""Balance: as bees that center themselves between two walls, turn to where flow is slower.

Souhila and Karim, Optical Flow Based Robot Obstacle Avoidance, 2007; Srinivasan et al., 1996.
"""

import torch

from flowcore.tasks.vehicle import MAX_TURN, Command
from flowcore.tasks.world_camera import Camera

__all__ = ["steer_by_balance"]

_GAIN = 3.0
_TINY = 1e-3  # px; a flow that is zero on both sides is balanced


def steer_by_balance(flow: torch.Tensor, camera: Camera) -> Command:
    """Turn by the difference of the mean speeds of both halves over their sum, at cruise speed.

    Blind to what is straight ahead: it moves little, and as much on either side.
    """
    speed = (flow.square().sum(1) + 1e-8).sqrt()  # (B, H, W)
    half = camera.width // 2
    left, right = speed[..., :half].mean((1, 2)), speed[..., -half:].mean((1, 2))
    balance = (left - right) / (left + right + _TINY)  # -1..1
    return Command(MAX_TURN * torch.tanh(_GAIN * balance), torch.ones_like(balance))
