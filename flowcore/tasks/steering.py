"""The algorithms A: from a flow and what is known of the camera to a command.

All look at the flow that is left when the vehicle's own turn is taken out, which it knows as from a
gyroscope: then the camera only went ahead, and a point at depth Z moved away from the middle by
``forward / (Z - forward)`` of its distance from there. They are written in torch, batched and
differentiable, so that what drives is also what is attacked.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import torch

from flowcore.errors import ConfigError, ShapeMismatchError
from flowcore.ops.grid import pixel_grid
from flowcore.tasks.steering_balance import steer_by_balance
from flowcore.tasks.steering_contact import steer_by_contact
from flowcore.tasks.steering_map import steer_by_map
from flowcore.tasks.vehicle import Command
from flowcore.tasks.world_camera import Camera

__all__ = ["ALGORITHMS", "Algorithm", "algorithm_named", "steer", "without_turn"]

_LEAST_SIDE = 16  # px; windows of derivatives need some

Rule: TypeAlias = Callable[[torch.Tensor, Camera], Command]


class Algorithm(NamedTuple):
    """A way to steer: its label, what it does in a sentence, and the function that does it."""

    label: str
    description: str
    rule: Rule


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "balance": Algorithm(
            "Balance", "turns away from the half that moves faster", steer_by_balance
        ),
        "contact": Algorithm(
            "Time to contact", "turns away from what expands, and slows down", steer_by_contact
        ),
        "map": Algorithm(
            "Obstacle map", "seeks the direction in which nothing is near", steer_by_map
        ),
    }
)


def algorithm_named(name: str) -> Algorithm:
    """The algorithm of that name.

    Raises
    ------
    ConfigError
        There is none.
    """
    if name not in ALGORITHMS:
        raise ConfigError(
            f"No algorithm is called {name[:40]!r}; there are {', '.join(ALGORITHMS)}."
        )
    return ALGORITHMS[name]


def steer(name: str, flow: torch.Tensor, camera: Camera, *, yaw: float) -> Command:
    """What an algorithm says to a flow.

    Parameters
    ----------
    name : str
        Of `ALGORITHMS`.
    flow : (B, 2, H, W)
        Px; of the camera's size.
    camera : Camera
    yaw : float
        How far the vehicle turned between the two frames, rad to the right.

    Raises
    ------
    ConfigError
        There is no such algorithm, or the camera is smaller than 16 px.
    ShapeMismatchError
        The flow is not of the camera's size.
    """
    if min(camera.height, camera.width) < _LEAST_SIDE:
        raise ConfigError(f"To steer by flow a camera has sides of {_LEAST_SIDE} px or more.")
    if flow.shape[-2:] != (camera.height, camera.width):
        raise ShapeMismatchError(
            f"The flow is {flow.shape[-1]}x{flow.shape[-2]}, the camera's frames are "
            f"{camera.width}x{camera.height} (width x height)."
        )
    return algorithm_named(name).rule(without_turn(flow, camera, yaw), camera)


def without_turn(flow: torch.Tensor, camera: Camera, yaw: float) -> torch.Tensor:
    """The flow as it would be had the camera not turned after it went ahead; exact.

    Where a pixel ends is turned back, ``x' = K R^-1 K^-1 x``, whatever its depth is.
    """
    grid = pixel_grid(camera.height, camera.width, like=flow)
    middle = flow.new_tensor(camera.center).view(1, 2, 1, 1)
    x, y = ((grid + flow - middle) / camera.focal).unbind(1)
    angle = flow.new_tensor(yaw)
    ahead = (angle.cos() - angle.sin() * x).clamp(min=1e-3)
    turned = torch.stack([angle.cos() * x + angle.sin(), y], 1) / ahead[:, None]
    return camera.focal * turned + middle - grid
