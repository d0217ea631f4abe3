"""Frames of the size ladder's nets encoded in chunks, their features joined for one decoder."""

from itertools import pairwise
from typing import NamedTuple, TypeAlias

import torch
from torch import nn

__all__ = ["RECEPTIVE_RADIUS", "Features", "encode_in_chunks"]

Features: TypeAlias = dict[int, torch.Tensor]
"""Of frames, ``(B, C, H / cell, W / cell)``, by the width of the cells, px: 16, 8, 4, perhaps 2."""

RECEPTIVE_RADIUS = 96  # px around it that a feature can see, with one block on each grid


def encode_in_chunks(
    encoder: nn.Module, frames: torch.Tensor, counts: tuple[int, int], *, halo: int = 0
) -> Features:
    """The encoder's features, each chunk of the frames encoded by itself, joined on every grid.

    Parameters
    ----------
    encoder : nn.Module
    frames : (B, 3, H, W)
        H and W multiples of 16.
    counts : (rows, cols)
        Of chunks, cut at multiples of 16 px.
    halo : int
        Px of context around each chunk, a multiple of 16; `RECEPTIVE_RADIUS` of it, or more, gives
        the features of the whole frame.
    """
    if counts == (1, 1):
        whole: Features = encoder(frames)
        return whole
    rows, cols = (
        _cuts(length, count, halo) for length, count in zip(frames.shape[-2:], counts, strict=True)
    )
    views = [frames[..., row.begin : row.end, col.begin : col.end] for row in rows for col in cols]
    if len({view.shape for view in views}) == 1:  # stacked, and normed alike while training
        parts = {cell: f.chunk(len(views)) for cell, f in encoder(torch.cat(views)).items()}
    else:
        encoded = [encoder(view) for view in views]
        parts = {cell: tuple(features[cell] for features in encoded) for cell in encoded[0]}
    return {cell: _joined(of_cell, rows, cols, cell) for cell, of_cell in parts.items()}


class _Cut(NamedTuple):
    """An interval along an axis, and the wider one that is encoded for it, in px."""

    start: int
    stop: int
    begin: int
    end: int


def _cuts(length: int, count: int, halo: int) -> list[_Cut]:
    bounds = [16 * (length // 16 * index // count) for index in range(count + 1)]
    return [
        _Cut(start, stop, max(0, start - halo), min(length, stop + halo))
        for start, stop in pairwise(bounds)
    ]


def _joined(
    parts: tuple[torch.Tensor, ...], rows: list[_Cut], cols: list[_Cut], cell: int
) -> torch.Tensor:
    """The chunks' features on one grid without their halos, side by side again."""

    def inner(cut: _Cut) -> slice:
        return slice((cut.start - cut.begin) // cell, (cut.stop - cut.begin) // cell)

    cores = [
        parts[r * len(cols) + c][..., inner(row), inner(col)]
        for r, row in enumerate(rows)
        for c, col in enumerate(cols)
    ]
    bands = [torch.cat(cores[r * len(cols) :][: len(cols)], -1) for r in range(len(rows))]
    return torch.cat(bands, -2)
