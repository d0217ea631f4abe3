"""How layers move: homographies, some of what a smooth wave has bent; drawn at random."""

import math
from dataclasses import dataclass

import torch

from flowcore.data.draw import Draw
from flowcore.data.windows import Bounds

__all__ = ["Motion", "draw_motion", "rotation"]

_LEAST_DEPTH = 1e-6  # on the horizon of a plane, which no layer shows, it would be none
_FIXED_POINT_STEPS = 6  # the waves are gentle: each step divides the error by three or more


@dataclass(frozen=True, eq=False)
class Motion:
    """``x -> matrix (x + wave(x))``: a homography of what a smooth wave has bent.

    ``matrix`` (B, 3, 3); the wave is ``amplitudes (B, K, 2) * sin(x . frequencies (B, K, 2) +
    phases (B, K))``, summed, or None.
    """

    matrix: torch.Tensor
    wave: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None

    def of(self, items: torch.Tensor) -> "Motion":
        """That of these scenes of the batch alone."""
        if self.wave is None:
            return Motion(self.matrix[items])
        amplitudes, frequencies, phases = (values[items] for values in self.wave)
        return Motion(self.matrix[items], (amplitudes, frequencies, phases))

    def bounds(self, before: Bounds) -> Bounds:
        """Where all that lies within bounds goes, at most; everywhere if it crosses a horizon."""
        low, high = before
        if self.wave is not None:
            swing = self.wave[0].abs().sum(1)
            low, high = low - swing, high + swing
        x, y = (torch.stack([low[:, axis], high[:, axis]], 1) for axis in (0, 1))
        corners = torch.stack([x[:, None].expand(-1, 2, -1), y[:, :, None].expand(-1, -1, 2)], 1)
        moved = _apply(self.matrix, corners).flatten(2)
        last = self.matrix[:, 2]
        depth = torch.einsum("bc,bchw->bhw", last[:, :2], corners) + last[:, 2, None, None]
        is_sound = (depth.amin((1, 2)) > _LEAST_DEPTH)[:, None]
        return (
            torch.where(is_sound, moved.amin(2), -torch.inf),
            torch.where(is_sound, moved.amax(2), torch.inf),
        )

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        """Where positions (B, 2, H, W) of the first frame go."""
        return _apply(self.matrix, positions + self._bend(positions))

    def backward(self, positions: torch.Tensor) -> torch.Tensor:
        """Where positions of the second frame come from."""
        straight = _apply(torch.linalg.inv(self.matrix), positions)
        if self.wave is None:
            return straight
        origin = straight
        for _ in range(_FIXED_POINT_STEPS):
            origin = straight - self._bend(origin)
        return origin

    def _bend(self, positions: torch.Tensor) -> torch.Tensor | float:
        if self.wave is None:
            return 0.0
        amplitudes, frequencies, phases = self.wave
        angles = torch.einsum("bkc,bchw->bkhw", frequencies, positions)
        return torch.einsum("bkc,bkhw->bchw", amplitudes, (angles + phases[..., None, None]).sin())


def draw_motion(
    draw: Draw,
    speed: torch.Tensor,
    reach: torch.Tensor,
    center: torch.Tensor,
    *,
    turning: float,
    bending: float,
) -> Motion:
    """Motions of about these speeds.

    Parameters
    ----------
    draw : Draw
    speed : (B,)
        Px; zero is rest.
    reach : (B,)
        Px from the center to the layer's end.
    center : (B, 2)
        Where rotation and zoom leave the layer.
    turning : float
        How much is rotation, zoom, shear and perspective, beside translation.
    bending : float
        Share of motions that are bent.
    """
    matrix = _draw_matrix(draw, speed, reach, center, turning)
    return Motion(matrix, _draw_wave(draw, speed, reach, bending))


def _draw_matrix(
    draw: Draw,
    speed: torch.Tensor,
    reach: torch.Tensor,
    center: torch.Tensor,
    turning: float,
) -> torch.Tensor:
    """A homography (B, 3, 3) that moves what lies ``reach`` px from the center by about speed."""
    direction = draw.uniform(-math.pi, math.pi)
    distance = speed * draw.uniform(0.2, 1)
    part = (turning * speed / reach).clamp(max=0.25)  # as an angle, or as a factor less 1
    turn = rotation(part * draw.normal(0.8))
    zoom = (part * draw.normal(0.6)).exp()
    shear = part * draw.normal(0.3)
    linear = turn * zoom.view(-1, 1, 1)
    linear = linear @ torch.stack(
        [torch.ones_like(shear), shear, torch.zeros_like(shear), torch.ones_like(shear)], 1
    ).view(-1, 2, 2)
    matrix = torch.eye(3, device=speed.device).repeat(len(speed), 1, 1)
    matrix[:, :2, :2] = linear
    tilt = part / (4 * reach)
    matrix[:, 2, 0] = tilt * draw.normal(0.5)
    matrix[:, 2, 1] = tilt * draw.normal(0.5)
    shift = torch.stack([direction.cos(), direction.sin()], 1) * distance[:, None]
    return _translation(center + shift) @ matrix @ _translation(-center)


def _draw_wave(
    draw: Draw, speed: torch.Tensor, reach: torch.Tensor, bending: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None:
    """Two waves, about as long as the layer is wide; None where no scene has any."""
    is_bent = draw.chance(bending) & (speed > 0)
    if not bool(is_bent.any()):
        return None
    amplitudes, frequencies, phases = [], [], []
    for _ in range(2):
        length = 2 * reach * draw.log_uniform(0.5, 2)
        angle, sway = draw.uniform(-math.pi, math.pi), draw.uniform(-math.pi, math.pi)
        frequency = 2 * math.pi / length
        # Slopes add up to 0.3 at most, so the bent layer never folds.
        amplitude = torch.minimum(0.3 * speed, 0.15 / frequency) * is_bent
        frequencies.append(torch.stack([angle.cos(), angle.sin()], 1) * frequency[:, None])
        amplitudes.append(torch.stack([sway.cos(), sway.sin()], 1) * amplitude[:, None])
        phases.append(draw.uniform(-math.pi, math.pi))
    return torch.stack(amplitudes, 1), torch.stack(frequencies, 1), torch.stack(phases, 1)


def rotation(angle: torch.Tensor) -> torch.Tensor:
    """Rotations (B, 2, 2)."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)


def _translation(shift: torch.Tensor) -> torch.Tensor:
    matrix = torch.eye(3, device=shift.device).repeat(len(shift), 1, 1)
    matrix[:, :2, 2] = shift
    return matrix


def _apply(matrix: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Positions (B, 2, H, W) moved by homographies (B, 3, 3)."""
    moved = (
        torch.einsum("bij,bjhw->bihw", matrix[:, :, :2], positions) + matrix[:, :, 2, None, None]
    )
    depth = moved[:, 2:]
    return moved[:, :2] / torch.where(depth.abs() < _LEAST_DEPTH, _LEAST_DEPTH, depth)
