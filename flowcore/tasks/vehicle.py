"""The vehicle: what it may be told, and where that takes it."""

import math
from typing import NamedTuple

import torch

from flowcore.tasks.world_plan import Pose

__all__ = ["MAX_TURN", "RADIUS", "Command", "arc", "moved", "throttle_for"]

RADIUS = 0.15  # m
MAX_TURN = math.radians(5)  # rad a frame
_NEAR = 0.1  # 1 / frames until contact; whatever is nearer slows it down
_SLOWEST = 0.3  # share of the cruise speed


class Command(NamedTuple):
    """What an algorithm tells the vehicle, for each flow of a batch.

    Parameters
    ----------
    turn : (B,)
        Rad a frame, to the right; within 5 degrees either way.
    throttle : (B,)
        Share of the cruise speed, 0..1.
    """

    turn: torch.Tensor
    throttle: torch.Tensor


def moved(pose: Pose, *, forward: float, yaw: float) -> Pose:
    """Where a vehicle is that goes ahead, m, and then turns to the right, rad.

    Examples
    --------
    >>> moved(Pose(0, 0, 0), forward=2, yaw=0.5)
    Pose(x=0.0, z=2.0, heading=0.5)
    """
    x = pose.x + forward * math.sin(pose.heading)
    z = pose.z + forward * math.cos(pose.heading)
    return Pose(x, z, pose.heading + yaw)


def throttle_for(ahead: torch.Tensor) -> torch.Tensor:
    """Share of the cruise speed, where contact is so near (1 / frames until it would happen).

    Examples
    --------
    >>> throttle_for(torch.tensor([0.0, 0.1, 0.2, 1.0])).tolist()
    [1.0, 1.0, 0.5, 0.30000001192092896]
    """
    return (1.5 - 0.5 * ahead / _NEAR).clamp(_SLOWEST, 1)


def arc(pose: Pose, command: Command, cruise: float, *, steps: int) -> torch.Tensor:
    """Where a vehicle comes that keeps to its command, (B, steps, 2); differentiable in it.

    The first place is that after one step: like `moved`, `steps` times.
    """
    number = torch.arange(steps).to(command.turn)
    heading = pose.heading + number * command.turn[:, None]
    directions = torch.stack([heading.sin(), heading.cos()], -1)  # (B, steps, 2)
    length = (cruise * command.throttle)[:, None, None]
    return command.turn.new_tensor(pose[:2]) + (length * directions).cumsum(1)
