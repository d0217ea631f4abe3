"""What a worker is asked to do for a clip; free of streamlit, so that it starts quickly."""

from collections.abc import Callable, Sequence

from flowcore.metrics.round_trip import round_trip
from flowcore.pipeline import run
from flowcore.types import FramePair, PipelineConfig
from flowcore.viz.viewer_flows import Tiles
from flowcore.viz.viewer_payload import ViewerLane, cut_viewer, pack_viewer

__all__ = ["PackedPair", "estimate_clip"]

PackedPair = tuple[bytes, Tiles | None]
"""A pair and its lanes as the viewer is given them, and the tiles that go with it."""


def estimate_clip(
    progress: Callable[[float, str], None],
    pairs: Sequence[FramePair],
    lanes: Sequence[tuple[str, PipelineConfig]],
    threads: int | None,
) -> list[PackedPair]:
    """Each pair with the flow of every lane, ready to be shown; a lane is its title and config."""
    packed: list[PackedPair] = []
    for number, pair in enumerate(pairs):
        shown = []
        for place, (title, config) in enumerate(lanes):
            done = (number + place / len(lanes)) / len(pairs)
            progress(done, f"pair {number + 1} of {len(pairs)}")
            forward, backward = (
                run(frames, config, threads=threads).flow for frames in (pair, pair.reversed())
            )
            shown.append(ViewerLane(title, forward, round_trip(forward, backward).consistent))
        tiles = cut_viewer(pair, shown)
        packed.append((pack_viewer(pair, shown, tiles=tiles), tiles))
    return packed
