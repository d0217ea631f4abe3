"""Obstacle map: how near things are in each direction, from the focus of expansion; go where free.

After the vector field histogram of Borenstein and Koren, 1991, on time to contact instead of range.
"""

import torch
from torch.nn import functional as F

from flowcore.ops.grid import pixel_grid
from flowcore.tasks.vehicle import MAX_TURN, Command, throttle_for
from flowcore.tasks.world_camera import Camera

__all__ = ["focus_of_expansion", "nearness", "steer_by_map"]

_BAND = 0.2  # of the frame's height above and below the horizon
_ROOM = 0.12  # of the frame's width to either side that must be free, too
_SHARPNESS = 40.0  # frames; how much it prefers later contact
_WIDE = 0.7  # rad off the heading that count as much as a unit of the above
_EAGER = 3.0  # inverse frames; how fast it turns to where it wants to go, over the most it may
_TINY = 1e-6  # px^2; where nothing moves the focus is in the middle
_PRIOR = 0.02  # how firmly the focus is in the middle, over what all vectors say


def steer_by_map(flow: torch.Tensor, camera: Camera) -> Command:
    """Turn to the mean of all directions, weighted by how late contact is there."""
    near = nearness(flow, camera)  # (B, W), 1 / frames until contact
    margin = round(camera.width * _ROOM)
    blocked = F.max_pool1d(near[:, None], 2 * margin + 1, 1, margin)[:, 0]
    across = torch.from_numpy(camera.slopes()[0]).to(flow)
    bearing = across.atan()  # rad
    weight = torch.softmax(-_SHARPNESS * blocked - (bearing / _WIDE).square(), 1)
    wanted = (weight * bearing).sum(1)
    ahead = blocked[:, camera.width // 2]
    return Command(MAX_TURN * torch.tanh(_EAGER * wanted), throttle_for(ahead))


def nearness(flow: torch.Tensor, camera: Camera) -> torch.Tensor:
    """How soon each column would be met, (B, W), in 1 / frames; 0 is never.

    The factor by which a column's vectors lead away from the focus, fitted over the rows around the
    horizon: ``forward / (depth - forward)``.
    """
    top = round(camera.height * (0.5 - _BAND))
    rows = slice(top, camera.height - top)
    focus = focus_of_expansion(flow, camera)
    radius = pixel_grid(camera.height, camera.width, like=flow) - focus[:, :, None, None]
    along = (flow * radius).sum(1)[:, rows].sum(1)
    factor: torch.Tensor = along / (radius.square().sum(1)[:, rows].sum(1) + 1.0)
    return factor.clamp(min=0)


def focus_of_expansion(flow: torch.Tensor, camera: Camera) -> torch.Tensor:
    """The point that all vectors lead away from, (B, 2) in px, x and y.

    Least squares of the distances from the vectors' lines, each weighted by its speed; ridge
    regression draws it to the principal point, where it is if the vehicle goes straight ahead.
    """
    grid = pixel_grid(camera.height, camera.width, like=flow)
    middle = flow.new_tensor(camera.center).view(1, 2, 1, 1)
    normal = torch.stack([-flow[:, 1], flow[:, 0]], 1)  # (B, 2, H, W), as long as the flow
    offset = (normal * (grid - middle)).sum(1, keepdim=True)
    matrix = torch.einsum("bihw,bjhw->bij", normal, normal)
    prior = _PRIOR * matrix.diagonal(dim1=1, dim2=2).sum(1) + _TINY
    matrix = matrix + prior[:, None, None] * torch.eye(2).to(flow)
    toward = (normal * offset).sum((2, 3))
    shift = torch.linalg.solve(matrix, toward)
    focus: torch.Tensor = middle[:, :, 0, 0] + shift
    return focus
