"""What to expect of chunks before they are measured on this pair, by the table that ships."""

import math

import pandas as pd

from flowcore.budget import memory_needed
from flowcore.chunking.losses import measured_losses
from flowcore.chunking.plan import plan_chunks
from flowcore.errors import ConfigError
from flowcore.pipeline import load_model
from flowcore.types import ChunkGrid, FramePair, PipelineConfig

__all__ = ["expected", "losses_of"]


def losses_of(model: str) -> dict[str, pd.DataFrame]:
    """The rows of the table for a model, by the data they were measured on."""
    table = measured_losses()
    table = table[table["model"] == model]
    return {
        f"{name}, {pairs} pairs": rows
        for (name, pairs), rows in table.groupby(["measured_on", "pairs"], sort=False)
    }


def expected(
    pair: FramePair, model: str, losses: pd.DataFrame, *, whole_seconds: float | None
) -> list[dict[str, object]]:
    """The whole frame and each way of cutting that this pair allows, the least loss first.

    Memory is for this pair's size. Time follows from that of the whole frame and the px that are
    computed; None where the former is not known.
    """
    found = [_row(pair, PipelineConfig(model), 0.0, whole_seconds)]
    for row in losses.itertuples():
        rows, cols = map(int, row.chunks.split("x"))
        grid = ChunkGrid(rows, cols, row.overlap_px, motion_aware=row.motion_aware)
        config = PipelineConfig(model, chunks=grid)
        try:
            entry = _row(pair, config, row.epe_loss_percent, whole_seconds)
        except ConfigError:  # too many chunks for this pair
            continue
        found.append(entry | {"low": row.low_percent, "high": row.high_percent})
    return sorted(found, key=lambda row: row["loss"])


def _row(
    pair: FramePair, config: PipelineConfig, loss: float, whole_seconds: float | None
) -> dict[str, object]:
    needed = memory_needed(load_model(config.model), pair.size, config)
    return {
        "config": config,
        "peak_mb": needed / 1e6,
        "seconds": None if whole_seconds is None else whole_seconds * _share(pair, config.chunks),
        "loss": loss,
    }


def _share(pair: FramePair, grid: ChunkGrid | None) -> float:
    """Px that are computed, with the quick pass, as a share of the frame's."""
    if grid is None:
        return 1.0
    areas = [math.prod(chunk.size) for chunk in plan_chunks(*pair.size, grid)]
    return (sum(areas) + grid.motion_aware * areas[0]) / math.prod(pair.size)
