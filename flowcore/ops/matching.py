"""What a model compares: features of both frames on a grid, whose dot products say what matches.

A level is what a correlation or cost volume is made of, and much smaller than the volume: scores
are worked out for the pixels that are asked about.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch

from flowcore.errors import InputError
from flowcore.ops.correlation import feature_pyramid
from flowcore.ops.grid import pixel_grid

__all__ = ["MatchingLevel", "Surface", "pyramid_levels", "window_level"]


class Surface(NamedTuple):
    """How well one place of the first frame matches places of the second.

    Parameters
    ----------
    scores : (h, w) tensor
        Higher is more alike.
    positions : (h, w, 2) tensor
        Where each score was taken, x and y in px of the second frame.
    """

    scores: torch.Tensor
    positions: torch.Tensor


@dataclass(frozen=True, eq=False)
class MatchingLevel:
    """Features of two frames, each on a grid of its own, and which of them are compared.

    Parameters
    ----------
    name : str
        For people.
    queries : (C, H, W) float32
        Of the first frame, scaled so that the dot product is the score.
    keys : (C, h, w) float32
        Of the second frame.
    stride, key_stride : int
        Px of the frame that a cell of the queries, and of the keys, is wide.
    reach : int, optional
        A query is compared with the keys up to this many cells away, along each axis; with all of
        them if left out. A window needs both grids to be the same; outside the score is zero.
    step : int
        Of the window: 2 takes every second cell.
    moved_by : (2, H, W) float32, optional
        A flow in cells by which the keys have been fetched from where they are.
    """

    name: str
    queries: torch.Tensor
    keys: torch.Tensor
    stride: int
    key_stride: int
    reach: int | None = None
    step: int = 1
    moved_by: torch.Tensor | None = None

    def __post_init__(self) -> None:
        if self.queries.ndim != 3 or self.queries.shape[0] != self.keys.shape[0]:
            raise InputError(
                f"Features must be (C, H, W) with one C, got {tuple(self.queries.shape)} and "
                f"{tuple(self.keys.shape)}."
            )
        if self.reach is not None and self.queries.shape != self.keys.shape:
            raise InputError("A window of matches needs features of both frames on one grid.")

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the grid of the queries."""
        return self.queries.shape[1], self.queries.shape[2]

    @property
    def num_scores(self) -> int:
        """How many places each cell is compared with."""
        if self.reach is None:
            return self.keys[0].numel()
        return int((2 * self.reach // self.step + 1) ** 2)

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """What takes memory."""
        return tuple(t for t in (self.queries, self.keys, self.moved_by) if t is not None)

    def scores(self, rows: torch.Tensor, cols: torch.Tensor) -> torch.Tensor:
        """The scores of some cells of the first frame, ``(N, h, w)``, of a window or of all keys.

        Raises
        ------
        InputError
            A cell outside the grid.
        """
        self._require_inside(rows, cols)
        queries = self.queries[:, rows, cols].T  # (N, C)
        if self.reach is None:
            return (queries @ self.keys.flatten(1)).view(-1, *self.keys.shape[1:])
        height, width = self.size
        offsets = torch.arange(-self.reach, self.reach + 1, self.step)
        y, x = (at[:, None] + offsets for at in (rows, cols))  # (N, k) each
        is_inside = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None, :]
        y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
        windows = self.keys[:, y[:, :, None], x[:, None, :]]  # (C, N, k, k)
        return torch.einsum("nc,cnyx->nyx", queries, windows) * is_inside

    def surface(self, row: int, col: int) -> Surface:
        """The scores of one cell, and where in the second frame they were taken."""
        rows, cols = torch.tensor([row]), torch.tensor([col])
        scores = self.scores(rows, cols)[0]
        index = torch.arange(scores.numel())
        positions = self.positions_of(rows.expand_as(index), cols.expand_as(index), index)
        return Surface(scores, positions.view(*scores.shape, 2))

    def positions_of(
        self, rows: torch.Tensor, cols: torch.Tensor, index: torch.Tensor
    ) -> torch.Tensor:
        """Where scores were taken, ``(N, 2)``, x and y in px of the second frame.

        Takes cells of the first frame (N,) and, for each, an index (N,) into its flattened scores.
        """
        if self.reach is None:
            return self.key_centers().flatten(0, 1)[index]
        side = 2 * self.reach // self.step + 1
        y = rows + index // side * self.step - self.reach
        x = cols + index % side * self.step - self.reach
        cells = torch.stack([x, y], -1).float()
        if self.moved_by is not None:
            height, width = self.size
            moved = self.moved_by[:, y.clamp(0, height - 1), x.clamp(0, width - 1)]
            cells = cells + moved.T
        return _to_px(cells, self.key_stride)

    def centers(self) -> torch.Tensor:
        """Where the cells of the first frame lie, ``(H, W, 2)``, x and y in px."""
        return _centers(*self.size, self.stride)

    def key_centers(self) -> torch.Tensor:
        """Where the cells of the second frame lie, ``(h, w, 2)``, x and y in px."""
        return _centers(self.keys.shape[1], self.keys.shape[2], self.key_stride)

    def _require_inside(self, rows: torch.Tensor, cols: torch.Tensor) -> None:
        height, width = self.size
        is_inside = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
        if not bool(is_inside.all()):
            raise InputError(f"A cell lies outside the grid of {width}x{height} (width x height).")


def pyramid_levels(
    first: torch.Tensor, second: torch.Tensor, *, num_levels: int, stride: int
) -> tuple[MatchingLevel, ...]:
    """The levels of a `CorrelationPyramid` over features ``(1, C, H, W)``, from fine to coarse."""
    queries = first[0].float() / math.sqrt(first.shape[1])
    return tuple(
        MatchingLevel(
            f"all of the second frame, cells of {stride << number} px",
            queries,
            keys[0],
            stride,
            stride << number,
        )
        for number, keys in enumerate(feature_pyramid(second, num_levels))
    )


def window_level(
    first: torch.Tensor,
    moved: torch.Tensor,
    flow: torch.Tensor,
    *,
    radius: int,
    stride: int,
    spacing: int = 1,
) -> MatchingLevel:
    """The level of a `window_correlation`, or of a `spaced_correlation` of averaged cells.

    Parameters
    ----------
    first : (1, C, H, W)
    moved : (1, C, H, W)
        The second frame's features, fetched by ``flow``.
    flow : (1, 2, H, W)
        In cells.
    radius : int
        In steps of the spacing.
    stride : int
        Px of the frame that a cell is wide.
    spacing : int
        In cells; each of the moved ones is the mean of so many to the right and below.
    """
    side = 2 * radius + 1
    return MatchingLevel(
        f"{side}x{side} cells of {spacing * stride} px around the flow so far",
        first[0].float() / math.sqrt(first.shape[1]),
        moved[0].float(),
        stride,
        stride,
        reach=spacing * radius,
        step=spacing,
        moved_by=flow[0].float() + (spacing - 1) / 2,
    )


def _centers(height: int, width: int, stride: int) -> torch.Tensor:
    cells = pixel_grid(height, width, like=torch.zeros(()))[0].permute(1, 2, 0)
    return _to_px(cells, stride)


def _to_px(cells: torch.Tensor, stride: int) -> torch.Tensor:
    """The middles of cells that are ``stride`` px wide; px count from the middle of the first."""
    return (cells + 0.5) * stride - 0.5
