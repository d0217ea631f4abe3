"""A drive as a moving picture: the frame as it was seen, the flow, and the way from above."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import cv2
import numpy as np

from flowcore.tasks.drive import Drive
from flowcore.tasks.metrics import Moment
from flowcore.tasks.vehicle import RADIUS
from flowcore.tasks.world import build_world
from flowcore.tasks.world_camera import CAMERA
from flowcore.tasks.world_course import Course
from flowcore.tasks.world_plan import Array, Plan, plan_of
from flowcore.types import IntArray, UInt8Array
from flowcore.viz.animation import encode_gif, encode_mp4, encode_webm, with_words
from flowcore.viz.flow_color import color_wheel, flow_to_color, shared_max_magnitude

__all__ = [
    "FILMS",
    "FRAMES_PER_SECOND",
    "draw_end",
    "draw_plan",
    "film_frames",
    "film_gif",
    "film_mp4",
    "film_webm",
]

FRAMES_PER_SECOND = 10
_HEIGHT = 240  # px of each panel
_MARGIN = 8  # px around the plan
_WALL, _PILLAR, _TRACK, _VEHICLE = (70, 70, 70), (150, 110, 70), (40, 90, 200), (200, 60, 40)
_SHARP = 4  # bits of a px that OpenCV's drawing is told


def film_mp4(drive: Drive, title: str = "") -> bytes:
    """The drive as an MP4, 10 frames a second."""
    return encode_mp4(list(film_frames(drive, title)), frames_per_second=FRAMES_PER_SECOND)


def film_gif(drive: Drive, title: str = "") -> bytes:
    """The drive as a GIF, 10 frames a second."""
    return encode_gif(list(film_frames(drive, title)), seconds_per_frame=1 / FRAMES_PER_SECOND)


def film_webm(drive: Drive, title: str = "") -> bytes:
    """The drive as a WebM, 10 frames a second: what browsers play."""
    return encode_webm(list(film_frames(drive, title)), frames_per_second=FRAMES_PER_SECOND)


FILMS: Mapping[str, Callable[[Drive], bytes]] = MappingProxyType(
    {"webm": film_webm, "mp4": film_mp4, "gif": film_gif}
)
"""A drive as a film, by the suffix of the file."""


def film_frames(drive: Drive, title: str = "") -> Iterator[UInt8Array]:
    """A picture for each step, all of one size, flows on one scale with its legend, RGB.

    ``title`` stands above on the left; what the frame is worth on the right.
    """
    top = shared_max_magnitude([step.flow for step in drive.steps])
    wheel = color_wheel(96, max_magnitude=top)
    plan = plan_of(drive.course)
    for number, step in enumerate(drive.steps, 1):
        panels = [
            _enlarged(step.seen),
            _enlarged(flow_to_color(step.flow, max_magnitude=top)),
            draw_plan(plan, drive.moments[:number], height=_HEIGHT),
        ]
        now = step.moment
        words = f"{now.number}: clearance {now.clearance:.2f} m, turn {now.turn:+.1f} deg"
        yield with_words(np.concatenate(panels, 1), title or drive.course.label, words, wheel)


def draw_plan(plan: Plan, moments: tuple[Moment, ...], *, height: int) -> UInt8Array:
    """The course from above, its start below, and the way so far, (height, width, 3) uint8 RGB."""
    corners = plan.walls.reshape(-1, 2)
    low, high = corners.min(0), corners.max(0)
    scale = (height - 2 * _MARGIN) / max(high[1] - low[1], 1e-6)
    width = 2 * math.ceil((scale * (high[0] - low[0]) + 2 * _MARGIN) / 2)
    picture = np.full((height, width, 3), 255, np.uint8)

    def pixels(places: Array) -> IntArray:
        x, z = np.moveaxis(np.asarray(places), -1, 0)
        spots = np.stack([_MARGIN + scale * (x - low[0]), _MARGIN + scale * (high[1] - z)], -1)
        return np.asarray(np.rint(spots * 2**_SHARP), np.int32)

    def disc(place: Array, radius: float, color: tuple[int, int, int]) -> None:
        center, size = pixels(place).tolist(), round(scale * radius * 2**_SHARP)
        cv2.circle(picture, center, size, color, cv2.FILLED, cv2.LINE_AA, _SHARP)

    lines = list(pixels(plan.walls.reshape(-1, 2, 2)))
    cv2.polylines(picture, lines, False, _WALL, 2, cv2.LINE_AA, _SHARP)
    for pillar in plan.pillars:
        disc(pillar[:2], float(pillar[2]), _PILLAR)
    track = np.array([plan.start[:2], *(moment.pose[:2] for moment in moments)])
    cv2.polylines(picture, [pixels(track)], False, _TRACK, 1, cv2.LINE_AA, _SHARP)
    disc(track[-1], RADIUS, _VEHICLE)
    return picture


def draw_end(course: Course, moments: Sequence[Moment], *, height: int = 120) -> UInt8Array:
    """What is seen where a way ends, beside the way from above, RGB."""
    view = build_world(course).view(moments[-1].pose, CAMERA).frame
    width = round(height * CAMERA.width / CAMERA.height)
    seen = np.asarray(cv2.resize(view, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    plan = draw_plan(plan_of(course), tuple(moments), height=height)
    return np.concatenate([seen, plan], 1)


def _enlarged(picture: UInt8Array) -> UInt8Array:
    height, width = picture.shape[:2]
    size = (round(_HEIGHT * width / height), _HEIGHT)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST), np.uint8)
