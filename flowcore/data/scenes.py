"""Synthetic frame pairs with exact flow, made as they are needed, on the CPU or the GPU.

Textured layers lie over a background and move: each by its own homography, with smooth non-rigid
motion on top. A position p of the first frame shows what the layer has at ``p + d(p)`` and moves
to ``F(p + d(p))``, so the true flow is known in closed form. The recipe follows FlyingChairs
(Dosovitskiy et al., FlowNet, ICCV 2015) and AutoFlow (Sun et al., CVPR 2021).
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch.nn import functional as F

from flowcore.data.motion import Layers, MotionConfig, draw_layers
from flowcore.data.textures import Textures, sample_textures
from flowcore.errors import ConfigError
from flowcore.ops.grid import pixel_grid
from flowcore.ops.warp import sample

__all__ = ["SceneConfig", "Scenes", "make_scenes"]

_WARP_KINDS = 3  # per scene: none, and two fields that layers share


@dataclass(frozen=True)
class SceneConfig:
    """Knobs of the scenes.

    Parameters
    ----------
    num_objects : (low, high)
        Objects over the background, drawn once per batch.
    radius : (low, high)
        Half the side of an object, in half widths of the frame, log-uniform.
    texture_scale : (low, high)
        Texture px per frame px, log-uniform.
    motion : MotionConfig
    """

    num_objects: tuple[int, int] = (3, 9)
    radius: tuple[float, float] = (0.1, 0.8)
    texture_scale: tuple[float, float] = (0.6, 1.4)
    motion: MotionConfig = field(default_factory=MotionConfig)

    def __post_init__(self) -> None:
        for name in ("num_objects", "radius", "texture_scale"):
            low, high = getattr(self, name)
            if not 0 <= low <= high or (name != "num_objects" and low == 0):
                raise ConfigError(f"{name} must be (low, high) with 0 < low <= high.")


class Scenes(NamedTuple):
    """A batch: frames (B, 3, H, W) in [0, 1], flow (B, 2, H, W) in px, two (B, H, W) maps."""

    first: torch.Tensor
    second: torch.Tensor
    flow: torch.Tensor
    occluded: torch.Tensor
    labels: torch.Tensor


class _Painting(NamedTuple):
    frame: torch.Tensor  # (B, 3, H, W)
    top: torch.Tensor  # (B, H, W), the layer seen


def make_scenes(
    textures: Textures,
    shapes: torch.Tensor,
    batch: int,
    size: tuple[int, int],
    *,
    config: SceneConfig,
    generator: torch.Generator,
) -> Scenes:
    """A batch of synthetic scenes; the same generator state gives the same batch.

    Parameters
    ----------
    textures : Textures
    shapes : (N, S, S)
        Of ``make_shapes``.
    batch : int
    size : (height, width)
    config : SceneConfig
    generator : torch.Generator
        On the CPU. The work is done on the device of the textures.
    """
    H, W = size
    device = textures.packed.device
    low, high = config.num_objects
    K = 1 + int(torch.randint(low, high + 1, (), generator=generator))
    layers = draw_layers(
        batch,
        K,
        aspect=H / W,
        width=W,
        radii=config.radius,
        config=config.motion,
        generator=generator,
    )
    shift = _non_rigid(layers, size, generator).to(device)  # (B, K, 2, H, W)
    looks = _draw_looks(textures, shapes, layers, W, config, generator)
    grid = _centered_grid(size, device)
    start = grid + shift
    backward = torch.linalg.inv(layers.motion)
    first = _paint(_project(layers.placement, start), shapes, textures, looks)
    there = grid.expand(batch, K, 2, H, W)
    second = _paint(_project(layers.placement @ backward, there), shapes, textures, looks)
    flow = _flow(layers, start, grid, first.top)
    occluded = _occluded(flow, first.top, second.top)
    return Scenes(first.frame, second.frame, flow, occluded, first.top)


class _Looks(NamedTuple):
    """Per layer (B, K): outline, its half side in px, picture, and where in it the layer lies."""

    outline: torch.Tensor
    radius_px: torch.Tensor
    picture: torch.Tensor
    texture_radius: torch.Tensor
    x: torch.Tensor
    y: torch.Tensor


def _draw_looks(
    textures: Textures,
    shapes: torch.Tensor,
    layers: Layers,
    width: int,
    config: SceneConfig,
    generator: torch.Generator,
) -> _Looks:
    B, K = layers.radius.shape
    outline = torch.randint(1, len(shapes), (B, K), generator=generator)
    outline[layers.is_street, 1:4] = 0
    radius_px = layers.radius * (width / 2)
    low, high = config.texture_scale
    scale = low * (high / low) ** torch.rand(B, K, generator=generator)
    picture = torch.randint(len(textures), (B, K), generator=generator)
    x = torch.rand(B, K, generator=generator) * textures.packed.shape[2]
    y = torch.rand(B, K, generator=generator) * textures.packed.shape[1]
    looks = (outline, radius_px, picture, radius_px * scale, x, y)
    return _Looks(*(look.to(textures.packed.device) for look in looks))


def _centered_grid(size: tuple[int, int], device: torch.device) -> torch.Tensor:
    """(1, 1, 2, H, W) positions in half widths from the middle."""
    H, W = size
    grid = pixel_grid(H, W, like=torch.zeros((), device=device))
    middle = grid.new_tensor([(W - 1) / 2, (H - 1) / 2]).view(1, 2, 1, 1)
    return ((grid - middle) * (2 / W))[None]


def _non_rigid(layers: Layers, size: tuple[int, int], generator: torch.Generator) -> torch.Tensor:
    """(B, K, 2, H, W) smooth displacements, in half widths, flat enough not to fold."""
    H, W = size
    B, K = layers.radius.shape
    cells = int(torch.randint(3, 7, (), generator=generator))
    noise = torch.rand(B * (_WARP_KINDS - 1), 2, cells, cells, generator=generator) * 2 - 1
    fields = F.interpolate(noise, size, mode="bicubic", align_corners=True)
    fields = fields.view(B, _WARP_KINDS - 1, 2, H, W)
    amplitude = layers.warp_px.clamp(max=0.2 * min(size) / cells) * (2 / W)
    fields = fields * amplitude.view(B, 1, 1, 1, 1)
    fields = torch.cat([torch.zeros(B, 1, 2, H, W), fields], 1)
    kind = torch.randint(_WARP_KINDS, (B, K), generator=generator)
    return fields[torch.arange(B)[:, None], kind]


def _project(matrices: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Positions (B, K, 2, H, W) taken through homographies (B, K, 3, 3)."""
    B, K = matrices.shape[:2]
    H, W = positions.shape[-2:]
    matrices = matrices.to(positions)
    moved = matrices[..., :2] @ positions.expand(B, K, 2, H, W).flatten(3) + matrices[..., 2:]
    depth = moved[:, :, 2:]
    return (moved[:, :, :2] / depth.clamp(min=0.05)).view(B, K, 2, H, W)


def _paint(
    places: torch.Tensor, shapes: torch.Tensor, textures: Textures, looks: _Looks
) -> _Painting:
    """What is seen where the layers' own positions are ``places`` (B, K, 2, H, W)."""
    B, K, _, H, W = places.shape
    opacity = _opacity(places, shapes, looks)  # (B, K, H, W)
    order = torch.arange(K, device=places.device).view(1, K, 1, 1)
    front = ((opacity > 0.02) * order).amax(1)  # (B, H, W)
    behind = ((opacity >= 0.5) * order * (order < front[:, None])).amax(1)
    alpha = opacity.gather(1, front[:, None])[:, 0]
    over = _colors(front, places, textures, looks)
    under = _colors(behind, places, textures, looks)
    frame = torch.lerp(under, over, alpha[..., None]).permute(0, 3, 1, 2).contiguous()
    return _Painting(frame, torch.where(alpha >= 0.5, front, behind))


def _opacity(places: torch.Tensor, shapes: torch.Tensor, looks: _Looks) -> torch.Tensor:
    """How much of each pixel a layer covers, (B, K, H, W), smooth over one px at its outline."""
    B, K, _, H, W = places.shape
    if K == 1:
        return places.new_ones(B, 1, H, W)
    outlines = shapes[looks.outline[:, 1:].flatten()][:, None]  # (B * (K - 1), 1, S, S)
    positions = places[:, 1:].flatten(0, 1).permute(0, 2, 3, 1)
    inside = (positions.abs() < 1).all(-1)
    distance = F.grid_sample(outlines, positions, padding_mode="border", align_corners=False)
    distance = distance[:, 0] * looks.radius_px[:, 1:].reshape(-1, 1, 1)
    objects = (distance + 0.5).clamp(0, 1) * inside
    return torch.cat([places.new_ones(B, 1, H, W), objects.view(B, K - 1, H, W)], 1)


def _colors(
    layer: torch.Tensor, places: torch.Tensor, textures: Textures, looks: _Looks
) -> torch.Tensor:
    """Colors (B, H, W, 3) of the chosen layer at each pixel."""
    place = _pick(places, layer)  # (B, 2, H, W)
    rows = torch.arange(len(layer), device=layer.device).view(-1, 1, 1)
    radius = looks.texture_radius[rows, layer]
    x = place[:, 0] * radius + looks.x[rows, layer]
    y = place[:, 1] * radius + looks.y[rows, layer]
    return sample_textures(textures, looks.picture[rows, layer], x, y)


def _pick(values: torch.Tensor, layer: torch.Tensor) -> torch.Tensor:
    """Of values (B, K, 2, H, W), those of the layer given per pixel (B, H, W)."""
    index = layer[:, None, None].expand(-1, 1, 2, -1, -1)
    return values.gather(1, index)[:, 0]


def _flow(
    layers: Layers, start: torch.Tensor, grid: torch.Tensor, top: torch.Tensor
) -> torch.Tensor:
    """The true flow in px, (B, 2, H, W)."""
    width = top.shape[-1]
    return _pick(_project(layers.motion, start) - grid, top) * (width / 2)


def _occluded(flow: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """True where the layer seen in the first frame is not the one at the target in the second."""
    H, W = first.shape[-2:]
    target = pixel_grid(H, W, like=flow) + flow
    there = sample(1 + second[:, None].float(), target)[:, 0]  # zero outside
    return (there - (1 + first)).abs() > 0.5
