"""Correlation of every pixel of the first frame with those of the second, at several scales.

Teed and Deng, RAFT, ECCV 2020, section 3.2. Whole volumes are quick to look up and grow with the
fourth power of the frame's side; where they would be too large, each lookup computes what it
needs. Both ways give the same numbers.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch.nn import functional as F

__all__ = [
    "MAX_VOLUME_BYTES",
    "CorrelationPyramid",
    "all_pairs_correlation",
    "feature_pyramid",
    "spaced_correlation",
    "volume_bytes",
    "window_correlation",
]

MAX_VOLUME_BYTES = 3 * 2**29  # 1.5 GiB
_TILE = 8  # px; windows are worked out for tiles of this side at once
_TILES_AT_ONCE = 64  # their products, 2 to 4 MB, stay in a processor's cache
_BLOCK_BYTES = 2**21  # gathered at once without a volume: what fits a processor's cache


def all_pairs_correlation(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """The scaled dot product of every pair of feature vectors, ``(B, H, W, h, w)``.

    Parameters
    ----------
    first : (B, C, H, W)
    second : (B, C, h, w)

    Returns
    -------
    (B, H, W, h, w)
        ``first[:, :, y, x] . second[:, :, j, i] / sqrt(C)``; higher is more alike.

    Examples
    --------
    >>> ones = torch.ones(1, 4, 1, 1)
    >>> all_pairs_correlation(ones, 3 * ones).item()
    6.0
    """
    scale = 1 / math.sqrt(first.shape[1])
    return torch.einsum("bcyx,bcji->byxji", first * scale, second)


def volume_bytes(height: int, width: int, *, num_levels: int) -> int:
    """Bytes of all levels' volumes for one pair of feature maps of this size.

    Examples
    --------
    Two levels of 4x4 and 2x2 px, each with a ring of one pixel, for 16 pixels of 4 bytes each:

    >>> volume_bytes(4, 4, num_levels=2) == 4 * 16 * (6 * 6 + 4 * 4)
    True
    """
    sizes = ((height >> level, width >> level) for level in range(num_levels))
    return sum(4 * height * width * (h + 2) * (w + 2) for h, w in sizes)


def feature_pyramid(features: torch.Tensor, num_levels: int) -> Iterator[torch.Tensor]:
    """Features ``(B, C, H, W)`` in float32, averaged over 2x2 pixels from level to level."""
    level = features.float()
    for number in range(num_levels):
        level = F.avg_pool2d(level, 2) if number else level
        yield level


class CorrelationPyramid:
    """Correlation of two feature maps, looked up in a window around any position.

    Parameters
    ----------
    first, second : (B, C, H, W)
        Features; the work is done in float32. ``second`` is averaged over 2x2 pixels from level
        to level, which equals averaging the volume: a dot product is linear.
    num_levels : int
        Both sides must be at least ``2 ** (num_levels - 1)``.
    radius : int
        The window has ``(2 * radius + 1) ** 2`` positions per level.
    max_bytes : int, optional
        The volumes are stored if they take no more than this, None for always. Otherwise each
        lookup computes what it needs: slower at small sizes, and of little use under autograd,
        which keeps all that was gathered.
    """

    def __init__(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        num_levels: int = 4,
        radius: int = 4,
        max_bytes: int | None = MAX_VOLUME_BYTES,
    ) -> None:
        B, C, H, W = first.shape
        self.radius = radius
        total = B * volume_bytes(H, W, num_levels=num_levels)
        self.is_stored = max_bytes is None or total <= max_bytes
        self.levels: list[_Level] = []
        with torch.autocast(first.device.type, enabled=False):
            queries = (first.float() / math.sqrt(C)).flatten(2).transpose(1, 2).contiguous()
            for level in feature_pyramid(second, num_levels):
                ringed = F.pad(level, (1, 1, 1, 1)).flatten(2)  # zeros stand for all outside
                keys = ringed.transpose(1, 2)  # (B, (h + 2) * (w + 2), C)
                values = queries @ ringed if self.is_stored else keys.contiguous()
                self.levels.append(_Level(level.shape[-2], level.shape[-1], values))
        self.queries = queries  # (B, H * W, C)

    def __call__(self, positions: torch.Tensor) -> torch.Tensor:
        """Bilinear samples of every level around each position.

        Parameters
        ----------
        positions : (B, 2, H, W)
            Where each pixel of the first feature map is looked for in the second, in px of the
            finest level; channel 0 = x, 1 = y.

        Returns
        -------
        (B, num_levels * (2 * radius + 1) ** 2, H, W)
            Levels from fine to coarse; within a level x runs slowest, as in the published
            weights. Outside the frame the correlation is zero.
        """
        B, _, H, W = positions.shape
        with torch.autocast(positions.device.type, enabled=False):
            centers = positions.float().flatten(2).transpose(1, 2)  # (B, H * W, 2)
            samples = [
                self._sample(level, centers / 2**number) for number, level in enumerate(self.levels)
            ]
            return torch.cat(samples, dim=2).transpose(1, 2).reshape(B, -1, H, W)

    def _sample(self, level: "_Level", centers: torch.Tensor) -> torch.Tensor:
        index, fraction = _window(centers, self.radius, level.height, level.width)
        if self.is_stored:
            return _interpolate(level.values.gather(2, index), fraction)
        return _interpolate(_dots_at(self.queries, level.values, index), fraction)


class _Level(NamedTuple):
    """One level: its size, and its volume (B, H * W, M) or, if not stored, its keys (B, M, C).

    M = (height + 2) * (width + 2).
    """

    height: int
    width: int
    values: torch.Tensor


def _window(
    centers: torch.Tensor, radius: int, height: int, width: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Indices of the integer positions around each center, and the centers' fractions.

    The indices, (B, N, (2 * radius + 2) ** 2), count in the map with its ring of zeros; what lies
    outside points into the ring.
    """
    corner = centers.floor()
    offsets = torch.arange(-radius, radius + 2, device=centers.device)
    x, y = (corner.long()[..., None] + offsets).unbind(2)  # (B, N, 2 * radius + 2) each
    x = x.clamp(-1, width) + 1
    y = y.clamp(-1, height) + 1
    return (y[:, :, None, :] * (width + 2) + x[:, :, :, None]).flatten(2), centers - corner


def _interpolate(values: torch.Tensor, fraction: torch.Tensor) -> torch.Tensor:
    """Values at integer positions (B, N, k * k) brought to the centers, (B, N, (k - 1) ** 2)."""
    k = math.isqrt(values.shape[2])
    fx, fy = fraction[..., None, None].unbind(2)  # (B, N, 1, 1) each
    grid = values.view(*values.shape[:2], k, k)  # (B, N, x, y)
    grid = torch.lerp(grid[:, :, :-1], grid[:, :, 1:], fx)
    return torch.lerp(grid[..., :-1], grid[..., 1:], fy).flatten(2)


def _dots_at(queries: torch.Tensor, keys: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Dot products of each query with its keys, (B, N, K), a block of queries at a time.

    Takes queries (B, N, C), keys (B, M, C) and, per query, the indices (B, N, K) of its keys.
    """
    B, N, K = index.shape
    C = queries.shape[2]
    first_key = torch.arange(B, device=index.device).view(B, 1, 1) * keys.shape[1]
    block_bytes = _BLOCK_BYTES if keys.device.type == "cpu" else 128 * _BLOCK_BYTES
    step = max(1, block_bytes // (4 * K * C))
    blocks = zip(
        torch.split(queries.view(B * N, 1, C), step),
        torch.split((index + first_key).view(B * N, K), step),
        strict=True,
    )
    rows = keys.view(-1, C)
    dots = [
        (rows.index_select(0, block.flatten()).view(-1, K, C) * query).sum(2)
        for query, block in blocks
    ]
    return torch.cat(dots).view(B, N, K)


def window_correlation(first: torch.Tensor, second: torch.Tensor, radius: int) -> torch.Tensor:
    """The scaled dot product of each feature vector with those around the same place.

    Worked out tile by tile as matrix products, of which a strided view picks the windows: about
    twice as quick as one product per displacement where a processor multiplies in bfloat16. Rows of
    tiles are done one after the other, for large frames in half of the time of all at once.

    Parameters
    ----------
    first, second : (B, C, H, W)
    radius : int
        In px.

    Returns
    -------
    (B, (2 * radius + 1) ** 2, H, W)
        ``first[:, :, y, x] . second[:, :, y + dy, x + dx] / sqrt(C)``, dy running slowest; zero
        outside.

    Examples
    --------
    >>> row = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    >>> window_correlation(row, row, 1)[0, 3:6, 0, 1].tolist()  # left, same place, right
    [2.0, 4.0, 6.0]
    """
    B, _, H, W = first.shape
    rows, cols = -(-H // _TILE), -(-W // _TILE)
    below, beside = rows * _TILE - H, cols * _TILE - W
    queries = F.pad(first / math.sqrt(first.shape[1]), (0, beside, 0, below))
    keys = F.pad(second, (radius, radius + beside, radius, radius + below))
    height = _TILE * max(1, _TILES_AT_ONCE // (B * cols))
    bands = [
        _of_band(
            queries[:, :, top : top + height], keys[:, :, top : top + height + 2 * radius], radius
        )
        for top in range(0, rows * _TILE, height)
    ]
    return torch.cat(bands, 2)[..., :H, :W]


def _of_band(queries: torch.Tensor, keys: torch.Tensor, radius: int) -> torch.Tensor:
    """The windows of whole tiles; the keys reach further than the queries by ``radius`` px."""
    B, C, H, W = queries.shape
    rows, cols, side, reach = H // _TILE, W // _TILE, 2 * radius + 1, _TILE + 2 * radius
    queries = queries.reshape(B, C, rows, _TILE, cols, _TILE).permute(0, 2, 4, 3, 5, 1)
    keys = keys.unfold(2, reach, _TILE).unfold(3, reach, _TILE).permute(0, 2, 3, 1, 4, 5)
    products = torch.bmm(
        queries.reshape(B * rows * cols, _TILE**2, C), keys.reshape(B * rows * cols, C, reach**2)
    )  # each pixel of a tile with all that the tile's windows cover
    down, right = _TILE * reach**2 + reach, reach**2 + 1  # from a pixel's window to the next one's
    windows = products.as_strided(
        (B * rows * cols, _TILE, _TILE, side, side),
        (_TILE**2 * reach**2, down, right, reach, 1),
    ).view(B, rows, cols, _TILE, _TILE, side, side)
    return windows.permute(0, 5, 6, 1, 3, 2, 4).reshape(B, side**2, H, W)


def spaced_correlation(
    first: torch.Tensor, second: torch.Tensor, *, reach: int, spacing: int
) -> torch.Tensor:
    """The mean product of each feature vector with those around it, a few px apart.

    FlowNetC's correlation layer (Dosovitskiy et al., FlowNet, ICCV 2015, section 3). Displacements
    of whole spacings lead from a pixel to pixels of its own phase, so each phase is a window
    correlation of its own, and no displacement between is computed. While it works it holds up to
    four times the result's memory, the result included.

    Parameters
    ----------
    first, second : (B, C, H, W)
    reach, spacing : int
        The longest displacement along an axis, a multiple of the spacing; px.

    Returns
    -------
    (B, (2 * reach / spacing + 1) ** 2, H, W)
        ``mean over C of first[:, :, y, x] * second[:, :, y + dy, x + dx]``, dy running slowest;
        zero outside.

    Examples
    --------
    >>> row = torch.tensor([[[[1.0, 2.0, 3.0, 4.0]]]])
    >>> spaced_correlation(row, row, reach=2, spacing=2)[0, 3:6, 0, 1].tolist()
    [0.0, 4.0, 8.0]
    """
    B, C, H, W = first.shape
    h, w = -(-H // spacing), -(-W // spacing)

    def phases(features: torch.Tensor) -> torch.Tensor:
        padded = F.pad(features, (0, w * spacing - W, 0, h * spacing - H))
        grid = padded.view(B, C, h, spacing, w, spacing).permute(0, 3, 5, 1, 2, 4)
        return grid.reshape(B * spacing**2, C, h, w)

    whole = window_correlation(phases(first / math.sqrt(C)), phases(second), reach // spacing)
    whole = whole.view(B, spacing, spacing, -1, h, w).permute(0, 3, 4, 1, 5, 2)
    return whole.reshape(B, -1, h * spacing, w * spacing)[..., :H, :W]
