"""What a run takes, and the chunks that keep it within a budget of memory."""

import math
from dataclasses import replace

from flowcore.chunking.motion import MAX_GROWTH
from flowcore.chunking.plan import chunk_counts, plan_chunks, require_chunks_of, with_counts
from flowcore.cost import available_memory, format_bytes
from flowcore.errors import ConfigError
from flowcore.models import FlowModel
from flowcore.ops.pad import padding_to_stride
from flowcore.types import ChunkGrid, PipelineConfig

__all__ = [
    "chunks_at_once",
    "default_passes",
    "enlarged_size",
    "grid_for",
    "memory_needed",
    "require_memory",
    "scaled_size",
]

_LARGEST_ENLARGEMENT = 8  # times the side; smaller frames than min_size / 8 are padded as well
_TENSORS_PER_FRAME = 8  # float32 planes held per pixel outside the model: frames, flow, weights
_GRIDS = sorted(  # rows, cols; those nearest to squares first among equals
    (
        (rows, cols)
        for rows in range(1, 33)
        for cols in range(1, 33)
        if rows / 3 <= cols <= 3 * rows
    ),
    key=lambda grid: (grid[0] * grid[1], abs(grid[0] - grid[1])),
)


def grid_for(model: FlowModel, size: tuple[int, int], config: PipelineConfig) -> ChunkGrid | None:
    """The chunks of a pair of this (height, width) with their numbers said; None for the whole.

    A grid given by a chunk size or a memory budget depends on the frame: this is what it comes to.

    Raises
    ------
    ConfigError
        The chunks do not fit the frame or the model, or no grid keeps to the budget; the message
        says what would.
    """
    if config.chunks is None:
        return None
    height, width = scaled_size(size, config.scale)
    if config.chunks.max_bytes is not None:
        return _grid_within(model, size, config, config.chunks.max_bytes)
    grid = with_counts(config.chunks, *chunk_counts(height, width, config.chunks))
    require_chunks_of(model.min_size, height, width, grid)
    return grid


def memory_needed(
    model: FlowModel, size: tuple[int, int], config: PipelineConfig, *, at_once: int = 1
) -> int:
    """Peak bytes that a pair of this (height, width) takes, beside the program itself.

    ``at_once`` is the number of chunks that are computed at the same time.
    """
    height, width = scaled_size(size, config.scale)
    frames = 4 * _TENSORS_PER_FRAME * (math.prod(size) + height * width)
    grid = grid_for(model, size, config)
    if grid is not None:
        chunk = plan_chunks(height, width, grid)[0]
        growth = MAX_GROWTH if grid.motion_aware else 1
        height, width = (
            min(full, math.ceil(growth * (side + 2 * grid.halo)))
            for full, side in zip((height, width), chunk.size, strict=True)
        )
    height, width = (
        side << _doublings(model, config)
        for side in _accepted(model, *enlarged_size(model, height, width))
    )
    return frames + at_once * model.memory_bytes(height, width)


def require_memory(
    model: FlowModel, size: tuple[int, int], config: PipelineConfig, *, device: str = "cpu"
) -> None:
    """Check that a run fits into the free memory of its device, before anything is allocated.

    Raises
    ------
    ConfigError
        It does not; the message has both numbers and the fewest chunks that fit.
    """
    needed, free = memory_needed(model, size, config), available_memory(device)
    if needed <= free:
        return
    try:
        grid = _grid_within(model, size, replace(config, chunks=config.chunks or ChunkGrid()), free)
        advice = f"Chunks of {grid.rows}x{grid.cols} would fit."
    except ConfigError:
        fewer = "fewer passes, " if _doublings(model, config) else ""
        advice = f"Choose {fewer}a smaller scale or a smaller model."
    raise ConfigError(
        f"{config.model} needs about {format_bytes(needed)} for {size[1]}x{size[0]} px with these "
        f"settings, {format_bytes(free)} are free. {advice}"
    )


def _grid_within(
    model: FlowModel, size: tuple[int, int], config: PipelineConfig, budget: int
) -> ChunkGrid:
    """The fewest chunks with which a pair keeps to so many bytes, cut as ``config.chunks`` says."""
    cut = config.chunks or ChunkGrid()
    least = math.inf
    for rows, cols in _GRIDS:
        grid = with_counts(cut, rows, cols)
        try:
            needed = memory_needed(model, size, replace(config, chunks=grid))
        except ConfigError:  # an overlap without room, chunks too small for the model
            continue
        if needed <= budget:
            return grid
        least = min(least, needed)
    raise ConfigError(
        f"No grid of chunks keeps {config.model} on {size[1]}x{size[0]} px within "
        f"{format_bytes(budget)}; the least is {format_bytes(math.ceil(least))}."
        if math.isfinite(least)
        else f"No grid of chunks with this overlap fits {size[1]}x{size[0]} px."
    )


def chunks_at_once(
    model: FlowModel,
    size: tuple[int, int],
    config: PipelineConfig,
    at_most: int,
    *,
    device: str = "cpu",
) -> int:
    """How many chunks are computed at the same time, as the device's memory allows."""
    grid = grid_for(model, size, config)
    if grid is None or config.chunks is None:
        return 1
    budget = config.chunks.max_bytes or available_memory(device)
    fixed = replace(config, chunks=grid)
    at_once = min(at_most, grid.rows * grid.cols)
    while at_once > 1 and memory_needed(model, size, fixed, at_once=at_once) > budget:
        at_once -= 1
    return at_once


def default_passes(model: FlowModel) -> int | None:
    """How often a model goes over a pair unless told otherwise; None if that cannot be told it."""
    passes: int | None = getattr(model, "default_passes", None)
    return passes


def _doublings(model: FlowModel, config: PipelineConfig) -> int:
    """How often the last pass has doubled the sides of the frames."""
    return (config.passes or default_passes(model) or 1) - 1


def enlarged_size(model: FlowModel, height: int, width: int) -> tuple[int, int]:
    """The size at which a frame enters the model: its own, or larger if it is below min_size.

    A net of stride 8 sees nothing in 16x16 px; enlarged, it finds the motion of a tiny texture.
    Padding alone would be enough to be accepted.
    """
    factor = min(max(1.0, model.min_size / min(height, width)), _LARGEST_ENLARGEMENT)
    if math.ceil(height * factor) * math.ceil(width * factor) > 2**22:  # slivers are only padded
        factor = 1.0
    return math.ceil(height * factor), math.ceil(width * factor)


def _accepted(model: FlowModel, height: int, width: int) -> tuple[int, int]:
    padding = padding_to_stride(height, width, stride=model.stride, min_size=model.min_size)
    return height + padding.top + padding.bottom, width + padding.left + padding.right


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """(height, width) resized by a factor, at least 1x1."""
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
