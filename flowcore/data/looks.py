"""What a layer of a scene shows: a texture within a shape, or on a plane of a room."""

import math
from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch
from torch.nn import functional as F

from flowcore.data.draw import Draw
from flowcore.data.motion import rotation
from flowcore.data.rigid import Plane
from flowcore.data.windows import Bounds
from flowcore.ops.warp import sample

__all__ = ["Look", "place"]

_USUAL, _SMALL = (0.08, 0.55), (0.03, 0.08)  # an object's radius by the frame's shorter side
_COARSE = 8  # px of a texture in one of its coarse version


@dataclass(frozen=True, eq=False)
class Look:
    """What a layer shows at each position of the first frame, inside its shape and beyond.

    The texture is read at ``to_texture(x - center)``, the shape at ``to_shape(x - center)``, both
    (B, 2, 2); on a plane of a room the texture is read at ``to_texture(position on the plane)``.
    ``chosen`` and ``number`` (B,) say which of the textures and shapes it is; a background has no
    shapes, and its number is 0. Where ``is_gray`` the texture is of one color; ``contrast`` (B,) is
    what is left of it beside a gradient of its colors, 1 for all, 0 where the layer is plain.
    """

    textures: torch.Tensor
    shapes: torch.Tensor | None
    chosen: torch.Tensor
    number: torch.Tensor
    center: torch.Tensor
    radius: torch.Tensor
    to_texture: torch.Tensor
    texture_center: torch.Tensor
    to_shape: torch.Tensor
    is_gray: torch.Tensor
    contrast: torch.Tensor
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
        faint: float,
        small: float,
    ) -> "Look":
        """The look of one layer of each scene; a background has no shape."""
        is_background = shapes is None
        chosen = draw.integers(0, len(textures))
        number = torch.zeros_like(chosen) if shapes is None else draw.integers(0, len(shapes))
        short = min(size)
        radius = draw.log_uniform(*(share * short for share in _USUAL))
        if small > 0:  # nothing is drawn where it is 0
            of_small = draw.log_uniform(*(share * short for share in _SMALL))
            radius = torch.where(draw.chance(small), of_small, radius)
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
        return cls(
            textures=textures,
            shapes=shapes,
            chosen=chosen,
            number=number,
            is_gray=is_gray,
            contrast=_contrast(draw, plain, faint),
            center=frame_middle.expand(draw.batch, 2) if is_background else place(draw, size, 0.1),
            radius=radius,
            to_texture=rotation(upright * texture_angle) * scale.view(-1, 1, 1),
            texture_center=middle + offset,
            to_shape=torch.diag_embed(torch.stack([stretch, 1 / stretch], 1) / radius[:, None])
            @ rotation(angle),
            gain=draw.uniform(0.75, 1.2).view(-1, 1, 1, 1),
        )

    def of(self, items: torch.Tensor) -> "Look":
        """That of these scenes of the batch alone; not of the planes of a room, which all have."""
        shared = ("textures", "shapes", "plane")
        return replace(
            self,
            **{
                field.name: getattr(self, field.name)[items]
                for field in fields(self)
                if field.name not in shared
            },
        )

    @cached_property
    def texture(self) -> torch.Tensor:
        """(B, 3, h, w) in [0, 1]."""
        texture = self.textures[self.chosen].float() / 255
        if self.is_gray.any():
            texture[self.is_gray] = texture[self.is_gray].mean((1, 2, 3), keepdim=True)
        is_less = self.contrast < 1
        if is_less.any():
            whole, contrast = texture[is_less], self.contrast[is_less].view(-1, 1, 1, 1)
            texture[is_less] = torch.lerp(_gradient(whole), whole, contrast)
        return texture

    @cached_property
    def shape(self) -> torch.Tensor | None:
        """(B, 1, s, s): 1 inside the object."""
        return None if self.shapes is None else self.shapes[self.number].float() / 255

    @property
    def bounds(self) -> Bounds:
        """What the shape covers of the first frame, at most; everything without a shape."""
        if self.shapes is None:
            everything = torch.full_like(self.center, torch.inf)
            return -everything, everything
        reach = torch.linalg.inv(self.to_shape).abs().sum(2) * (1 + 1 / self.shapes.shape[-1])
        return self.center - reach, self.center + reach

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


def _contrast(draw: Draw, plain: float, faint: float) -> torch.Tensor:
    """Of each layer: none where it is plain, little where it is faint, else all of its own."""
    contrast = torch.ones(draw.batch, device=draw.device)
    if faint:  # nothing is drawn where a share is 0
        contrast = torch.where(draw.chance(faint), draw.log_uniform(0.03, 0.5), contrast)
    return contrast.masked_fill(draw.chance(plain), 0) if plain else contrast


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


def place(draw: Draw, size: tuple[int, int], margin: float) -> torch.Tensor:
    """(B, 2) positions in px, within the frame or outside it by this share of its sides."""
    height, width = size
    x = draw.uniform(-margin, 1 + margin) * (width - 1)
    y = draw.uniform(-margin, 1 + margin) * (height - 1)
    return torch.stack([x, y], 1)
