"""A frame of a drive looked at again, as a pair with its true flow."""

import math

from flowcore.errors import InputError
from flowcore.tasks.drive import Drive
from flowcore.tasks.world import build_world
from flowcore.tasks.world_camera import CAMERA, Camera, true_flow
from flowcore.types import FramePair

__all__ = ["pairs_at"]


def pairs_at(drive: Drive, number: int, *, camera: Camera = CAMERA) -> tuple[FramePair, FramePair]:
    """The two frames that a command came from: as they are, and as they were seen.

    Parameters
    ----------
    drive : Drive
    number : int
        Of the second frame, from 1.
    camera : Camera
        As it drove.

    Raises
    ------
    InputError
        The drive has no such frame.
    """
    if not 1 <= number <= len(drive.steps):
        raise InputError(f"The drive has frames 1 to {len(drive.steps)}, got {number}.")
    world = build_world(drive.course)
    poses = [world.plan.start, *(moment.pose for moment in drive.moments)]
    before, after = poses[number - 1], poses[number]
    first, second = (world.view(pose, camera) for pose in (before, after))
    forward = math.hypot(after.x - before.x, after.z - before.z)
    truth = true_flow(first.depth, camera, forward=forward, yaw=after.heading - before.heading)
    seen = [drive.start, *(step.seen for step in drive.steps)]
    name = f"{drive.course.label}, frame {number}"
    return (
        FramePair(first.frame, second.frame, truth, name=name),
        FramePair(seen[number - 1], seen[number], truth, name=f"{name}, as seen"),
    )
