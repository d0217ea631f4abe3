"""A round patch that is pasted into the frames, after Ranjan et al., Attacking Optical Flow, 2019.

It lies at the same place in both frames, as a sticker on the lens or on what stands still, and is
told to turn every vector around: the loss is 1 minus the cosine to the negative clean flow.
"""

import math
from dataclasses import replace

import torch

from flowcore.errors import ConfigError, InputError
from flowcore.ops.convert import frame_to_array, frame_to_tensor
from flowcore.ops.grid import pixel_grid
from flowcore.ops.warp import sample
from flowcore.robustness.attacks.problem import Problem
from flowcore.robustness.attacks.threat import Changed
from flowcore.robustness.attacks.trail import Trail
from flowcore.types import FramePair, UInt8Array

__all__ = ["paste", "place_patch", "train_patch"]

_RATE = 8 / 255  # of brightness, by which each step changes every value
_MAX_ANGLE, _MAX_SCALE = 10.0, 0.05  # degrees, share; both ways, in training
_EVERY = 5  # steps between two measurements


def train_patch(problem: Problem, trail: Trail, start: torch.Tensor | None) -> None:
    """Signed gradient steps on a patch that is turned, scaled and placed anew in each step.

    What is offered is a patch ``(3, D, D)`` in whole levels, measured upright in the middle of the
    frames, every 5 steps; corners outside of the disk mean nothing.
    """
    threat = problem.threat
    side, (height, width) = int(threat.epsilon), problem.first.shape[-2:]
    count = len(problem.first)
    generator = torch.Generator().manual_seed(threat.seed)
    patch = torch.rand(3, side, side, generator=generator) if start is None else start
    patch = patch.to(problem.first)

    def pasted(patch: torch.Tensor, poses: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        first, second = problem.first, problem.second
        return (
            first if threat.frames == "second" else paste(first, patch, poses),
            second if threat.frames == "first" else paste(second, patch, poses),
        )

    def offer(number: int) -> None:
        levels = (255 * patch).round() / 255
        frames = pasted(levels, _middle(problem, side))
        with torch.no_grad():
            trail.offer_frames(number, levels, *frames, problem.victim.flow(*frames))

    for number in range(threat.steps):
        if number % _EVERY == 0:
            offer(number)
        free = patch.detach().requires_grad_()
        poses = _random_poses(generator, count, (height, width), side).to(patch)
        loss = problem.loss(problem.victim.flow(*pasted(free, poses)))
        (gradient,) = torch.autograd.grad(loss, free)
        patch = (patch - _RATE * gradient.sign()).clamp(0, 1)
    offer(threat.steps)


def paste(frames: torch.Tensor, patch: torch.Tensor, poses: torch.Tensor) -> torch.Tensor:
    """Frames with a round patch on them; differentiable in the patch.

    Parameters
    ----------
    frames : (B, 3, H, W)
    patch : (3, D, D)
    poses : (B, 4)
        Of each frame: x and y of the patch's middle in px, clockwise angle in degrees, scale.
    """
    count, _, height, width = frames.shape
    side = patch.shape[-1]
    x, y, angle, scale = poses.T.view(4, count, 1, 1)
    cos, sin = torch.cos(torch.deg2rad(angle)), torch.sin(torch.deg2rad(angle))
    grid = pixel_grid(height, width, like=frames)
    dx, dy = (grid[:, 0] - x) / scale, (grid[:, 1] - y) / scale
    places = torch.stack([cos * dx + sin * dy, cos * dy - sin * dx], 1)  # (B, 2, H, W)
    picture = patch.expand(count, -1, -1, -1)
    seen = sample(picture, places + (side - 1) / 2, padding="border")
    is_on_it = torch.linalg.vector_norm(places, dim=1, keepdim=True) <= side / 2
    return torch.where(is_on_it, seen, frames)


def place_patch(
    pair: FramePair,
    patch: UInt8Array,
    x: float,
    y: float,
    *,
    angle: float = 0.0,
    scale: float = 1.0,
    frames: Changed = "joint",
) -> FramePair:
    """The pair with a round patch on it: a trained one, or any square picture.

    Parameters
    ----------
    pair : FramePair
    patch : (D, D, 3) uint8
        What lies outside of its disk is left out.
    x, y : float
        Of its middle, px.
    angle : float
        Clockwise, degrees.
    scale : float
    frames : str
        "first", "second" or "joint", which is both.

    Raises
    ------
    InputError
        The picture is not square.
    ConfigError
        The patch is larger than the frame, its middle is outside, or a scale that is not positive.
    """
    if patch.ndim != 3 or patch.shape[0] != patch.shape[1] or patch.shape[2] != 3:
        raise InputError(f"A patch is a square picture, got {patch.shape}.")
    height, width = pair.size
    if not (math.isfinite(scale) and scale > 0):
        raise ConfigError(f"A patch's scale is above 0, got {scale}.")
    if scale * len(patch) > min(height, width):
        raise ConfigError(
            f"A patch of {scale * len(patch):g} px is larger than the frame of "
            f"{width}x{height} px (width x height)."
        )
    if not (0 <= x < width and 0 <= y < height):
        raise ConfigError(f"The patch's middle, {x:g}, {y:g}, is outside of {width}x{height} px.")
    pose = torch.tensor([[x, y, angle, scale]])
    square = frame_to_tensor(patch)[0]
    first, second = (
        frame_to_array(paste(frame_to_tensor(frame), square, pose))
        for frame in (pair.first, pair.second)
    )
    return replace(
        pair,
        first=pair.first if frames == "second" else first,
        second=pair.second if frames == "first" else second,
        name=f"{pair.name}, patch",
    )


def _middle(problem: Problem, side: int) -> torch.Tensor:
    """Upright in the middle of the frames, its pixels on theirs."""
    height, width = problem.first.shape[-2:]
    x, y = ((length - side) // 2 + (side - 1) / 2 for length in (width, height))
    return problem.first.new_tensor([[x, y, 0, 1]]).expand(len(problem.first), 4)


def _random_poses(
    generator: torch.Generator, count: int, size: tuple[int, int], side: int
) -> torch.Tensor:
    """Wholly within frames of this (height, width), (count, 4)."""
    drawn = torch.rand(count, 4, generator=generator)
    angle, scale = (2 * drawn[:, 2:] - 1).T
    scale = 1 + _MAX_SCALE * scale
    radius = scale * side / 2
    y, x = (
        (radius + share * (length - 1 - 2 * radius)).clamp(0, length - 1)
        for share, length in zip(drawn[:, :2].T, size, strict=True)
    )
    return torch.stack([x, y, _MAX_ANGLE * angle, scale], 1)
