"""A world that can be looked at: rays cast into the plan of a course, and pictures on surfaces.

All walls are upright, so that one ray serves a whole column; floor and ceiling lie at known heights
above and below.
"""

from dataclasses import dataclass

import numpy as np

from flowcore.tasks.world_camera import CAMERA, Camera
from flowcore.tasks.world_course import Course
from flowcore.tasks.world_paint import NUM_PICTURES, atlas_of, paint
from flowcore.tasks.world_plan import Array, Plan, Pose, plan_of
from flowcore.tasks.world_rays import cast, rays_of
from flowcore.types import UInt8Array

__all__ = ["View", "World", "build_world"]

_FLOOR, _CEILING = 0.5, 0.7  # m below and above the camera
_FLOOR_LIGHT, _CEILING_LIGHT = 0.7, 1.1  # factors of brightness


@dataclass(frozen=True, eq=False)
class View:
    """A frame, and how far away everything in it is.

    Parameters
    ----------
    frame : (H, W, 3) uint8
        RGB.
    depth : (H, W) float64
        Along the optical axis, m.
    """

    frame: UInt8Array
    depth: Array


@dataclass(frozen=True, eq=False)
class World:
    """A course that can be looked at.

    Parameters
    ----------
    course : Course
    plan : Plan
    pictures : (int, int, int)
        On the walls, on the pillars, and on floor and ceiling.
    """

    course: Course
    plan: Plan
    pictures: tuple[int, int, int]

    def view(self, pose: Pose, camera: Camera = CAMERA) -> View:
        """What a camera at this pose sees."""
        across, down = (slopes.astype(np.float32) for slopes in camera.slopes())
        down = down[:, None]
        met = cast(self.plan, pose, camera)
        with np.errstate(divide="ignore"):
            flat = np.where(down > 0, _FLOOR, _CEILING) / np.abs(down)  # depth of floor, ceiling
        is_flat = flat < met.depth  # (H, W)
        depth = np.minimum(flat, met.depth)
        x, z = (
            place + depth * ray for place, ray in zip(pose, rays_of(pose, across).T, strict=False)
        )
        picture = np.where(is_flat, 2, met.is_pillar)
        sight = np.where(down > 0, _FLOOR_LIGHT, _CEILING_LIGHT)
        colors = paint(
            atlas_of(self.pictures),
            picture,
            np.where(is_flat, x, met.along).astype(np.float32),
            np.where(is_flat, z, down * met.depth).astype(np.float32),
            np.where(is_flat, depth / (camera.focal * np.abs(down)), met.footprint).astype(
                np.float32
            ),
            contrast=self.course.texture,
        )
        light = np.where(is_flat, sight, met.light).astype(np.float32)
        frame = np.clip(np.rint(colors * light[..., None]), 0, 255).astype(np.uint8)
        return View(frame, depth.astype(np.float64))


def build_world(course: Course) -> World:
    """The world of a course; the same for the same course."""
    rng = np.random.default_rng([course.seed, 1])
    walls, pillars, flat = rng.permutation(NUM_PICTURES)[:3].tolist()
    return World(course, plan_of(course), (walls, pillars, flat))
