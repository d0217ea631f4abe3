"""How the layers of a synthetic scene lie and move: planes before a camera, and a life of their own.

Positions are in half widths of the frame from its middle, so that x runs over [-1, 1].
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch

from flowcore.errors import ConfigError

__all__ = ["Layers", "MotionConfig", "draw_layers"]


@dataclass(frozen=True)
class MotionConfig:
    """Knobs of the motion; shares lie in 0..1, lengths are px of the frame.

    Parameters
    ----------
    camera_px, object_px, warp_px : (low, high)
        Mean displacement by the camera, extra displacement of an object, and amplitude of smooth
        non-rigid motion: drawn log-uniformly per scene or object.
    still_camera, still_objects, rigid_scenes : float
        Share of scenes or objects without that motion.
    translation_only : float
        Share of scenes in which everything merely shifts.
    street_scenes : float
        Share of scenes with a ground and two walls through which the camera moves forward.
    """

    camera_px: tuple[float, float] = (0.1, 30.0)
    object_px: tuple[float, float] = (0.1, 60.0)
    warp_px: tuple[float, float] = (0.1, 6.0)
    still_camera: float = 0.15
    still_objects: float = 0.3
    rigid_scenes: float = 0.4
    translation_only: float = 0.15
    street_scenes: float = 0.15

    def __post_init__(self) -> None:
        for name in ("camera_px", "object_px", "warp_px"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ConfigError(f"{name} must be (low, high) with 0 < low <= high.")


class Layers(NamedTuple):
    """The layers of a batch of scenes, the background first, the front last.

    ``placement`` (B, K, 3, 3) takes a position in the first frame to the box [-1, 1] of the
    layer's outline; ``motion`` (B, K, 3, 3) takes it to the second frame; ``radius`` (B, K) is half
    the side of that box; ``warp_px`` (B,) is the amplitude of the non-rigid motion.
    """

    placement: torch.Tensor
    motion: torch.Tensor
    radius: torch.Tensor
    is_street: torch.Tensor
    warp_px: torch.Tensor


def draw_layers(
    batch: int,
    num_layers: int,
    *,
    aspect: float,
    width: int,
    radii: tuple[float, float],
    config: MotionConfig,
    generator: torch.Generator,
) -> Layers:
    """Random layers.

    Parameters
    ----------
    batch, num_layers : int
        The background counts as a layer.
    aspect : float
        Height of the frame over its width.
    width : int
        Of the frame, in px.
    radii : (low, high)
        Half the side of an object, in half widths of the frame, drawn log-uniformly.
    config : MotionConfig
    generator : torch.Generator
        On the CPU; the draw depends on nothing else.
    """
    draw = _Draw(batch, num_layers, generator)
    is_street = draw.chance(config.street_scenes, (batch,))
    center = draw.uniform((batch, num_layers, 2), -1, 1) * torch.tensor([1.0, aspect])
    radius = draw.log_uniform((batch, num_layers), *radii)
    normal = _plane_normals(draw)
    if num_layers >= 4:
        _lay_street(is_street, center, radius, normal, draw)
    motion = _camera_motion(draw, normal, is_street, aspect, 2 / width, config)
    own = _own_motion(draw, center, 2 / width, config)
    own[:, 0] = torch.eye(3)
    own[is_street, : min(4, num_layers)] = torch.eye(3)
    angle = draw.uniform((batch, num_layers), -torch.pi, torch.pi)
    angle[:, 0] = 0
    angle[is_street, : min(4, num_layers)] = 0
    placement = _placement(center, radius, angle)
    warp_px = draw.log_uniform((batch,), *config.warp_px)
    warp_px = warp_px * ~draw.chance(config.rigid_scenes, (batch,))
    return Layers(placement, own @ motion, radius, is_street, warp_px)


class _Draw:
    """Random numbers from one generator."""

    def __init__(self, batch: int, num_layers: int, generator: torch.Generator) -> None:
        self.batch, self.num_layers, self.generator = batch, num_layers, generator

    def uniform(self, shape: tuple[int, ...], low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(shape, generator=self.generator)

    def log_uniform(self, shape: tuple[int, ...], low: float, high: float) -> torch.Tensor:
        return low * (high / low) ** torch.rand(shape, generator=self.generator)

    def normal(self, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.randn(shape, generator=self.generator)

    def chance(self, share: float, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.rand(shape, generator=self.generator) < share


def _plane_normals(draw: _Draw) -> torch.Tensor:
    """(B, K, 3) vectors n whose product with (x, y, 1) is the inverse depth; nearer in front."""
    nearness = draw.uniform((draw.batch, draw.num_layers), 0.3, 1.5).sort(dim=1).values
    tilt = 0.3 * draw.normal((draw.batch, draw.num_layers, 2))
    return torch.cat([tilt, torch.ones(draw.batch, draw.num_layers, 1)], 2) * nearness[..., None]


def _lay_street(
    is_street: torch.Tensor,
    center: torch.Tensor,
    radius: torch.Tensor,
    normal: torch.Tensor,
    draw: _Draw,
) -> None:
    """Turn layers 1 to 3 of the street scenes into a left wall, a right wall and a ground."""
    horizon = draw.uniform((draw.batch,), -0.15, 0.15)
    side = draw.uniform((draw.batch, 2), 0.2, 0.7)
    slope = draw.uniform((draw.batch, 3), 0.5, 2.5)
    big, zero = 3.0, torch.zeros(draw.batch)
    places = [
        torch.stack([-side[:, 0] - big, zero], 1),
        torch.stack([side[:, 1] + big, zero], 1),
        torch.stack([zero, horizon + 0.08 + big], 1),
    ]
    normals = [
        torch.stack([-slope[:, 0], zero, zero], 1),
        torch.stack([slope[:, 1], zero, zero], 1),
        torch.stack([zero, slope[:, 2], -slope[:, 2] * horizon], 1),
    ]
    for layer in range(3):
        center[is_street, layer + 1] = places[layer][is_street]
        normal[is_street, layer + 1] = normals[layer][is_street]
        radius[is_street, layer + 1] = big
    normal[is_street, 0] = torch.tensor([0.0, 0.0, 0.05])


def _camera_motion(
    draw: _Draw,
    normal: torch.Tensor,
    is_street: torch.Tensor,
    aspect: float,
    pixel: float,
    config: MotionConfig,
) -> torch.Tensor:
    """(B, K, 3, 3) homographies I + W + t n^T of planes seen by a moving camera."""
    B = draw.batch
    gates = torch.exp(draw.normal((B, 6))) * draw.chance(0.6, (B, 6))
    turn = draw.normal((B, 3)) * gates[:, :3] * torch.tensor([0.3, 0.3, 0.6])
    shift = draw.normal((B, 3)) * gates[:, 3:] + 0.1 * draw.normal((B, 3))
    is_shift = draw.chance(config.translation_only, (B,))
    turn[is_shift], shift[is_shift, 2] = 0.0, 0.0
    normal[is_shift] = normal[is_shift] * torch.tensor([0.0, 0.0, 1.0])
    forward = -draw.uniform((B,), 0.5, 1.0) * (1 - 2 * draw.chance(0.2, (B,)).float())
    shift[is_street] = torch.stack([0.1 * shift[:, 0], 0.05 * shift[:, 1], forward], 1)[is_street]
    turn[is_street] *= 0.1
    change = _skew(turn)[:, None] + shift[:, None, :, None] * normal[:, :, None, :]
    wanted = pixel * draw.log_uniform((B,), *config.camera_px)
    wanted = wanted * ~draw.chance(config.still_camera, (B,))
    visible = torch.where(is_street[:, None], change[:, 1:4].mean(1).flatten(1), 0)
    reference = torch.where(is_street[:, None], visible, change[:, 0].flatten(1)).view(B, 3, 3)
    scale = wanted / _mean_displacement(reference, aspect).clamp(min=1e-4)
    change = change * scale[:, None, None, None]
    limit = 0.35 / change[..., 2, :].abs().sum(-1).amax(1).clamp(min=0.35)
    return torch.eye(3) + change * limit[:, None, None, None]


def _mean_displacement(change: torch.Tensor, aspect: float) -> torch.Tensor:
    """Mean length of what ``I + change`` (B, 3, 3) does to the frame's positions, linearized."""
    y, x = torch.meshgrid(
        torch.linspace(-aspect, aspect, 5), torch.linspace(-1, 1, 5), indexing="ij"
    )
    positions = torch.stack([x.flatten(), y.flatten(), torch.ones(25)])
    moved = change @ positions  # (B, 3, 25)
    return (moved[:, :2] - positions[:2] * moved[:, 2:]).square().sum(1).sqrt().mean(1)


def _skew(turn: torch.Tensor) -> torch.Tensor:
    """(B, 3) rotation vectors as (B, 3, 3) cross-product matrices."""
    x, y, z = turn.unbind(1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).view(-1, 3, 3)


def _own_motion(
    draw: _Draw, center: torch.Tensor, pixel: float, config: MotionConfig
) -> torch.Tensor:
    """(B, K, 3, 3) similarities about each object's center."""
    shape = (draw.batch, draw.num_layers)
    moves = ~draw.chance(config.still_objects, shape)
    length = pixel * draw.log_uniform(shape, *config.object_px) * moves
    heading = draw.uniform(shape, -torch.pi, torch.pi)
    vigor = (length / 0.1).clamp(max=1)  # slow objects turn and grow little
    angle = 0.15 * draw.normal(shape) * vigor * draw.chance(0.6, shape)
    growth = torch.exp(0.08 * draw.normal(shape) * vigor * draw.chance(0.6, shape))
    linear = _rotation(angle) * growth[..., None, None]
    heading_vector = torch.stack([heading.cos(), heading.sin()], -1)
    offset = center - (linear @ center[..., None])[..., 0] + length[..., None] * heading_vector
    return _affine(linear, offset)


def _placement(center: torch.Tensor, radius: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    linear = _rotation(angle) / radius[..., None, None]
    return _affine(linear, -(linear @ center[..., None])[..., 0])


def _rotation(angle: torch.Tensor) -> torch.Tensor:
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos, -sin, sin, cos], -1).unflatten(-1, (2, 2))


def _affine(linear: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
    upper = torch.cat([linear, offset[..., None]], -1)
    lower = torch.tensor([0.0, 0.0, 1.0]).expand(*upper.shape[:-2], 1, 3)
    return torch.cat([upper, lower], -2)
