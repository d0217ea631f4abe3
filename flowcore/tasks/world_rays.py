"""Rays on the ground: what each column of a frame meets first."""

from typing import NamedTuple

import numpy as np

from flowcore.tasks.world_camera import Camera
from flowcore.tasks.world_plan import Array, Plan, Pose, right_of
from flowcore.types import BoolArray

__all__ = ["Meeting", "cast", "rays_of"]

_GRAZING = 0.05  # least sine of the angle between ray and surface that a footprint is told by
_LIGHT = np.array([0.6, 0.8])  # direction that the light goes to, on the ground


class Meeting(NamedTuple):
    """What the rays meet, arrays (W,).

    ``depth`` along the optical axis, ``along`` the surface and ``footprint`` (how much of it one
    pixel sees) are in m, ``light`` is a factor of brightness.
    """

    depth: Array
    along: Array
    footprint: Array
    light: Array
    is_pillar: BoolArray


def cast(plan: Plan, pose: Pose, camera: Camera) -> Meeting:
    """The nearest wall or pillar on the ray of every column; infinitely far where there is none."""
    rays = rays_of(pose, camera.slopes()[0])
    origin = np.array(pose[:2])
    depths, alongs, tangents = (
        np.concatenate(parts)
        for parts in zip(_walls(plan, origin, rays), _pillars(plan, origin, rays), strict=True)
    )  # (N + M, W), (N + M, W), (N + M, W, 2)
    nearest = depths.argmin(0)
    chosen = nearest, np.arange(len(rays))
    depth, tangent = depths[chosen], tangents[chosen]
    sine = np.abs(_cross(tangent, rays))  # times the ray's length
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1)
    normal = normal * -np.sign((normal * rays).sum(-1, keepdims=True))
    light = 0.85 - 0.25 * normal @ _LIGHT
    footprint = depth / (camera.focal * np.maximum(sine, _GRAZING))
    return Meeting(depth, alongs[chosen], footprint, light, nearest >= len(plan.walls))


def rays_of(pose: Pose, across: Array) -> Array:
    """Where rays that go ``across`` (W,) m to the right for each m ahead lead in 1 m, (W, 2)."""
    forward = np.array([np.sin(pose.heading), np.cos(pose.heading)])
    return np.asarray(forward + across[:, None] * right_of(pose.heading))


def _walls(plan: Plan, origin: Array, rays: Array) -> tuple[Array, Array, Array]:
    """Depth, place and direction of each wall (N) on each ray (W)."""
    begin, span = (
        plan.walls[:, None, :2] - origin,
        plan.walls[:, None, 2:] - plan.walls[:, None, :2],
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        slant = _cross(rays, span)  # (N, W)
        depth = _cross(begin, span) / slant
        share = _cross(begin, rays) / slant
    is_met = (depth > 0) & (share >= 0) & (share <= 1)
    length = np.linalg.norm(span, axis=-1)
    tangent = np.broadcast_to(span / length[..., None], (*slant.shape, 2))
    along = plan.along[:, None] + np.where(is_met, share, 0) * length
    return np.where(is_met, depth, np.inf), along, tangent


def _pillars(plan: Plan, origin: Array, rays: Array) -> tuple[Array, Array, Array]:
    """The same of each pillar (M); the ray from inside of one meets nothing."""
    offset, radius = plan.pillars[:, None, :2] - origin, plan.pillars[:, 2:]
    squared = (rays**2).sum(-1)
    middle = (offset * rays).sum(-1) / squared  # (M, W): depth that is nearest to the center
    gap = ((middle[..., None] * rays - offset) ** 2).sum(-1)
    half = np.sqrt(np.maximum(radius**2 - gap, 0) / squared)
    depth = middle - half
    is_met = (gap < radius**2) & (depth > 0)
    depth = np.where(is_met, depth, np.inf)
    out = (np.where(is_met, depth, 0)[..., None] * rays - offset) / radius[..., None]
    along = radius * np.arctan2(out[..., 0], out[..., 1])
    return depth, along, np.stack([out[..., 1], -out[..., 0]], -1)


def _cross(one: Array, other: Array) -> Array:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])
