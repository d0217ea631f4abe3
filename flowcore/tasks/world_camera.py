"""The vehicle's camera, and the exact flow that its own motion makes."""

import math
from dataclasses import dataclass

import numpy as np

from flowcore.errors import ConfigError
from flowcore.tasks.world_plan import Array
from flowcore.types import FlowField

__all__ = ["CAMERA", "Camera", "true_flow"]

_NEAREST = 0.01  # m; what comes nearer to the second camera, or behind it, has no flow
_MAX_SIDE = 1024  # px


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks ahead; 160x120 px and 90 degrees wide unless told otherwise.

    Parameters
    ----------
    height, width : int
        Px.
    focal : float
        Px. The principal point is the middle of the frame.

    Raises
    ------
    ConfigError
        A side beyond 1..1024 px, or no focal length.
    """

    height: int = 120
    width: int = 160
    focal: float = 80.0

    def __post_init__(self) -> None:
        if not (1 <= self.height <= _MAX_SIDE and 1 <= self.width <= _MAX_SIDE and self.focal > 0):
            raise ConfigError(
                f"A camera has sides of 1 to {_MAX_SIDE} px and a focal length above 0, got "
                f"{self.width}x{self.height} px and {self.focal:g} px."
            )

    @property
    def center(self) -> tuple[float, float]:
        """The principal point, x and y in px."""
        return (self.width - 1) / 2, (self.height - 1) / 2

    def slopes(self) -> tuple[Array, Array]:
        """How far a ray goes right and down for each m ahead: (W,) and (H,)."""
        x, y = self.center
        return (np.arange(self.width) - x) / self.focal, (np.arange(self.height) - y) / self.focal


CAMERA = Camera()


def true_flow(depth: Array, camera: Camera, *, forward: float, yaw: float) -> FlowField:
    """The flow of a camera that goes ahead and then turns, in a world that stands still.

    A point at ``(X, Y, Z)`` is afterwards at ``R (X, Y, Z - forward)``; R turns by minus yaw about
    the vertical axis (Longuet-Higgins and Prazdny, Proc. R. Soc. B 1980, for finite motions).

    Parameters
    ----------
    depth : (H, W)
        Along the first camera's optical axis, m.
    camera : Camera
    forward : float
        M.
    yaw : float
        Rad, to the right.

    Returns
    -------
    FlowField
        Not valid where a point ends behind the camera, or nearer to it than 1 cm.

    Examples
    --------
    From 2 m to 1 m everything is twice as far from the middle:

    >>> flow = true_flow(np.full((5, 5), 2.0), Camera(5, 5, 10.0), forward=1.0, yaw=0.0)
    >>> flow.uv[0, 4].tolist(), flow.uv[2, 2].tolist()
    ([2.0, -2.0], [0.0, 0.0])
    """
    across, down = camera.slopes()
    ahead = depth - forward
    x, y = across * depth, down[:, None] * depth
    cos, sin = math.cos(yaw), math.sin(yaw)
    x, z = cos * x - sin * ahead, sin * x + cos * ahead
    is_seen = z > _NEAREST
    z = np.where(is_seen, z, 1.0)
    uv = camera.focal * np.stack([x / z - across, y / z - down[:, None]], -1)
    return FlowField(uv.astype(np.float32), is_seen)
