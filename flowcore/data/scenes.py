"""Training scenes made on the fly, in batches, on any device: layers of photos on the move.

A scene is a background and objects before it, nearest last. Every layer has a motion of its own: a
homography, some bent by a smooth wave. Flow, occlusion and labels follow from the motions and are
exact. The recipe is FlyingChairs' and FlowNet2's (layers of photos, affine motion, Dosovitskiy et
al., ICCV 2015) with AutoFlow's shapes and holes (Sun et al., CVPR 2021); speeds are log-uniform, so
that a tenth of a pixel is met as often as ten pixels. In rigid scenes (`flowcore.data.rigid`) the
background is a room, and what rests moves as the camera's motion has it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import torch
from pydantic import ConfigDict, Field

from flowcore.data.draw import Draw
from flowcore.data.looks import Look, place
from flowcore.data.motion import Motion, draw_motion
from flowcore.data.rigid import MAX_NEARNESS, draw_rig
from flowcore.data.windows import Window
from flowcore.ops.grid import pixel_grid
from flowcore.ops.warp import lands_inside

__all__ = ["SceneConfig", "Scenes", "make_scenes"]


@dataclass(frozen=True, kw_only=True)
class SceneConfig:
    """What the scenes of a stage are like.

    Parameters
    ----------
    min_objects, max_objects : int
    min_motion, max_motion : float
        Px; speeds are drawn log-uniformly between them, the camera's and the objects' own.
    uniform_speed : float
        Share of objects whose speed is drawn uniformly instead: as often fast as slow.
    uniform_camera : float
        The same of the cameras.
    turning : float
        How much of a motion is rotation, zoom, shear and perspective, beside translation.
    bending : float
        Share of layers whose motion is bent by a smooth wave.
    resting : float
        Share of objects that move with the background.
    still_camera : float
        Share of scenes whose background does not move at all.
    plain : float
        Share of layers without any texture but a gradient of color.
    faint : float
        Share of objects that have little texture beside such a gradient.
    faint_planes : float
        Share of the planes of a room that have as little, as roads and walls do.
    small : float
        Share of objects whose radius is 0.03 to 0.08 of the frame's shorter side, not 0.08 to 0.55.
    rigid : float
        Share of batches in which a camera moves through a room.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    min_objects: Annotated[int, Field(ge=0)] = 2
    max_objects: Annotated[int, Field(ge=0, le=30)] = 7
    min_motion: Annotated[float, Field(gt=0)] = 0.2
    max_motion: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 40.0
    uniform_speed: Annotated[float, Field(ge=0, le=1)] = 0.0
    uniform_camera: Annotated[float, Field(ge=0, le=1)] = 0.0
    turning: Annotated[float, Field(ge=0, le=1)] = 0.5
    bending: Annotated[float, Field(ge=0, le=1)] = 0.3
    resting: Annotated[float, Field(ge=0, le=1)] = 0.2
    still_camera: Annotated[float, Field(ge=0, le=1)] = 0.05
    plain: Annotated[float, Field(ge=0, le=1)] = 0.0
    faint: Annotated[float, Field(ge=0, le=1)] = 0.0
    faint_planes: Annotated[float, Field(ge=0, le=1)] = 0.0
    small: Annotated[float, Field(ge=0, le=1)] = 0.0
    rigid: Annotated[float, Field(ge=0, le=1)] = 0.0

    def __post_init__(self) -> None:
        if self.min_objects > self.max_objects or self.min_motion > self.max_motion:
            raise ValueError("the least number of objects and the least motion are below the most")


@dataclass(frozen=True, eq=False)
class Scenes:
    """A batch of pairs with exact truth.

    Parameters
    ----------
    first, second : (B, 3, H, W) float32
        RGB in [0, 1].
    flow : (B, 2, H, W) float32
        Pixels, first -> second.
    occluded : (B, H, W) bool
        The target lies outside the frame, or behind another layer.
    labels : (B, H, W) int64
        Number of the layer seen; 0 is the background.
    valid : (B, H, W) bool, optional
        Where the flow is known; everywhere if left out.
    classes, second_classes : (B, H, W) int64, optional
        Class seen in each frame, where classes were asked for; 0 is unlabelled.
    """

    first: torch.Tensor
    second: torch.Tensor
    flow: torch.Tensor
    occluded: torch.Tensor
    labels: torch.Tensor
    valid: torch.Tensor | None = None
    classes: torch.Tensor | None = None
    second_classes: torch.Tensor | None = None


def make_scenes(
    textures: torch.Tensor,
    shapes: torch.Tensor,
    *,
    batch: int,
    size: tuple[int, int],
    config: SceneConfig,
    generator: torch.Generator,
    kinds: torch.Tensor | None = None,
) -> Scenes:
    """Draw a batch of scenes; the generator's state decides everything.

    Parameters
    ----------
    textures : (N, 3, h, w) uint8
        Photos, on the device of the generator.
    shapes : (M, 1, s, s) uint8
        255 inside an object, 0 along the border.
    batch : int
    size : (height, width)
    kinds : (M,) int64, optional
        Class of each shape, to get the scenes' classes as well; what has no shape is of class 1.
    """
    draw = Draw(generator, batch)
    num_objects = draw.integers(config.min_objects, config.max_objects + 1)
    is_rigid = config.rigid > 0 and draw.number() < config.rigid  # nothing is drawn where it is 0
    layers = (_room_layers if is_rigid else _flat_layers)(draw, config, size, textures, shapes)
    first, second = torch.zeros(2, batch, 3, *size, device=draw.device)
    flow = torch.zeros(batch, 2, *size, device=draw.device)
    labels, labels_second = torch.zeros(2, batch, *size, dtype=torch.long, device=draw.device)
    classes: list[torch.Tensor] = []
    for number, look, motion in layers:
        if kinds is not None and number == len(classes):  # the planes of a room are one layer
            classes.append(torch.ones_like(look.number) if number == 0 else kinds[look.number])
        items = (num_objects >= number).nonzero()[:, 0]
        if len(items) == 0:
            continue
        if number > 0:
            look, motion = look.of(items), motion.of(items)
        window = Window.around(items, look.bounds, size)
        grid = window.grid(like=flow)
        color, alpha = look.render(grid)
        is_seen = alpha > 0.5
        window.put(first, torch.lerp(window.cut(first), color, alpha))
        window.put(flow, torch.where(is_seen, motion.forward(grid) - grid, window.cut(flow)))
        window.put(labels, torch.where(is_seen[:, 0], number, window.cut(labels)))
        window = Window.around(items, motion.bounds(look.bounds), size)
        color, alpha = look.render(motion.backward(window.grid(like=flow)))
        window.put(second, torch.lerp(window.cut(second), color, alpha))
        window.put(labels_second, torch.where(alpha[:, 0] > 0.5, number, window.cut(labels_second)))
    occluded = _is_hidden(labels, labels_second, flow)
    scenes = Scenes(first, second, flow, occluded, labels)
    if kinds is None:
        return scenes
    of_layers = torch.stack(classes, 1)  # (B, layers)
    seen, seen_second = (_class_seen(of_layers, layers) for layers in (labels, labels_second))
    return replace(scenes, classes=seen, second_classes=seen_second)


def _class_seen(of_layers: torch.Tensor, layers: torch.Tensor) -> torch.Tensor:
    return of_layers.gather(1, layers.flatten(1)).view_as(layers)


def _flat_layers(
    draw: Draw,
    config: SceneConfig,
    size: tuple[int, int],
    textures: torch.Tensor,
    shapes: torch.Tensor,
) -> Iterator[tuple[int, Look, Motion]]:
    """The number, look and motion of a flat background, then of the objects."""
    camera = _camera_motion(draw, config, size)
    for number in range(config.max_objects + 1):
        outlines, faint = (shapes, config.faint) if number else (None, 0.0)
        look = _look(draw, config, size, textures, outlines, faint)
        motion = camera if number == 0 else _object_motion(draw, config, camera.matrix, look)
        yield number, look, motion


def _room_layers(
    draw: Draw,
    config: SceneConfig,
    size: tuple[int, int],
    textures: torch.Tensor,
    shapes: torch.Tensor,
) -> Iterator[tuple[int, Look, Motion]]:
    """The same of the planes of a room, all of number 0, then of what stands or moves in it."""
    rig = draw_rig(draw, _camera_speed(draw, config), size)
    for plane, inverse_depth in zip(rig.planes(), rig.room, strict=True):
        look = _look(draw, config, size, textures, None, config.faint_planes)
        yield 0, replace(look, plane=plane), Motion(rig.matrix(inverse_depth))
    for number in range(1, config.max_objects + 1):
        look = _look(draw, config, size, textures, shapes, config.faint)
        nearness = MAX_NEARNESS ** ((number - draw.uniform(0, 1)) / config.max_objects)
        camera = rig.matrix(rig.standing(draw, look.center, nearness))
        yield number, look, _object_motion(draw, config, camera, look)


def _look(
    draw: Draw,
    config: SceneConfig,
    size: tuple[int, int],
    textures: torch.Tensor,
    shapes: torch.Tensor | None,
    faint: float,
) -> Look:
    small = 0.0 if shapes is None else config.small
    return Look.draw(draw, size, textures, shapes, plain=config.plain, faint=faint, small=small)


def _camera_motion(draw: Draw, config: SceneConfig, size: tuple[int, int]) -> Motion:
    speed = _camera_speed(draw, config)
    reach = torch.full_like(speed, math.hypot(*size) / 2)
    center = place(draw, size, 0.0)
    return draw_motion(draw, speed, reach, center, turning=config.turning, bending=config.bending)


def _object_motion(draw: Draw, config: SceneConfig, camera: torch.Tensor, look: Look) -> Motion:
    """The camera's motion after one of the object's own, unless it rests."""
    speed = _speed(draw, config, config.resting, config.uniform_speed)
    own = draw_motion(
        draw, speed, look.radius, look.center, turning=config.turning, bending=config.bending
    )
    return Motion(camera @ own.matrix, own.wave)


def _camera_speed(draw: Draw, config: SceneConfig) -> torch.Tensor:
    return _speed(draw, config, config.still_camera, config.uniform_camera)


def _speed(draw: Draw, config: SceneConfig, resting: float, uniform: float) -> torch.Tensor:
    span = config.min_motion, config.max_motion
    speed = draw.log_uniform(*span)
    if uniform > 0:  # nothing is drawn where it is 0
        speed = torch.where(draw.chance(uniform), draw.uniform(*span), speed)
    return speed.masked_fill(draw.chance(resting), 0)


def _is_hidden(
    labels: torch.Tensor, labels_second: torch.Tensor, flow: torch.Tensor
) -> torch.Tensor:
    """Where the target shows another layer, or lies outside."""
    height, width = labels.shape[-2:]
    target = (pixel_grid(height, width, like=flow) + flow).round().long()
    x, y = target[:, 0].clamp(0, width - 1), target[:, 1].clamp(0, height - 1)
    found = labels_second.flatten(1).gather(1, (y * width + x).flatten(1)).view_as(labels)
    return (found != labels) | ~lands_inside(flow)
