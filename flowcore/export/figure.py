"""A figure for a paper: chosen panels, cropped, with insets, labels, legend and scale bar.

Letters, lines and arrows stay vectors in PDF and SVG; pictures are embedded pixel by pixel.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke

from flowcore.errors import ConfigError
from flowcore.export.panels import LAYERS, draw, draw_frames, draw_truth, shared_scale
from flowcore.lane import Lane
from flowcore.metrics.curves import cumulative_share
from flowcore.metrics.flow import epe
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.flow_color import flow_to_color
from flowcore.viz.scale import Scale

__all__ = ["Box", "FigureFormat", "FigureSpec", "build_figure", "error_chart", "figure_caption"]

FigureFormat: TypeAlias = Literal["png", "svg", "pdf"]
Box: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom in px; right, bottom excluded

_PANEL_INCHES = 2.2
_LEGEND_INCHES = 0.75
_FRAMES = {
    **{key: layer.label for key, layer in LAYERS.items() if "flow" not in layer.needs},
    "truth": "Truth",
}


@dataclass(frozen=True)
class FigureSpec:
    """What a figure shows.

    Parameters
    ----------
    panels : sequence of (str, str)
        Each a lane's title and a layer of ``flowcore.export.panels.LAYERS`` ("wins:RAFT" is the
        layer "wins" against the lane of that title), or ``("frames", part)`` with part "truth" or
        a layer of the pair, such as "first".
    columns : int
    crop, inset : Box, optional
        The part of the frame to show; a part to enlarge in the lower right corner of each panel.
    labels : bool
        (a), (b), ... and what each panel is.
    legend : bool
        The color wheel with its scale in px.
    scale_bar : int
        Length in px of a bar in the first panel; 0 for none.
    """

    panels: Sequence[tuple[str, str]]
    columns: int = 3
    crop: Box | None = None
    inset: Box | None = None
    labels: bool = True
    legend: bool = True
    scale_bar: int = 0


def build_figure(
    pair: FramePair,
    lanes: Mapping[str, Lane],
    spec: FigureSpec,
    kind: FigureFormat = "pdf",
    *,
    scale: Scale | None = None,
) -> bytes:
    """The figure as a file of that kind; ``scale`` is that of ``shared_scale`` if left out.

    Raises
    ------
    ConfigError
        No panel, an unknown lane or layer, or a box outside the frame.
    """
    _require_spec(pair, lanes, spec)
    scale = scale or shared_scale(pair, list(lanes.values()))
    crop = spec.crop or (0, 0, pair.size[1], pair.size[0])
    rows = -(-len(spec.panels) // spec.columns)
    columns = min(spec.columns, len(spec.panels))
    shape = (crop[3] - crop[1]) / (crop[2] - crop[0])
    height = rows * (_PANEL_INCHES * shape + 0.3 * spec.labels) + _LEGEND_INCHES * spec.legend
    with mpl.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42, "font.size": 8}):
        figure = Figure(figsize=(columns * _PANEL_INCHES, height), layout="constrained")
        FigureCanvasAgg(figure)
        body, foot = _areas(figure, height, has_legend=spec.legend)
        axes = np.atleast_1d(body.subplots(rows, columns)).ravel()
        for index, (axis, panel) in enumerate(zip(axes, spec.panels, strict=False)):
            _draw_panel(axis, _picture(pair, lanes, panel, scale), crop, spec)
            if spec.labels:
                axis.set_title(f"({chr(97 + index)}) {_panel_name(panel)}", loc="left")
        for axis in axes[len(spec.panels) :]:
            axis.set_axis_off()
        if spec.scale_bar:
            _draw_scale_bar(axes[0], crop, spec.scale_bar)
        if foot is not None:
            _draw_legend(foot.subplots(), scale)
        file = io.BytesIO()
        figure.savefig(file, format=kind, dpi=300, metadata=_metadata(pair, lanes, kind))
    return file.getvalue()


def error_chart(pair: FramePair, lanes: Mapping[str, Lane]) -> bytes:
    """The cumulative error of every lane as SVG.

    Raises
    ------
    ConfigError
        The pair has no truth.
    """
    if pair.truth is None:
        raise ConfigError("Without a true flow there is no error to draw.")
    limits = np.geomspace(0.01, 100, 81, dtype=np.float32)
    with mpl.rc_context({"svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(6, 3), layout="constrained")
        FigureCanvasAgg(figure)
        axis = figure.subplots()
        for title, lane in lanes.items():
            flow = lane.estimate.flow
            errors = epe(flow.uv, pair.truth.uv)[flow.valid & pair.truth.valid]
            axis.semilogx(limits, cumulative_share(errors, limits), label=title)
        axis.set_xlabel("end-point error, px")
        axis.set_ylabel("pixels not above, %")
        axis.grid(visible=True, alpha=0.3)
        axis.legend()
        file = io.BytesIO()
        figure.savefig(file, format="svg")
    return file.getvalue()


def figure_caption(
    pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec, *, scale: Scale | None = None
) -> str:
    """A caption that states the pair, every setting and the color scale."""
    scale = scale or shared_scale(pair, list(lanes.values()))
    used = [title for title in lanes if any(panel[0] == title for panel in spec.panels)]
    parts = [f"{pair.name or 'Pair'}, {pair.size[1]}x{pair.size[0]} px."]
    for title in used:
        lane = lanes[title]
        error = f", EPE {lane.metrics['epe'].value:.3f} px" if "epe" in lane.metrics else ""
        parts.append(f"{title}: {lane.estimate.config.model}{error}.")
    if spec.crop:
        parts.append("Shown: x {}..{}, y {}..{} px.".format(*_spans(spec.crop)))
    parts.append(f"Full color at {scale.max_magnitude:g} px.")
    return " ".join(parts)


def _spans(box: Box) -> tuple[int, int, int, int]:
    return box[0], box[2] - 1, box[1], box[3] - 1


def _require_spec(pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec) -> None:
    if not spec.panels or spec.columns < 1:
        raise ConfigError("A figure needs at least one panel and one column.")
    height, width = pair.size
    for name, box in (("crop", spec.crop), ("inset", spec.inset)):
        if box and not (0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height):
            raise ConfigError(
                f"The {name} {box} (left, top, right, bottom) must lie in {width}x{height} px."
            )
    for source, layer in spec.panels:
        if not (layer in _FRAMES if source == "frames" else _is_of_lane(source, layer, lanes)):
            raise ConfigError(f"There is no panel {layer!r} of {source!r}.")


def _is_of_lane(title: str, layer: str, lanes: Mapping[str, Lane]) -> bool:
    kind, _, rival = layer.partition(":")
    if title not in lanes or kind not in LAYERS or "flow" not in LAYERS[kind].needs:
        return False
    return rival in lanes if "opponent" in LAYERS[kind].needs else not rival


def _areas(figure: Figure, height: float, *, has_legend: bool) -> tuple[Any, Any]:
    """Where the panels go, and where the legend goes if there is one."""
    if not has_legend:
        return figure, None
    ratios = [height - _LEGEND_INCHES, _LEGEND_INCHES]
    body, foot = np.asarray(figure.subfigures(2, 1, height_ratios=ratios)).tolist()
    return body, foot


def _picture(
    pair: FramePair, lanes: Mapping[str, Lane], panel: tuple[str, str], scale: Scale
) -> UInt8Array:
    source, layer = panel
    if source != "frames":
        kind, _, rival = layer.partition(":")
        return draw(kind, pair, lanes[source], scale, opponent=lanes.get(rival))
    return draw_truth(pair, scale) if layer == "truth" else draw_frames(layer, pair, scale)


def _panel_name(panel: tuple[str, str]) -> str:
    source, layer = panel
    if source == "frames":
        return _FRAMES[layer]
    kind, _, rival = layer.partition(":")
    return f"{source}, {LAYERS[kind].label.lower()} {rival}".rstrip()


def _draw_panel(axis: Axes, picture: UInt8Array, crop: Box, spec: FigureSpec) -> None:
    left, top, right, bottom = crop
    axis.imshow(
        picture[top:bottom, left:right],
        extent=(left, right, bottom, top),
        interpolation="none",
    )
    axis.set_xticks([])
    axis.set_yticks([])
    if spec.inset is None:
        return
    a, b, c, d = spec.inset
    on_any_ground: list[AbstractPathEffect] = [withStroke(linewidth=2.5, foreground="white")]
    axis.add_patch(Rectangle((a, b), c - a, d - b, fill=False, path_effects=on_any_ground))
    small = axis.inset_axes((0.6, 0.0, 0.4, 0.4))
    for spine in small.spines.values():
        spine.set_path_effects(on_any_ground)
    small.imshow(picture[b:d, a:c], interpolation="nearest")
    small.set_xticks([])
    small.set_yticks([])


def _draw_scale_bar(axis: Axes, crop: Box, length: int) -> None:
    left, _, right, bottom = crop
    margin = 0.04 * (right - left)
    x, y = left + margin, bottom - margin
    for color, width in (("black", 4), ("white", 2)):
        axis.plot([x, x + length], [y, y], color=color, linewidth=width, solid_capstyle="butt")
    axis.text(x, y - margin, f"{length} px", color="white", va="bottom", fontweight="bold")


def _draw_legend(axis: Axes, scale: Scale) -> None:
    """The wheel of directions, and as text the speed at which its colors are full."""
    reach = np.linspace(-1, 1, 128, dtype=np.float32)
    uv = np.stack(np.meshgrid(reach, reach), axis=-1) * np.float32(scale.max_magnitude)
    wheel = flow_to_color(uv, max_magnitude=scale.max_magnitude)
    wheel[np.hypot(*np.moveaxis(uv, -1, 0)) > scale.max_magnitude] = 255
    axis.imshow(wheel, extent=(-1, 1, 1, -1), interpolation="bilinear")
    axis.set_axis_off()
    text = f"full color: {scale.max_magnitude:g} px; errors brightest at {scale.max_error:g} px"
    axis.text(1.2, 0, text, va="center", ha="left")


def _metadata(pair: FramePair, lanes: Mapping[str, Lane], kind: str) -> dict[str, str]:
    """Where the figure comes from, in the file."""
    text = f"{pair.digest}; " + "; ".join(str(lane.estimate.config) for lane in lanes.values())
    return {"Description" if kind in ("svg", "png") else "Subject": text}
