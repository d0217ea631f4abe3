"""One flow from the flows of the chunks.

Chunks are cropped when their turn comes, several at a time where that pays, and their flows are
added up with their weights once, in order; only the stitched flow is kept, so memory is that of the
chunks at work.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

import torch

from flowcore.chunking.motion import Estimator, QuickPass, View, quick_pass, view_of
from flowcore.chunking.parallel import in_order
from flowcore.chunking.plan import Chunk, chunk_weights, plan_chunks, seam_lines
from flowcore.errors import ConfigError
from flowcore.ops.blur import gaussian_blur
from flowcore.ops.convert import as_float
from flowcore.types import ChunkGrid, FeatureMap, Prediction

__all__ = ["chunk_views", "estimate_chunked"]

_SEAM_REACH = 2.0  # sigmas of the seams' blur to each side of a seam


def estimate_chunked(
    estimate: Estimator,
    first: torch.Tensor,
    second: torch.Tensor,
    grid: ChunkGrid,
    *,
    workers: int = 1,
    batch: int = 1,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Prediction:
    """One flow stitched from the flows of the chunks.

    Parameters
    ----------
    estimate : callable
        Takes two crops ``(B, 3, h, w) float32`` of any size and returns their ``Prediction``. With
        several workers it is called from several threads.
    first, second : (B, 3, H, W)
        RGB, float32 in [0, 1] or 8 bit; the latter are brought to [0, 1] crop by crop.
    grid : ChunkGrid
        With rows and columns, or a chunk size.
    workers : int
        Threads that work at once, each on its own chunks.
    batch : int
        Chunks that are stacked and estimated as one.
    progress : callable
        Is told the finished share, 0..1.

    Returns
    -------
    Prediction
        Flow, iterates and maps of the whole frame.

    Raises
    ------
    ConfigError
        Maps of a grid that leaves chunks to the quick pass, which has none.
    """
    size = (first.shape[-2], first.shape[-1])
    chunks = chunk_weights(*size, grid)
    quick = _quick_pass(estimate, first, second, grid, share=_area(chunks[0][0]) / math.prod(size))
    chosen = _doubtful(chunks, quick, grid.refine_share)
    of_views = quick if grid.motion_aware else None
    jobs = [
        _Job(chunk, weights, view_of(chunk, size, halo=grid.halo, quick=of_views))
        for chunk, weights in chosen
    ]

    def work(some: list[_Job]) -> list[Prediction]:
        return _parts(some, estimate, first, second)

    canvas = _Canvas((first.shape[0], 2, *size), first.device)
    batches = list(_batches(jobs, batch))
    done = 0
    for some, parts in zip(batches, in_order(work, batches, workers=workers), strict=True):
        for job, part in zip(some, parts, strict=True):
            canvas.add(job.chunk, job.weights, part)
        done += len(some)
        progress(done / len(jobs))
    if quick is not None and len(jobs) < len(chunks):
        flow, computed = quick.full_flow(), {job.chunk for job in jobs}
        if canvas.maps:
            raise ConfigError("Maps need every chunk computed: leave out the share to refine.")
        for chunk, weights in chunks:
            if chunk not in computed:
                canvas.add(chunk, weights, Prediction(chunk.crop(flow)))
    return canvas.prediction(grid)


def chunk_views(
    estimate: Estimator, first: torch.Tensor, second: torch.Tensor, grid: ChunkGrid
) -> list[tuple[Chunk, View]]:
    """Each chunk with what is computed for it, as `estimate_chunked` does; row by row."""
    size = (first.shape[-2], first.shape[-1])
    chunks = plan_chunks(*size, grid)
    share = _area(chunks[0]) / math.prod(size)
    alone = replace(grid, refine_share=1.0)
    quick = _quick_pass(estimate, first, second, alone, share=share)
    return [(chunk, view_of(chunk, size, halo=grid.halo, quick=quick)) for chunk in chunks]


class _Job(NamedTuple):
    """A chunk to compute."""

    chunk: Chunk
    weights: torch.Tensor
    view: View


class _Canvas:
    """The flow of the whole frame, its iterates and its maps, as they come together."""

    def __init__(self, shape: tuple[int, int, int, int], device: torch.device) -> None:
        self.shape, self.device = shape, device
        self.flows: list[torch.Tensor] = []
        self.maps: dict[str, FeatureMap] = {}
        self.has_iterates = False
        self.stages: tuple[str, ...] = ()

    def add(self, chunk: Chunk, weights: torch.Tensor, part: Prediction) -> None:
        """Add a chunk's flow, iterates (B, 2, h, w) and maps (B, C, h, w).

        A flow alone counts for every iterate.
        """
        self.has_iterates |= bool(part.iterates)
        self.stages = part.stages or self.stages
        flows = part.iterates or (part.flow,) * max(1, len(self.flows))
        if not self.flows:
            self.flows = [torch.zeros(self.shape, device=self.device) for _ in flows]
        for whole, flow in zip(self.flows, flows, strict=True):
            chunk.crop(whole).add_(weights.to(whole) * flow)
        for name, found in part.maps.items():
            if name not in self.maps:
                B, _, H, W = self.shape
                blank = found.values.new_zeros(B, found.values.shape[1], H, W)
                self.maps[name] = FeatureMap(blank, 1, found.meaning)
            chunk.crop(self.maps[name].values).add_(weights.to(found.values) * found.values)

    def prediction(self, grid: ChunkGrid) -> Prediction:
        """What has come together, its seams blurred if the grid says so."""
        flows = [_blur_seams(flow, grid) if grid.seam_blur else flow for flow in self.flows]
        iterates = tuple(flows) if self.has_iterates else ()
        return Prediction(flows[-1], iterates, self.maps, self.stages)


def _quick_pass(
    estimate: Estimator, first: torch.Tensor, second: torch.Tensor, grid: ChunkGrid, *, share: float
) -> QuickPass | None:
    """The quick pass where the grid needs one."""
    with_doubt = grid.refine_share < 1
    if not (grid.motion_aware or with_doubt):
        return None
    return quick_pass(estimate, first, second, share=share, with_doubt=with_doubt)


def _doubtful(
    chunks: list[tuple[Chunk, torch.Tensor]], quick: QuickPass | None, share: float
) -> list[tuple[Chunk, torch.Tensor]]:
    """The share of the chunks in which the quick pass is most doubtful, in their order."""
    if quick is None or share == 1:
        return chunks
    count = math.ceil(share * len(chunks))
    ranked = sorted(chunks, key=lambda item: quick.doubt_in(item[0]), reverse=True)
    return sorted(ranked[:count], key=lambda item: item[0])


def _batches(jobs: list[_Job], size: int) -> Iterator[list[_Job]]:
    """Up to ``size`` neighbors of one shape at a time: those that can be stacked."""
    for _, group in groupby(jobs, key=lambda job: job.view.area.size):
        alike = list(group)
        yield from (alike[start : start + size] for start in range(0, len(alike), size))


def _parts(
    jobs: list[_Job], estimate: Estimator, first: torch.Tensor, second: torch.Tensor
) -> list[Prediction]:
    """What was found of each chunk: flow and iterates (B, 2, h, w) in px of the frame, maps."""
    stacked = estimate(
        torch.cat([as_float(job.view.area.crop(first)) for job in jobs]),
        torch.cat([as_float(job.view.area.crop(second, job.view.shift)) for job in jobs]),
    )

    def part(number: int, job: _Job) -> Prediction:
        def own(values: torch.Tensor) -> torch.Tensor:
            return _inner(job, values.chunk(len(jobs))[number])

        down, right = job.view.shift
        shift = stacked.flow.new_tensor([right, down]).view(1, 2, 1, 1)
        maps = {
            name: replace(found, values=own(found.values)) for name, found in stacked.maps.items()
        }
        iterates = tuple(own(flow) + shift for flow in stacked.iterates)
        return Prediction(own(stacked.flow) + shift, iterates, maps, stacked.stages)

    return [part(number, job) for number, job in enumerate(jobs)]


def _inner(job: _Job, values: torch.Tensor) -> torch.Tensor:
    """The chunk's own part of what was found for its view."""
    top, left = job.chunk.top - job.view.area.top, job.chunk.left - job.view.area.left
    height, width = job.chunk.size
    return values[..., top : top + height, left : left + width]


def _blur_seams(flow: torch.Tensor, grid: ChunkGrid) -> torch.Tensor:
    """The flow (B, 2, H, W), blurred near the seams and left alone elsewhere."""
    height, width = flow.shape[-2:]
    nearness = [
        _nearness(length, lines, grid.seam_blur).to(flow)
        for length, lines in zip((height, width), seam_lines(height, width, grid), strict=True)
    ]
    share = torch.maximum(nearness[0][:, None], nearness[1][None, :])
    return torch.lerp(flow, gaussian_blur(flow, grid.seam_blur), share)


def _nearness(length: int, lines: list[float], sigma: float) -> torch.Tensor:
    """1 on the lines across an axis, falling to 0 a few sigmas away from them."""
    position = torch.arange(length, dtype=torch.float32)
    near = torch.zeros(length)
    for line in lines:
        near = torch.maximum(near, 1 - (position - line).abs() / (_SEAM_REACH * sigma))
    return near


def _area(chunk: Chunk) -> int:
    return math.prod(chunk.size)
