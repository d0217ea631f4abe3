"""Flows on their way into the browser: whole numbers of a step, packed; large ones in two parts.

A pane shows fewer pixels than a large frame has. Of such a frame the viewer gets every few px at
first, and the exact flows lie beside it, in square tiles that it fetches where a person looks.
"""

import hashlib
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from flowcore.types import FlowField

__all__ = ["TILE", "Tiles", "cut_tiles", "flow_step", "in_steps", "pack_planes", "thinning"]

TILE = 256
"""Side of a tile, px."""

_SLOW, _SLOW_STEP, _FAST_STEP = 16.0, 2.0**-8, 2.0**-6  # px; KITTI's files have 1/64, too
_ESCAPE = 255
_MAX_WHOLE_PIXELS = 300_000  # as many as a pane of a grid can show


@dataclass(frozen=True)
class Tiles:
    """The exact flows of a large frame, in tiles.

    Parameters
    ----------
    content : bytes
        Its own sha256, by which stores tell it from others; then the tiles, row by row. Each holds
        the planes of all flows, packed together.
    offsets : tuple of int
        Where each tile begins, and the end.
    num_flows : int
    """

    content: bytes
    offsets: tuple[int, ...]
    num_flows: int


def thinning(size: tuple[int, int]) -> int:
    """Every how many px, along rows and columns, a pane can show of a frame (height, width)."""
    return max(1, math.ceil(math.sqrt(math.prod(size) / _MAX_WHOLE_PIXELS)))


def cut_tiles(flows: Sequence[FlowField]) -> Tiles | None:
    """The exact flows, all of one size, in tiles; None where a pane can show all their pixels."""
    if not flows or thinning(flows[0].size) == 1:
        return None
    height, width = flows[0].size
    planes = np.concatenate([in_steps(flow, flow_step(flow)) for flow in flows])
    tiles = [
        pack_planes(planes[:, top : top + TILE, left : left + TILE])
        for top in range(0, height, TILE)
        for left in range(0, width, TILE)
    ]
    body = b"".join(tiles)
    digest = hashlib.sha256(body).digest()
    offsets = accumulate(map(len, tiles), initial=len(digest))
    return Tiles(digest + body, tuple(offsets), len(flows))


def flow_step(flow: FlowField) -> float:
    """A power of two in px in which all components fit into 16 bits; finer where all is slow."""
    largest = float(np.abs(flow.uv).max())
    if largest < _SLOW:
        return _SLOW_STEP
    return max(_FAST_STEP, 2.0 ** math.ceil(math.log2(largest / 32767)))


def in_steps(flow: FlowField, step: float, *, every: int = 1) -> NDArray[np.int16]:
    """The flow of every so many px in steps, (2, H, W): u, then v."""
    uv = flow.uv[::every, ::every].transpose(2, 0, 1)
    return np.asarray(np.rint(uv / np.float32(step)), np.int16)


def pack_planes(planes: NDArray[np.int16]) -> bytes:
    """Planes (N, H, W) as differences, folded to unsigned; then what does not fit into a byte.

    Gzipped, as numbers that hardly repeat: a fifth smaller than usual, and quicker to unpack.
    """
    zero = np.int16(0)
    planes = np.diff(np.diff(planes, axis=2, prepend=zero), axis=1, prepend=zero)  # wraps
    folded = ((planes << 1) ^ (planes >> 15)).view(np.uint16)
    small = np.minimum(folded, _ESCAPE).astype(np.uint8)
    large = folded[folded >= _ESCAPE].astype("<u2")
    packer = zlib.compressobj(6, wbits=31, memLevel=9, strategy=zlib.Z_RLE)
    return packer.compress(small.tobytes() + large.tobytes()) + packer.flush()
