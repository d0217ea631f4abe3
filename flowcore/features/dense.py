"""The matching of every pixel at once: what winner-takes-all would say, and how sure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from flowcore.errors import ConfigError
from flowcore.features.matching import MatchedView, Matching
from flowcore.ops.matching import MatchingLevel
from flowcore.ops.peaks import DEFAULT_TEMPERATURE, attention, entropy_bits, two_peaks
from flowcore.types import BoolArray, FloatArray, FlowField, IntArray

__all__ = ["DenseMatching", "dense_matching"]

_BLOCK_BYTES = 2**25  # of scores worked out at once


@dataclass(frozen=True, eq=False)
class DenseMatching:
    """Maps of a lane's first level, of the pair's size; blocks of one value are its cells.

    Parameters
    ----------
    flow : FlowField
        The argmax flow: each cell goes to its best match, winner takes all.
    entropy : (H, W) float32
        Bits: 0 is sure, k means one of about 2**k cells.
    most_bits : float
        The entropy of a cell that matches all places alike.
    second_ratio : (H, W) float32
        Share of the second peak over that of the best, 0..1.
    mutual : (H, W) bool, optional
        Where the best match's own best match is the cell again, or a neighbor; None for a level
        that compares within a window.
    cell : float
        Px of the pair that a cell is wide.
    """

    flow: FlowField
    entropy: FloatArray
    most_bits: float
    second_ratio: FloatArray
    mutual: BoolArray | None
    cell: float


def dense_matching(
    matching: Matching, *, temperature: float = DEFAULT_TEMPERATURE
) -> DenseMatching:
    """The maps of what a lane compared.

    Raises
    ------
    ConfigError
        A classical method, whose windows are compared for single pixels only; or a temperature
        that is not above 0.
    """
    views = [(rows, cols, view, _level(view)) for rows, cols, view in matching.regions()]
    maps = [_maps(level, temperature) for _, _, _, level in views]
    flow = np.zeros((*matching.size, 2), np.float32)
    entropy, ratio = (np.zeros(matching.size, np.float32) for _ in range(2))
    mutual = None if maps[0].mutual is None else np.zeros(matching.size, bool)
    for (rows, cols, view, level), found in zip(views, maps, strict=True):
        here = _cells(view, level, rows, cols)
        area = (rows, cols)
        start = view.place.first_to_frame(level.centers().numpy())
        flow[area] = (view.place.second_to_frame(found.best) - start)[here]
        entropy[area] = found.entropy[here]
        ratio[area] = found.second_ratio[here]
        if mutual is not None and found.mutual is not None:
            mutual[area] = found.mutual[here]
    level, view = views[0][3], views[0][2]
    return DenseMatching(
        FlowField(flow),
        entropy,
        float(np.log2(level.num_scores)),
        ratio,
        mutual,
        level.key_stride / view.place.scale[0],
    )


class _Maps(NamedTuple):
    """On the grid of the first frame; ``best`` in px of the model's second crop."""

    best: FloatArray
    entropy: FloatArray
    second_ratio: FloatArray
    mutual: BoolArray | None


def _level(view: MatchedView) -> MatchingLevel:
    level = view.levels[0]
    if not isinstance(level, MatchingLevel):
        raise ConfigError("A classical method has no maps of its matching, only single pixels.")
    return level


def _maps(level: MatchingLevel, temperature: float) -> _Maps:
    best, entropy, ratio = [], [], []
    columns = _Columns(level) if level.reach is None else None
    for rows, cols in _blocks(level):
        scores = level.scores(rows, cols)
        peaks = two_peaks(scores)
        best.append(peaks.best)
        entropy.append(entropy_bits(attention(scores, temperature=temperature)))
        ratio.append(torch.exp(-peaks.gap / temperature))
        if columns is not None:
            columns.add(scores.flatten(1))
    rows, cols = _all_cells(level)
    index = torch.cat(best)
    return _Maps(
        level.positions_of(rows, cols, index).view(*level.size, 2).numpy(),
        torch.cat(entropy).view(level.size).numpy(),
        torch.cat(ratio).view(level.size).numpy(),
        None if columns is None else columns.mutual(index).view(level.size).numpy(),
    )


class _Columns:
    """The best query of every key, while the volume passes by row after row."""

    def __init__(self, level: MatchingLevel) -> None:
        count = level.keys[0].numel()
        self.width = level.size[1]
        self.score = torch.full((count,), -torch.inf)
        self.query = torch.zeros(count, dtype=torch.int64)
        self.seen = 0

    def add(self, scores: torch.Tensor) -> None:
        """Take in the scores (N, keys) of the next queries."""
        score, query = scores.max(0)
        is_better = score > self.score
        self.score[is_better] = score[is_better]
        self.query[is_better] = query[is_better] + self.seen
        self.seen += len(scores)

    def mutual(self, best: torch.Tensor) -> torch.Tensor:
        """Whether each query's best key has that query, or a neighbor of it, as its own best."""
        back = self.query[best]
        query = torch.arange(len(best))
        rows = (back // self.width - query // self.width).abs()
        cols = (back % self.width - query % self.width).abs()
        return torch.maximum(rows, cols) <= 1


def _all_cells(level: MatchingLevel) -> tuple[torch.Tensor, torch.Tensor]:
    rows, cols = torch.meshgrid(*(torch.arange(side) for side in level.size), indexing="ij")
    return rows.flatten(), cols.flatten()


def _blocks(level: MatchingLevel) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    rows, cols = _all_cells(level)
    step = max(1, _BLOCK_BYTES // (4 * level.num_scores))
    yield from zip(torch.split(rows, step), torch.split(cols, step), strict=True)


def _cells(
    view: MatchedView, level: MatchingLevel, rows: slice, cols: slice
) -> tuple[IntArray, ...]:
    """Indices of the cells under a region of the frame."""
    height, width = level.size
    y, x = np.arange(rows.start, rows.stop), np.arange(cols.start, cols.stop)
    return np.ix_(
        view.place.cells(y, 1, stride=level.stride, count=height),
        view.place.cells(x, 0, stride=level.stride, count=width),
    )
