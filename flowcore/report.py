"""What leaves a comparison: a table, a panel sheet, a bundle of everything."""

import base64
import html
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from flowcore.comparison import Lane, settings_document
from flowcore.errors import InputError
from flowcore.figure import error_chart
from flowcore.io.atomic import write_bytes
from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from flowcore.metrics.definitions import describe
from flowcore.panels import draw, draw_truth, layers_of, legend, shared_scale
from flowcore.recipes import as_command
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.animation import encode_gif, encode_mp4, flip_frames, wipe_frames
from flowcore.viz.flow_color import color_wheel
from flowcore.viz.overlay import fetched_second
from flowcore.viz.sheet import panel_sheet
from flowcore.viz.viewer_page import viewer_page
from flowcore.viz.viewer_payload import ViewerLane, pack_viewer

__all__ = [
    "bundle",
    "file_stem",
    "flip_gif",
    "flow_sheet",
    "html_report",
    "metrics_latex",
    "metrics_table",
    "pair_files",
    "sheet",
    "wipe_gif",
    "wipe_mp4",
    "write_pair",
]

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


def metrics_latex(lanes: Mapping[str, Lane], keys: Sequence[str]) -> str:
    """The chosen metrics as a LaTeX table (booktabs), one row per lane."""
    table = metrics_table(lanes)
    chosen = table[[key for key in keys if key in table]]
    arrows = {"lower": r"$\downarrow$", "higher": r"$\uparrow$"}

    def heading(key: str) -> str:
        metric = describe(key)
        unit = "" if metric.unit == "1" else f" ({metric.unit})"
        return f"{_latex(metric.label + unit)} {arrows[metric.direction]}"

    chosen = chosen.rename(columns=heading, index=_latex).rename_axis(None)
    return chosen.to_latex(float_format="%.3f", na_rep="--", escape=False)


def _latex(text: str) -> str:
    return re.sub(r"([#$%&_{}])", r"\\\1", text)


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
    """A ZIP of everything: report, sheet, table, settings, the pair, each flow in three formats."""
    files: dict[str, bytes] = {
        "settings.json": settings_document(pair, lanes).encode(),
        "metrics.csv": metrics_table(lanes).to_csv().encode(),
        "sheet.png": encode_frame(sheet(pair, lanes)),
        "report.html": html_report(pair, lanes).encode(),
        "repeat.sh": _commands(lanes).encode(),
        **{f"pair/{name}": content for name, content in pair_files(pair).items()},
    }
    for title, lane in lanes.items():
        for kind, suffix in (("flo", ".flo"), ("kitti", ".kitti.png"), ("npy", ".npy")):
            files[f"flows/{file_stem(title)}{suffix}"] = encode_flow(lane.estimate.flow, kind)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def flip_gif(pair: FramePair, lane: Lane) -> bytes:
    """A GIF that flips between first and second frame, then between first and warped second."""
    warped = fetched_second(pair.second, lane.estimate.flow)
    return encode_gif(flip_frames(pair.first, pair.second, warped), seconds_per_frame=0.5)


def wipe_gif(pair: FramePair, one: Lane, other: Lane) -> bytes:
    """A GIF that wipes between the flow pictures of two lanes."""
    return encode_gif(_wipe(pair, one, other), seconds_per_frame=0.08)


def wipe_mp4(pair: FramePair, one: Lane, other: Lane) -> bytes:
    """An MP4 that wipes between the flow pictures of two lanes."""
    return encode_mp4(_wipe(pair, one, other), frames_per_second=12)


def _wipe(pair: FramePair, one: Lane, other: Lane) -> list[UInt8Array]:
    scale = shared_scale(pair, [one, other])
    return wipe_frames(*(draw("flow", pair, lane, scale) for lane in (one, other)))


def pair_files(pair: FramePair) -> dict[str, bytes]:
    """The pair as files by name: ``first.png``, ``second.png`` and, if known, ``truth.flo``."""
    files = {"first.png": encode_frame(pair.first), "second.png": encode_frame(pair.second)}
    if pair.truth is not None:
        files["truth.flo"] = encode_flow(pair.truth, "flo")
    return files


def write_pair(folder: Path, pair: FramePair) -> None:
    """Write ``pair_files`` into a folder, which is made if need be.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in pair_files(pair).items():
            write_bytes(folder / name, content)
    except OSError as error:
        raise InputError(f"Cannot write into {folder}: {error.strerror or error}.") from error


def file_stem(title: str) -> str:
    """A lane's title as a file name: ``dis_medium, 2x2`` becomes ``dis_medium_2x2``."""
    return re.sub(r"[^\w.]+", "_", title).strip("._") or "lane"


def html_report(pair: FramePair, lanes: Mapping[str, Lane]) -> str:
    """The comparison as one HTML page that opens offline: viewer, table, settings, commands.

    Titles and names are escaped; the page asks no server for anything.
    """
    scale = shared_scale(pair, list(lanes.values()))
    payload = pack_viewer(
        pair,
        [ViewerLane(title, lane.estimate.flow, lane.consistent) for title, lane in lanes.items()],
        max_magnitude=scale.max_magnitude,
        max_error=scale.max_error,
    )
    table = metrics_table(lanes).T
    table.index = [_row_label(key) for key in table.index]
    sections = {} if pair.truth is None else {"Cumulative error": _chart(pair, lanes)}
    sections |= {
        "Metrics": table.to_html(float_format="{:.3f}".format, na_rep="", border=0),
        "To repeat it": f"<pre>{html.escape(_commands(lanes))}</pre>",
        "Settings": f"<pre>{html.escape(settings_document(pair, lanes))}</pre>",
    }
    below = "".join(f"<h2>{title}</h2>{content}" for title, content in sections.items())
    return viewer_page(payload, title=f"Flowscope: {pair.name or 'comparison'}", below=below)


def _chart(pair: FramePair, lanes: Mapping[str, Lane]) -> str:
    image = base64.b64encode(error_chart(pair, lanes)).decode()
    return f'<img alt="Cumulative error of every lane" src="data:image/svg+xml;base64,{image}">'


def _row_label(key: str) -> str:
    if key in ("seconds", "threads"):
        return key
    metric = describe(key)
    return f"{metric.label}, {metric.unit} ({metric.direction} is better)"


def _commands(lanes: Mapping[str, Lane]) -> str:
    """The command of each lane; an external flow has none."""
    lines = []
    for title, lane in lanes.items():
        estimate = lane.estimate
        is_ours = estimate.threads > 0
        lines.append(f"# {title}" if is_ours else f"# {title}: the flow of another tool")
        if is_ours:
            lines.append(as_command(estimate.config, threads=estimate.threads))
    return "\n".join(lines) + "\n"


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
