"""A comparison as one picture, and one flow with its legend."""

from collections.abc import Mapping

from flowcore.export.panels import draw, draw_truth, layers_of, legend, shared_scale
from flowcore.lane import Lane
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.flow_color import color_wheel
from flowcore.viz.scale import Scale
from flowcore.viz.sheet import panel_sheet

__all__ = ["flow_sheet", "sheet"]

LEGEND_SIZE = 140


def sheet(pair: FramePair, lanes: Mapping[str, Lane], *, scale: Scale | None = None) -> UInt8Array:
    """The comparison as one picture, ``(H, W, 3) uint8``: frames, flows, errors, legends, caption.

    Without truth the third row shows the difference between the first and the warped second frame.
    ``scale`` is that of ``shared_scale`` if left out.
    """
    scale = scale or shared_scale(pair, list(lanes.values()))
    known = [("Truth", draw_truth(pair, scale))] if pair.truth is not None else []
    judged = "error" if "error" in layers_of(pair) else "difference"
    rows = [
        [("First frame", pair.first), ("Second frame", pair.second), *known],
        *(
            [(_panel_title(title, lane, layer), draw(layer, pair, lane, scale))
             for title, lane in lanes.items()]
            for layer in ("flow", judged)
        ),
    ]  # fmt: skip
    legends = [
        picture
        for layer in ("flow", judged)
        if (picture := legend(layer, scale, size=LEGEND_SIZE)) is not None
    ]
    return panel_sheet(rows, legends, _sheet_caption(pair, lanes))


def flow_sheet(pair: FramePair, title: str, lane: Lane) -> UInt8Array:
    """One flow in color at full size, with its title and its legend, ``(H, W, 3) uint8``."""
    scale = shared_scale(pair, [lane])
    picture = draw("flow", pair, lane, scale)
    return panel_sheet(
        [[(title, picture)]], [color_wheel(LEGEND_SIZE, max_magnitude=scale.max_magnitude)]
    )


def _panel_title(title: str, lane: Lane, layer: str) -> str:
    if layer == "error":
        return (
            f"{title}: EPE {lane.metrics['epe'].value:.3f} px" if "epe" in lane.metrics else title
        )
    return title


def _sheet_caption(pair: FramePair, lanes: Mapping[str, Lane]) -> str:
    height, width = pair.size
    parts = [f"{pair.name or 'pair'}, {width}x{height} px"]
    for title, lane in lanes.items():
        timing = lane.estimate.timing
        took = f"{timing.seconds:.2f} s on {timing.threads} threads" if timing else "time unknown"
        parts.append(f"{title} {took}")
    return "; ".join(parts) + "."
