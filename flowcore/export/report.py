"""A whole comparison: one page that opens offline, or a ZIP of everything."""

import base64
import html
import io
import json
import platform
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from flowcore.errors import InputError
from flowcore.export.chart import error_chart
from flowcore.export.files import file_stems, pair_files
from flowcore.export.panels import shared_scale, viewer_lane
from flowcore.export.recipe import as_command
from flowcore.export.sheet import sheet
from flowcore.export.table import metrics_csv, metrics_table
from flowcore.export.why import best_two, explain_lanes, why_sentence
from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from flowcore.lane import Lane, weights_sha256
from flowcore.metrics.definitions import describe
from flowcore.types import FramePair, PipelineConfig
from flowcore.viz.scale import Scale
from flowcore.viz.viewer_page import viewer_page
from flowcore.viz.viewer_payload import pack_viewer

__all__ = ["bundle", "html_report", "settings_document"]


def bundle(pair: FramePair, lanes: Mapping[str, Lane], *, scale: Scale | None = None) -> bytes:
    """A ZIP of everything: report, sheet, table, settings, the pair, each flow in three formats."""
    files: dict[str, bytes] = {
        "settings.json": settings_document(pair, lanes).encode(),
        "metrics.csv": metrics_csv(lanes).encode(),
        "sheet.png": encode_frame(sheet(pair, lanes, scale=scale)),
        "report.html": html_report(pair, lanes, scale=scale).encode(),
        "repeat.sh": _commands(pair, lanes).encode(),
        **{f"pair/{name}": content for name, content in pair_files(pair).items()},
    }
    stems = file_stems(lanes)
    for title, lane in lanes.items():
        for kind, suffix in (("flo", ".flo"), ("kitti", ".kitti.png"), ("npy", ".npy")):
            files[f"flows/{stems[title]}{suffix}"] = encode_flow(lane.estimate.flow, kind)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def html_report(pair: FramePair, lanes: Mapping[str, Lane], *, scale: Scale | None = None) -> str:
    """The comparison as one HTML page that opens offline: viewer, why, table, chart, settings.

    Titles and names are escaped; the page asks no server for anything. ``scale`` is that of
    ``shared_scale`` if left out.
    """
    scale = scale or shared_scale(pair, list(lanes.values()))
    payload = pack_viewer(
        pair,
        [viewer_lane(title, lane) for title, lane in lanes.items()],
        max_magnitude=scale.max_magnitude,
        max_error=scale.max_error,
    )
    table = metrics_table(lanes).astype({"threads": "Int64"}).astype(object).T
    table.index = [_row_label(key) for key in table.index]
    sections = {} if len(lanes) < 2 else {"Why": f"<p>{html.escape(_why(pair, lanes))}</p>"}
    sections["Metrics"] = table.to_html(float_format="{:.3f}".format, na_rep="", border=0)
    if pair.truth is not None:
        sections["Cumulative error"] = _chart(pair, lanes)
    folded = {
        "To repeat it": _commands(pair, lanes),
        "Settings": settings_document(pair, lanes),
    }
    below = "".join(f"<h2>{title}</h2>{content}" for title, content in sections.items())
    below += "".join(
        f"<details><summary>{title}</summary><pre>{html.escape(text)}</pre></details>"
        for title, text in folded.items()
    )
    return viewer_page(payload, title=f"Flowscope: {pair.name or 'comparison'}", below=below)


def _why(pair: FramePair, lanes: Mapping[str, Lane]) -> str:
    """Why the best lane is better than the next one."""
    one, other = best_two(lanes)
    try:
        return why_sentence(explain_lanes(pair, lanes[one], lanes[other]), one, other)
    except InputError as error:
        return str(error)


def settings_document(pair: FramePair, lanes: Mapping[str, Lane]) -> str:
    """What is needed to repeat a comparison, as JSON: pair, configs, versions, weights' hashes."""
    document: dict[str, Any] = {
        "pair": {"name": pair.name, "height": pair.size[0], "width": pair.size[1]},
        "digest": pair.digest,
        "lanes": {
            name: {
                "config": asdict(lane.estimate.config),
                "timing": asdict(lane.estimate.timing) if lane.estimate.timing else None,
                "weights_sha256": _weights_of(lane),
                "metrics": {
                    key: {"value": item.value, "num_pixels": item.num_pixels}
                    for key, item in lane.metrics.items()
                },
            }
            for name, lane in lanes.items()
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy", "opencv-python-headless")},
        },
    }
    return json.dumps(document, indent=2)


def _chart(pair: FramePair, lanes: Mapping[str, Lane]) -> str:
    image = base64.b64encode(error_chart(pair, lanes)).decode()
    return f'<img alt="Cumulative error of every lane" src="data:image/svg+xml;base64,{image}">'


def _row_label(key: str) -> str:
    if key in ("seconds", "threads"):
        return key
    metric = describe(key)
    unit = "" if metric.unit == "1" else f", {metric.unit}"
    return f"{metric.label}{unit} ({metric.direction} is better)"


def _weights_of(lane: Lane) -> str | None:
    """The hash of the weights behind a lane; the flow of a file has none, whatever its name is."""
    estimate = lane.estimate
    return None if estimate.timing is None else weights_sha256(estimate.config.model)


def _commands(pair: FramePair, lanes: Mapping[str, Lane]) -> str:
    """A shell script with the command of each lane; an external flow is measured again."""
    lines = [
        "#!/bin/sh",
        "# From any folder, where Flowscope is installed: pip install FOLDER_OF_FLOWSCOPE",
        'cd "$(dirname "$0")" || exit',
    ]
    for title, stem in file_stems(lanes).items():
        estimate, told = lanes[title].estimate, " ".join(title.split())
        if estimate.timing is None:
            config = PipelineConfig(f"external:flows/{stem}.flo")
            lines += [f"# {told}: the flow of another tool", as_command(config, pair, out=None)]
        else:
            command = as_command(
                estimate.config, pair, threads=estimate.timing.threads, out=f"{stem}.flo"
            )
            lines += [f"# {told}", command]
    return "\n".join(lines) + "\n"
