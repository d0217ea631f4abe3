"""What leaves a comparison: a table, a panel sheet, a bundle of everything."""

import io
import re
import zipfile
from collections.abc import Mapping

import pandas as pd

from flowcore.comparison import Lane, settings_document
from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from flowcore.panels import draw, draw_truth, layers_of, legend, shared_scale
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.flow_color import color_wheel
from flowcore.viz.sheet import panel_sheet

__all__ = ["bundle", "file_stem", "flow_sheet", "metrics_table", "sheet"]

LEGEND_SIZE = 140


def metrics_table(lanes: Mapping[str, Lane]) -> pd.DataFrame:
    """One row per lane, one column per metric that any lane has; missing numbers are NaN."""
    rows = {
        title: {
            "seconds": lane.estimate.seconds,
            "threads": lane.estimate.threads,
            **{key: measurement.value for key, measurement in lane.metrics.items()},
        }
        for title, lane in lanes.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("lane")


def sheet(pair: FramePair, lanes: Mapping[str, Lane]) -> UInt8Array:
    """The comparison as one picture, ``(H, W, 3) uint8``: frames, flows, errors, legends, caption.

    Without truth the third row shows the difference between the first and the warped second frame.
    """
    scale = shared_scale(pair, list(lanes.values()))
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


def bundle(pair: FramePair, lanes: Mapping[str, Lane]) -> bytes:
    """A ZIP of everything: sheet, table, settings, the pair, and each flow in three formats."""
    files: dict[str, bytes] = {
        "settings.json": settings_document(pair, lanes).encode(),
        "metrics.csv": metrics_table(lanes).to_csv().encode(),
        "sheet.png": encode_frame(sheet(pair, lanes)),
        "first.png": encode_frame(pair.first),
        "second.png": encode_frame(pair.second),
    }
    flows = {file_stem(title): lane.estimate.flow for title, lane in lanes.items()}
    if pair.truth is not None:
        flows["truth"] = pair.truth
    for stem, flow in flows.items():
        for kind, suffix in (("flo", ".flo"), ("kitti", ".kitti.png"), ("npy", ".npy")):
            files[f"flows/{stem}{suffix}"] = encode_flow(flow, kind)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def file_stem(title: str) -> str:
    """A lane's title as a file name: ``dis_medium, 2x2`` becomes ``dis_medium_2x2``."""
    return re.sub(r"[^\w.]+", "_", title).strip("._") or "lane"


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
        parts.append(f"{title} {lane.estimate.seconds:.2f} s on {lane.estimate.threads} threads")
    return "; ".join(parts) + "."
