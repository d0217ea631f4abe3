"""What happens to light and data between a scene and a file: applied to whole batches of pairs.

Each effect hits a pair with its own probability; numbers come from the generator alone. Geometry
is never touched, so the truth stays exact.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import ConfigDict, Field
from torch.nn import functional as F

from flowcore.data.draw import Draw
from flowcore.ops.blur import gaussian_blur
from flowcore.ops.color import luma
from flowcore.ops.jpeg import jpeg

__all__ = ["AugmentConfig", "augment"]

Share = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """How strong each effect is; zero leaves it out.

    Parameters
    ----------
    color : float
        Strength of brightness, contrast, saturation and gamma, the same in both frames.
    difference : float
        Strength of the same in the second frame alone.
    shading : float
        Strength of a smooth change of light between the frames.
    gray : float
        Probability of a pair without color.
    blur : float
        Largest sigma, px, of a blur of both frames.
    noise : float
        Largest standard deviation, frames in [0, 1].
    jpeg : float
        Probability of a pair compressed with a quality of 15 to 90.
    eraser : float
        Probability that a rectangle of the second frame is covered.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    color: Strength = 0.4
    difference: Strength = 0.1
    shading: Strength = 0.1
    gray: Share = 0.1
    blur: Annotated[float, Field(ge=0, le=10)] = 0.0
    noise: Strength = 0.02
    jpeg: Share = 0.0
    eraser: Share = 0.2


def augment(
    first: torch.Tensor,
    second: torch.Tensor,
    config: AugmentConfig,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Both frames ``(B, 3, H, W)`` in [0, 1], changed.

    Parameters
    ----------
    first, second : (B, 3, H, W) float32
    config : AugmentConfig
    generator : torch.Generator
        On the frames' device; its state decides everything.
    """
    draw = Draw(generator, len(first))
    if config.eraser:
        second = _erase(second, config.eraser, draw)
    pair = torch.stack([first, second], 1)  # (B, 2, 3, H, W)
    if config.color:
        pair = _recolor(pair, _spread(draw, config.color, 4))
    if config.difference:
        changed = _recolor(
            pair[:, 1:], _spread(draw, config.difference, 4) * draw.chance(0.5)[:, None]
        )
        pair = torch.cat([pair[:, :1], changed], 1)
    if config.shading:
        pair = torch.cat([pair[:, :1], _shade(pair[:, 1:], config.shading, draw)], 1)
    if config.gray:
        is_gray = draw.chance(config.gray)
        gray = luma(pair.flatten(0, 1)).view(*pair.shape[:2], 1, *pair.shape[3:])
        pair = torch.where(is_gray.view(-1, 1, 1, 1, 1), gray, pair)
    flat = pair.flatten(0, 1)
    if config.blur and draw.number() < 0.3:
        flat = gaussian_blur(flat, 0.2 + config.blur * draw.number())
    if config.noise:
        sigma = config.noise * draw.rows(1).square().repeat_interleave(2, 0)
        flat = flat + sigma[..., None, None] * draw.normal_like(flat)
    flat = flat.clamp(0, 1)
    if config.jpeg and draw.number() < config.jpeg:
        flat = jpeg(flat, quality=int(15 + 75 * draw.number()))
    first, second = flat.view_as(pair).unbind(1)
    return first.contiguous(), second.contiguous()


def _spread(draw: Draw, strength: float, count: int) -> torch.Tensor:
    """(B, count) in [-strength, strength)."""
    return strength * (2 * draw.rows(count) - 1)


def _recolor(frames: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """Frames (B, N, 3, H, W) with another brightness, contrast, saturation and gamma (B, 4)."""
    brightness, contrast, saturation, gamma = (
        factor.view(-1, 1, 1, 1, 1) for factor in change.exp().unbind(1)
    )
    gray = frames.mean(2, keepdim=True)
    level = gray.mean((1, 3, 4), keepdim=True)
    frames = gray + saturation * (frames - gray)
    frames = level + contrast * (frames - level)
    return (brightness * frames).clamp(1e-4, 1) ** gamma


def _shade(frames: torch.Tensor, strength: float, draw: Draw) -> torch.Tensor:
    """Frames (B, 1, 3, H, W) under a light that changes smoothly from place to place."""
    coarse = _spread(draw, strength, 9).view(-1, 1, 3, 3) * draw.chance(0.5).view(-1, 1, 1, 1)
    light = F.interpolate(coarse, frames.shape[-2:], mode="bicubic", align_corners=True)
    return frames * light.exp()[:, None]


def _erase(frames: torch.Tensor, share: float, draw: Draw) -> torch.Tensor:
    """Frames (B, 3, H, W), some with a rectangle of their mean color."""
    height, width = frames.shape[-2:]
    size = 0.1 + 0.25 * draw.rows(2)
    start = draw.rows(2) * (1 - size)
    y = torch.arange(height, device=frames.device) / height
    x = torch.arange(width, device=frames.device) / width
    in_rows = (y >= start[:, :1]) & (y < start[:, :1] + size[:, :1])
    in_cols = (x >= start[:, 1:]) & (x < start[:, 1:] + size[:, 1:])
    is_erased = in_rows[:, :, None] & in_cols[:, None, :] & draw.chance(share).view(-1, 1, 1)
    return torch.where(is_erased[:, None], frames.mean((2, 3), keepdim=True), frames)
