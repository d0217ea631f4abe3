"""Argmax features: numbers that say where, read off a canvas or the maps of a net.

Positions are in units of the half canvas: -1 is the center of the first pixel, 1 of the last.
"""

from typing import Literal, get_args

import torch
from torch import nn

from flowcore.errors import ConfigError
from flowcore.ops.grid import pixel_grid
from flowcore.ops.soft_argmax import (
    first_crossing,
    gumbel_argmax,
    soft_argmax,
    straight_through_argmax,
)

__all__ = ["Crossing", "LearntEdges", "argmax_features", "corner_features", "to_px", "to_unit"]

Crossing = Literal["soft_argmax", "straight_through", "gumbel", "first_crossing"]

_TEMPERATURE = 0.5  # px, of the soft-argmax along a profile
_FIRST_THRESHOLD = 0.2  # of the maximum: not the answer, which is to be learnt
_FIRST_SLOPE = 10.0


def to_unit(positions: torch.Tensor, size: int) -> torch.Tensor:
    """Positions in px along ``size`` pixels, in -1..1."""
    return 2 * positions / (size - 1) - 1


def to_px(positions: torch.Tensor, size: int) -> torch.Tensor:
    """The opposite of `to_unit`."""
    return (positions + 1) * (size - 1) / 2


def argmax_features(maps: torch.Tensor, *, is_min: bool = False) -> torch.Tensor:
    """For each row the column, and for each column the row, of the maximum, ``(B, C * (H + W))``.

    Of equals the first, so that an empty row says -1, as does one whose maximum is in front.
    No gradient.

    Parameters
    ----------
    maps : (B, C, H, W)
    is_min : bool
        Of the minimum instead.

    Examples
    --------
    >>> maps = torch.tensor([[[[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [2.0, 0.0, 0.0]]]])
    >>> argmax_features(maps).tolist()  # rows: column 2, none, 0; columns: row 2, none, 0
    [[1.0, -1.0, -1.0, 1.0, -1.0, -1.0]]
    """
    height, width = maps.shape[-2:]
    signed = -maps.detach() if is_min else maps.detach()
    columns = to_unit(signed.argmax(-1).to(maps.dtype), width)
    rows = to_unit(signed.argmax(-2).to(maps.dtype), height)
    return torch.cat([columns.flatten(1), rows.flatten(1)], 1)


def corner_features(canvas: torch.Tensor) -> torch.Tensor:
    """The four corners of all that is not zero, ``(B, 8)``; no gradient. Blank: the whole canvas.

    Parameters
    ----------
    canvas : (B, 1, H, W)
    """
    inked = (canvas[:, 0] > 0).float()
    sides = []
    for profile in (inked.amax(-2), inked.amax(-1)):
        size = profile.shape[-1]
        last = size - 1 - profile.flip(-1).argmax(-1)
        sides.append([to_unit(end.float(), size) for end in (profile.argmax(-1), last)])
    return torch.stack([part for y in sides[1] for x in sides[0] for part in (x, y)], -1)


class LearntEdges(nn.Module):
    """The box of the ink and its centroid, with a threshold that is learnt, ``(B, 6, 2)``.

    Corners, center and centroid in the order of ``flowcore.digits.tasks.POINTS``, in -1..1.
    A pixel counts as ink by ``min(1, slope * relu(value / maximum - threshold))``: the gradient of
    the threshold passes through the ReLU. A row or column counts by its maximum, and where the
    first one is that counts is told in one of four ways.

    Parameters
    ----------
    crossing : "soft_argmax", "straight_through", "gumbel" or "first_crossing"
        The first three look for the maximum of (ink) x (pixels to the far end). Gumbel's draws
        are for training; in evaluation it takes the argmax.
    """

    def __init__(self, *, crossing: Crossing) -> None:
        super().__init__()
        if crossing not in get_args(Crossing):
            raise ConfigError(f"Unknown crossing {crossing!r}; choose from {get_args(Crossing)}.")
        self.crossing = crossing
        self.threshold = nn.Parameter(torch.tensor(_FIRST_THRESHOLD))
        self.log_slope = nn.Parameter(torch.tensor(_FIRST_SLOPE).log())

    def ink(self, canvas: torch.Tensor) -> torch.Tensor:
        """How much each pixel counts as ink, ``(B, H, W)`` in 0..1."""
        most = canvas.amax((-2, -1), keepdim=True).clamp(min=1e-6)
        above = (canvas / most - self.threshold).relu()
        return (self.log_slope.exp() * above).clamp(max=1)[:, 0]

    def forward(self, canvas: torch.Tensor) -> torch.Tensor:
        """The six points on canvases ``(B, 1, H, W)``."""
        ink = self.ink(canvas)
        left, right = self._ends(ink.amax(-2))
        top, bottom = self._ends(ink.amax(-1))
        corners = [(left, top), (right, top), (left, bottom), (right, bottom)]
        box = [torch.stack(corner, -1) for corner in corners]
        grid = pixel_grid(*ink.shape[-2:], like=ink)
        mass = ink.sum((-2, -1)).clamp(min=1e-6)
        centroid = (ink[:, None] * grid).sum((-2, -1)) / mass[:, None]
        points = torch.stack([*box, (box[0] + box[3]) / 2, centroid], 1)
        width_height = torch.tensor([ink.shape[-1], ink.shape[-2]], device=ink.device)
        return 2 * points / (width_height - 1) - 1

    def _ends(self, profile: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """First and last place in px that counts along a profile ``(B, N)``."""
        return self._first(profile), profile.shape[-1] - 1 - self._first(profile.flip(-1))

    def _first(self, profile: torch.Tensor) -> torch.Tensor:
        if self.crossing == "first_crossing":
            return first_crossing(profile)
        size = profile.shape[-1]
        to_end = torch.arange(size, 0, -1, device=profile.device, dtype=profile.dtype)
        find = {
            "soft_argmax": soft_argmax,
            "straight_through": straight_through_argmax,
            "gumbel": gumbel_argmax if self.training else straight_through_argmax,
        }[self.crossing]
        return find((profile * to_end)[:, None], temperature=_TEMPERATURE)[:, 0]
