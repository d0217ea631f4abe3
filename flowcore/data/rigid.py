"""Rigid scenes: a camera that moves through a room of planes, and things that stand in it.

A plane that a moving camera sees moves by a homography (Hartley and Zisserman, Multiple View
Geometry, ch. 13), so flow and occlusion are as exact here as for layers of photos. The motion is
that of driving and of walking: none at the focus of expansion, and larger the nearer a surface is.

A plane is written as the vector ``m`` (B, 3) whose product with the ray of a pixel is the inverse
depth there; the unit of length is the height of the camera above the floor.
"""

from dataclasses import dataclass

import torch

from flowcore.data.draw import Draw
from flowcore.data.motion import rotation

__all__ = ["MAX_NEARNESS", "Plane", "Rig", "draw_rig"]

MAX_NEARNESS = 2.2  # how much nearer than the room behind them things are, at most
_MAX_APPROACH = 0.25  # share of the way to the nearest point of the room that the camera goes


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane of the room as the camera sees it.

    Parameters
    ----------
    inverse_depth : (B, 3)
        ``m``, on homogeneous pixels instead of rays.
    others : (K, B, 3)
        Those of the planes that may stand before it; none for the far wall, which lies behind all.
    axes : (B, 2, 3)
        Over the inverse depth: the position on the plane, in px of about the middle of its depths.
    """

    inverse_depth: torch.Tensor
    others: torch.Tensor
    axes: torch.Tensor

    def alpha(self, positions: torch.Tensor) -> torch.Tensor:
        """(B, 1, H, W): 1 where this plane is the nearest at positions (B, 2, H, W)."""
        if not len(self.others):
            return torch.ones_like(positions[:, :1])
        margins = self.inverse_depth - self.others  # where all are positive it is the nearest
        values = torch.einsum("kbi,bihw->kbhw", margins, _homogeneous(positions))
        slopes = margins[..., :2].norm(dim=-1).clamp(min=1e-9)[..., None, None]
        nearest: torch.Tensor = (values / slopes + 0.5).clamp(0, 1).amin(0)
        return nearest[:, None]

    def coordinates(self, positions: torch.Tensor) -> torch.Tensor:
        """(B, 2, H, W): what lies at these positions of the frame, as positions on the plane."""
        pixels = _homogeneous(positions)
        depth = 1 / torch.einsum("bi,bihw->bhw", self.inverse_depth, pixels).clamp(min=1e-6)
        return torch.einsum("bji,bihw->bjhw", self.axes, pixels) * depth[:, None]


@dataclass(frozen=True, eq=False)
class Rig:
    """A camera, its motion, and the room.

    Parameters
    ----------
    camera : (B, 3, 3)
        Intrinsics, from rays to homogeneous pixels.
    turn : (B, 3, 3), shift : (B, 3)
        Where a point in the first camera's frame is in that of the second.
    room : (4, B, 3)
        Far wall, floor, left and right wall: inverse depths of rays.
    """

    camera: torch.Tensor
    turn: torch.Tensor
    shift: torch.Tensor
    room: torch.Tensor

    def planes(self) -> list[Plane]:
        """The planes of the room."""
        pixels = torch.einsum("kbi,bij->kbj", self.room, torch.linalg.inv(self.camera))
        far, focal = self.room[0, :, 2], self.camera[:, 0, 0]
        planes = []
        for number, axes in enumerate(((0, 1), (0, 2), (2, 1), (2, 1))):
            others = torch.cat([pixels[:number], pixels[number + 1 :]]) if number else pixels[:0]
            middle = far if number == 0 else 3 * far  # walls and floor begin nearer
            rays = torch.linalg.inv(self.camera)[:, list(axes)]
            planes.append(Plane(pixels[number], others, rays * (focal * middle).view(-1, 1, 1)))
        return planes

    def matrix(self, plane: torch.Tensor) -> torch.Tensor:
        """The homography (B, 3, 3) by which a plane ``m`` (B, 3) moves in the frame."""
        motion = self.turn + self.shift[:, :, None] * plane[:, None, :]
        matrix: torch.Tensor = self.camera @ motion @ torch.linalg.inv(self.camera)
        return matrix

    def standing(self, draw: Draw, center: torch.Tensor, nearness: torch.Tensor) -> torch.Tensor:
        """Planes ``m`` (B, 3) of things at these pixels (B, 2), so much nearer than the room."""
        pixel = torch.cat([center, torch.ones_like(center[:, :1])], 1)
        ray = torch.einsum("bij,bj->bi", torch.linalg.inv(self.camera), pixel)
        depth = torch.einsum("kbi,bi->kb", self.room, ray).amax(0) * nearness
        slant = torch.stack([draw.normal(0.15), draw.normal(0.15), torch.ones_like(depth)], 1)
        return slant * (depth / (slant * ray).sum(1).clamp(min=0.2))[:, None]


def draw_rig(draw: Draw, speed: torch.Tensor, size: tuple[int, int]) -> Rig:
    """A room, and a camera whose motion shifts the nearest point in sight by about speed (B,), px.

    Most cameras drive: forward, more seldom backward; the others go anywhere.
    """
    height, width = size
    focal = width * draw.uniform(0.5, 1.0)
    camera = torch.zeros(draw.batch, 3, 3, device=draw.device)
    camera[:, 0, 0] = camera[:, 1, 1] = focal
    camera[:, 0, 2] = width * draw.uniform(0.4, 0.6)
    camera[:, 1, 2] = height * draw.uniform(0.3, 0.6)
    camera[:, 2, 2] = 1
    room = torch.zeros(4, draw.batch, 3, device=draw.device)
    room[0, :, 2] = 1 / draw.log_uniform(5, 30)
    room[1, :, 1] = 1
    room[2, :, 0] = -1 / draw.log_uniform(1.5, 8)
    room[3, :, 0] = 1 / draw.log_uniform(1.5, 8)
    corners = torch.tensor(
        [[x, y, 1.0] for x in (0, width - 1) for y in (0, height - 1)], device=draw.device
    )
    rays = torch.einsum("bij,cj->bci", torch.linalg.inv(camera), corners)
    nearest = torch.einsum("kbi,bci->kbc", room, rays).amax((0, 2))  # as inverse depth
    drives, reverses = draw.chance(0.65), draw.chance(0.2)
    sideways = torch.where(drives, 0.1, 1.0)
    ahead = torch.where(drives, 1.0, draw.uniform(-1, 1).abs() * 0.5)
    direction = torch.stack(
        [
            sideways * draw.normal(0.7),
            sideways * draw.normal(0.4),
            torch.where(reverses, ahead, -ahead),
        ],
        1,
    )
    direction = direction / direction.norm(dim=1, keepdim=True).clamp(min=1e-6)
    length = speed / (focal * nearest)
    most = _MAX_APPROACH / (nearest * direction[:, 2].abs().clamp(min=1e-6))
    shift = direction * torch.minimum(length, most)[:, None]
    most_turn = (speed / focal).clamp(max=0.08)
    yaw, pitch, roll = (most_turn * draw.normal(share) for share in (0.3, 0.15, 0.1))
    return Rig(camera, _turn(yaw, (0, 2)) @ _turn(pitch, (1, 2)) @ _turn(roll, (0, 1)), shift, room)


def _turn(angle: torch.Tensor, plane: tuple[int, int]) -> torch.Tensor:
    """Rotations (B, 3, 3) in the plane of two axes."""
    matrix = torch.eye(3, device=angle.device).repeat(len(angle), 1, 1)
    rows, cols = torch.meshgrid(torch.tensor(plane), torch.tensor(plane), indexing="ij")
    matrix[:, rows, cols] = rotation(angle)
    return matrix


def _homogeneous(positions: torch.Tensor) -> torch.Tensor:
    return torch.cat([positions, torch.ones_like(positions[:, :1])], 1)
