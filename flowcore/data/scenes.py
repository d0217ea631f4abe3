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
from torch.nn import functional as F

from flowcore.data.draw import Draw
from flowcore.data.motion import Motion, draw_motion, rotation
from flowcore.data.rigid import MAX_NEARNESS, Plane, draw_rig
from flowcore.ops.grid import pixel_grid
from flowcore.ops.warp import lands_inside, sample

__all__ = ["SceneConfig", "Scenes", "make_scenes"]

_COARSE = 8  # px of a texture in one of its coarse version


@dataclass(frozen=True, kw_only=True)
class SceneConfig:
    """What the scenes of a stage are like.

    Parameters
    ----------
    min_objects, max_objects : int
    min_motion, max_motion : float
        Px; speeds are drawn log-uniformly between them, the camera's and the objects' own.
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
    rigid : float
        Share of batches in which a camera moves through a room.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    min_objects: Annotated[int, Field(ge=0)] = 2
    max_objects: Annotated[int, Field(ge=0, le=30)] = 7
    min_motion: Annotated[float, Field(gt=0)] = 0.2
    max_motion: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 40.0
    turning: Annotated[float, Field(ge=0, le=1)] = 0.5
    bending: Annotated[float, Field(ge=0, le=1)] = 0.3
    resting: Annotated[float, Field(ge=0, le=1)] = 0.2
    still_camera: Annotated[float, Field(ge=0, le=1)] = 0.05
    plain: Annotated[float, Field(ge=0, le=1)] = 0.0
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
    """

    first: torch.Tensor
    second: torch.Tensor
    flow: torch.Tensor
    occluded: torch.Tensor
    labels: torch.Tensor


def make_scenes(
    textures: torch.Tensor,
    shapes: torch.Tensor,
    *,
    batch: int,
    size: tuple[int, int],
    config: SceneConfig,
    generator: torch.Generator,
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
    """
    draw = Draw(generator, batch)
    num_objects = draw.integers(config.min_objects, config.max_objects + 1)
    is_rigid = config.rigid > 0 and draw.number() < config.rigid  # nothing is drawn where it is 0
    layers = (_room_layers if is_rigid else _flat_layers)(draw, config, size, textures, shapes)
    grid = pixel_grid(*size, like=num_objects.float()).expand(batch, -1, -1, -1)
    first = second = grid.new_zeros(batch, 3, *size)
    flow = torch.zeros_like(grid)
    labels = torch.zeros(batch, *size, dtype=torch.long, device=grid.device)
    labels_second = labels
    for number, look, motion in layers:
        is_there = (num_objects >= number).view(batch, 1, 1, 1)
        color, alpha = look.render(grid)
        alpha = alpha * is_there
        first = torch.lerp(first, color, alpha)
        is_seen = alpha > 0.5
        flow = torch.where(is_seen, motion.forward(grid) - grid, flow)
        labels = torch.where(is_seen[:, 0], number, labels)
        color, alpha = look.render(motion.backward(grid))
        alpha = alpha * is_there
        second = torch.lerp(second, color, alpha)
        labels_second = torch.where(alpha[:, 0] > 0.5, number, labels_second)
    occluded = _is_hidden(labels, labels_second, flow)
    return Scenes(first, second, flow, occluded, labels)


def _flat_layers(
    draw: Draw,
    config: SceneConfig,
    size: tuple[int, int],
    textures: torch.Tensor,
    shapes: torch.Tensor,
) -> Iterator[tuple[int, "_Look", Motion]]:
    """The number, look and motion of a flat background, then of the objects."""
    camera = _camera_motion(draw, config, size)
    for number in range(config.max_objects + 1):
        look = _Look.draw(draw, size, textures, shapes if number else None, plain=config.plain)
        motion = camera if number == 0 else _object_motion(draw, config, camera.matrix, look)
        yield number, look, motion


def _room_layers(
    draw: Draw,
    config: SceneConfig,
    size: tuple[int, int],
    textures: torch.Tensor,
    shapes: torch.Tensor,
) -> Iterator[tuple[int, "_Look", Motion]]:
    """The same of the planes of a room, all of number 0, then of what stands or moves in it."""
    rig = draw_rig(draw, _speed(draw, config, config.still_camera), size)
    for plane, inverse_depth in zip(rig.planes(), rig.room, strict=True):
        look = _Look.draw(draw, size, textures, None, plain=config.plain)
        yield 0, replace(look, plane=plane), Motion(rig.matrix(inverse_depth))
    for number in range(1, config.max_objects + 1):
        look = _Look.draw(draw, size, textures, shapes, plain=config.plain)
        nearness = MAX_NEARNESS ** ((number - draw.uniform(0, 1)) / config.max_objects)
        camera = rig.matrix(rig.standing(draw, look.center, nearness))
        yield number, look, _object_motion(draw, config, camera, look)


def _camera_motion(draw: Draw, config: SceneConfig, size: tuple[int, int]) -> Motion:
    speed = _speed(draw, config, config.still_camera)
    reach = torch.full_like(speed, math.hypot(*size) / 2)
    center = _place(draw, size, 0.0)
    return draw_motion(draw, speed, reach, center, turning=config.turning, bending=config.bending)


def _object_motion(draw: Draw, config: SceneConfig, camera: torch.Tensor, look: "_Look") -> Motion:
    """The camera's motion after one of the object's own, unless it rests."""
    speed = _speed(draw, config, config.resting)
    own = draw_motion(
        draw, speed, look.radius, look.center, turning=config.turning, bending=config.bending
    )
    return Motion(camera @ own.matrix, own.wave)


def _speed(draw: Draw, config: SceneConfig, resting: float) -> torch.Tensor:
    speed = draw.log_uniform(config.min_motion, config.max_motion)
    return speed.masked_fill(draw.chance(resting), 0)


def _place(draw: Draw, size: tuple[int, int], margin: float) -> torch.Tensor:
    """(B, 2) positions in px, within the frame or outside it by this share of its sides."""
    height, width = size
    x = draw.uniform(-margin, 1 + margin) * (width - 1)
    y = draw.uniform(-margin, 1 + margin) * (height - 1)
    return torch.stack([x, y], 1)


def _is_hidden(
    labels: torch.Tensor, labels_second: torch.Tensor, flow: torch.Tensor
) -> torch.Tensor:
    """Where the target shows another layer, or lies outside."""
    height, width = labels.shape[-2:]
    target = (pixel_grid(height, width, like=flow) + flow).round().long()
    x, y = target[:, 0].clamp(0, width - 1), target[:, 1].clamp(0, height - 1)
    found = labels_second.flatten(1).gather(1, (y * width + x).flatten(1)).view_as(labels)
    return (found != labels) | ~lands_inside(flow)


@dataclass(frozen=True, eq=False)
class _Look:
    """What a layer shows at each position of the first frame, inside its shape and beyond.

    The texture is read at ``to_texture(x - center)``, the shape at ``to_shape(x - center)``, both
    (B, 2, 2); on a plane of a room the texture is read at ``to_texture(position on the plane)``.
    """

    texture: torch.Tensor
    shape: torch.Tensor | None
    center: torch.Tensor
    radius: torch.Tensor
    to_texture: torch.Tensor
    texture_center: torch.Tensor
    to_shape: torch.Tensor
    gain: torch.Tensor
    plane: Plane | None = None

    @classmethod
    def draw(
        cls,
        draw: Draw,
        size: tuple[int, int],
        textures: torch.Tensor,
        shapes: torch.Tensor | None,
        *,
        plain: float,
    ) -> "_Look":
        is_background = shapes is None
        chosen = draw.integers(0, len(textures))
        shape = None if shapes is None else shapes[draw.integers(0, len(shapes))].float() / 255
        short = min(size)
        radius = draw.log_uniform(0.08 * short, 0.55 * short)
        upright = 0.15 if is_background else 1.0
        scale = draw.log_uniform(0.75, 1.5)
        texture_angle, angle = draw.uniform(-math.pi, math.pi), draw.uniform(-math.pi, math.pi)
        stretch = draw.log_uniform(0.6, 1.6)
        height, width = textures.shape[-2:]
        spread = torch.tensor([0.3 * width, 0.3 * height], device=draw.device)
        offset = torch.stack([draw.uniform(-1, 1), draw.uniform(-1, 1)], 1) * spread
        middle = torch.tensor([(width - 1) / 2, (height - 1) / 2], device=draw.device)
        frame_middle = torch.tensor([(size[1] - 1) / 2, (size[0] - 1) / 2], device=draw.device)
        is_gray = draw.chance(0.03)
        texture = textures[chosen].float() / 255
        texture = torch.where(
            is_gray.view(-1, 1, 1, 1), texture.mean((1, 2, 3), keepdim=True), texture
        )
        if plain:
            is_plain = draw.chance(plain).view(-1, 1, 1, 1)
            texture = torch.where(is_plain, _gradient(texture), texture)
        return cls(
            texture=texture,
            shape=shape,
            center=frame_middle.expand(draw.batch, 2) if is_background else _place(draw, size, 0.1),
            radius=radius,
            to_texture=rotation(upright * texture_angle) * scale.view(-1, 1, 1),
            texture_center=middle + offset,
            to_shape=torch.diag_embed(torch.stack([stretch, 1 / stretch], 1) / radius[:, None])
            @ rotation(angle),
            gain=draw.uniform(0.75, 1.2).view(-1, 1, 1, 1),
        )

    def render(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Color (B, 3, H, W) and alpha (B, 1, H, W) at positions of the first frame."""
        if self.plane is not None:
            return self._render_plane(self.plane, positions)
        local = positions - self.center[..., None, None]
        at = torch.einsum("bij,bjhw->bihw", self.to_texture, local)
        color = _sample_mirrored(self.texture, at + self.texture_center[..., None, None])
        color = (color * self.gain).clamp(max=1)
        if self.shape is None:
            return color, torch.ones_like(color[:, :1])
        side = self.shape.shape[-1]
        at = torch.einsum("bij,bjhw->bihw", self.to_shape, local)
        mask = sample(self.shape, (at + 1) * (side / 2) - 0.5)
        sharpness = (2 * self.radius / side).clamp(min=1).view(-1, 1, 1, 1)
        return color, ((mask - 0.5) * sharpness + 0.5).clamp(0, 1)

    def _render_plane(
        self, plane: Plane, positions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same of a plane of a room, whose texture is coarser where it is far."""
        at = torch.einsum("bij,bjhw->bihw", self.to_texture, plane.coordinates(positions))
        at = at + self.texture_center[..., None, None]
        down = F.pad(at.diff(dim=2), (0, 0, 0, 1), mode="replicate")
        right = F.pad(at.diff(dim=3), (0, 1, 0, 0), mode="replicate")
        step = torch.cat([down, right], 1).abs().amax(1, keepdim=True)
        blurred = F.avg_pool2d(self.texture, _COARSE)
        coarse = _sample_mirrored(blurred, (at + 0.5) / _COARSE - 0.5)
        share = (step.clamp(min=1).log() / math.log(_COARSE)).clamp(max=1)
        color = torch.lerp(_sample_mirrored(self.texture, at), coarse, share)
        return (color * self.gain).clamp(max=1), plane.alpha(positions)


def _gradient(image: torch.Tensor) -> torch.Tensor:
    """The image's colors without its texture: the means of its quarters, blended."""
    quarters = F.adaptive_avg_pool2d(image, 2)
    return F.interpolate(quarters, image.shape[-2:], mode="bilinear", align_corners=True)


def _sample_mirrored(image: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Bilinear samples of an image that goes on mirrored beyond its border."""
    height, width = image.shape[-2:]
    x = (2 * positions[:, 0] + 1) / width - 1
    y = (2 * positions[:, 1] + 1) / height - 1
    return F.grid_sample(
        image, torch.stack([x, y], dim=-1), padding_mode="reflection", align_corners=False
    )
