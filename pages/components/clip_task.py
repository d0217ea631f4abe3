"""What a worker is asked to do for a clip; free of streamlit, so that it starts quickly."""

from collections.abc import Callable, Sequence

import numpy as np

from flowcore.metrics.round_trip import round_trip
from flowcore.pipeline import run
from flowcore.types import FlowField, FramePair, PipelineConfig
from flowcore.viz.viewer_flows import Tiles
from flowcore.viz.viewer_payload import ViewerLane, cut_viewer, pack_viewer

__all__ = ["PackedPair", "estimate_clip"]

PackedPair = tuple[bytes, Tiles | None]
"""A pair and its lanes as the viewer is given them, and the tiles that go with it."""


def estimate_clip(
    progress: Callable[[float, str], None],
    pairs: Sequence[FramePair],
    lanes: Sequence[tuple[str, PipelineConfig | None]],
    threads: int | None,
) -> list[PackedPair]:
    """Each pair with the flow of every lane, ready to be shown.

    A lane is its title and config; one without a config has a flow of another pair alone, and is
    known nowhere in these.
    """
    packed: list[PackedPair] = []
    for number, pair in enumerate(pairs):
        shown = []
        for place, (title, config) in enumerate(lanes):
            done = (number + place / len(lanes)) / len(pairs)
            progress(done, f"pair {number + 1} of {len(pairs)}")
            shown.append(_shown(title, pair, config, threads))
        tiles = cut_viewer(pair, shown)
        packed.append((pack_viewer(pair, shown, tiles=tiles), tiles))
    return packed


def _shown(
    title: str, pair: FramePair, config: PipelineConfig | None, threads: int | None
) -> ViewerLane:
    if config is None:
        return ViewerLane(
            title, FlowField(np.zeros((*pair.size, 2), np.float32), np.zeros(pair.size, bool))
        )
    forward, backward = (
        run(frames, config, threads=threads).flow for frames in (pair, pair.reversed())
    )
    return ViewerLane(title, forward, round_trip(forward, backward).consistent)
