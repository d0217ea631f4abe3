"""A figure for a paper: exactly as wide as its column, ready to be included.

Letters, lines and bars stay vectors in PDF and SVG; pictures are embedded pixel by pixel.
"""

import io
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from matplotlib.figure import Figure

from flowcore.cost import available_memory, format_bytes
from flowcore.errors import ConfigError
from flowcore.export.figure.layout import GAP, PAD, Layout, Rect, lay_out
from flowcore.export.figure.legend import Legend, draw_legends, legends_of, spread
from flowcore.export.figure.parts import Sheet, draw_panel, draw_scale_bar, scale_bar_px
from flowcore.export.figure.spec import (
    COLUMN_WIDTHS,
    FigureSpec,
    Panel,
    lane_titles,
    require_spec,
    shown_box,
)
from flowcore.export.figure.text import text_as_text
from flowcore.export.panels import draw, draw_frames, draw_truth, shared_scale
from flowcore.export.report import settings_document
from flowcore.lane import Lane
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.scale import Scale

__all__ = [
    "COLUMN_WIDTHS",
    "FigureFormat",
    "FigureSpec",
    "Panel",
    "build_figure",
    "compose_figure",
    "figure_size",
]

FigureFormat: TypeAlias = Literal["png", "svg", "pdf"]

_AGG_LIMIT = 65_535  # px, of each side
_BYTES_PER_PIXEL = 12  # of a picture and of the canvas, with what matplotlib makes of them


def build_figure(
    pair: FramePair,
    lanes: Mapping[str, Lane],
    spec: FigureSpec,
    kind: FigureFormat = "pdf",
    *,
    scale: Scale | None = None,
    dpi: int = 300,
) -> bytes:
    """The figure as a file of that kind, ``spec.width_mm`` wide.

    Parameters
    ----------
    pair, lanes, spec
        `flowcore.export.figure.grid.grid_panels` has the panels of a usual figure.
    kind : {"pdf", "svg", "png"}
    scale : Scale, optional
        What full color means; that of ``shared_scale`` if left out.
    dpi : int
        Dots per inch of a PNG, which is ``round(width_mm / 25.4 * dpi)`` px wide.

    Raises
    ------
    ConfigError
        No panel, an unknown lane or layer, a box outside the frame or without a known pixel, a
        label wider than its panel, or more pixels than memory holds.
    """
    is_png = kind == "png"
    if dpi < 1:
        raise ConfigError(f"A picture has 1 dpi or more, got {dpi}.")
    with text_as_text():
        figure = compose_figure(pair, lanes, spec, scale=scale, dpi=dpi if is_png else None)
        if is_png:  # whole dots; a trifle more, since matplotlib rounds down
            dots = np.rint(figure.get_size_inches() * dpi)
            figure.set_size_inches((dots + 1e-4) / dpi)
        file = io.BytesIO()
        about = _metadata(pair, lanes, spec, kind)
        figure.savefig(file, format=kind, dpi=dpi, metadata=about)
    return file.getvalue()


def compose_figure(
    pair: FramePair,
    lanes: Mapping[str, Lane],
    spec: FigureSpec,
    *,
    scale: Scale | None = None,
    dpi: int | None = None,
) -> Figure:
    """The figure for matplotlib, to go on drawing; arguments and errors as of `build_figure`.

    ``dpi`` says that it becomes pixels, so many per inch, instead of vectors.
    """
    scale = scale or shared_scale(pair, list(lanes.values()))
    layout, legends, area, height = _plan(pair, lanes, spec, scale)
    _require_memory(pair, spec, height, dpi or 0)
    sheet = Sheet.of_size(spec.width_mm, height, spec.lettering, is_vector=dpi is None)
    for cell in layout.cells:
        draw_panel(sheet, pair, spec, cell, _picture(pair, lanes, cell.panel, scale))
    bar = scale_bar_px(pair, spec)
    if bar:
        first = layout.cells[0].picture
        left, _, right, _ = shown_box(pair, spec)
        draw_scale_bar(sheet, first, bar * first.width / (right - left), f"{bar} px")
    if area is not None:
        draw_legends(sheet, legends, area)
    return sheet.figure


def figure_size(
    pair: FramePair,
    lanes: Mapping[str, Lane],
    spec: FigureSpec,
    *,
    scale: Scale | None = None,
    dpi: int | None = None,
) -> tuple[float, float]:
    """Width and height of the figure in mm, without drawing it.

    Arguments and errors as of `compose_figure`: what can be measured can be built.
    """
    scale = scale or shared_scale(pair, list(lanes.values()))
    *_, height = _plan(pair, lanes, spec, scale)
    _require_memory(pair, spec, height, dpi or 0)
    return spec.width_mm, height


def _plan(
    pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec, scale: Scale
) -> tuple[Layout, list[Legend], Rect | None, float]:
    """The cells; the legends and their place: among the cells, or below them; the height in mm."""
    require_spec(pair, lanes, spec)
    layout = lay_out(pair, lanes, spec)
    legends = legends_of(spec.panels, scale, spec.lettering) if spec.legend else []
    if not legends:
        return layout, [], None, layout.height
    for gap in layout.gaps:
        if max(legend.width for legend in legends) <= gap.width:
            needed = spread(legends, gap.width)[1]
            if needed <= gap.height:
                return layout, legends, gap, layout.height
    _, needed = spread(legends, spec.width_mm - 2 * PAD)
    area = Rect(PAD, layout.height + GAP, spec.width_mm - 2 * PAD, needed)
    return layout, legends, area, area.top + needed + PAD


def _require_memory(pair: FramePair, spec: FigureSpec, height: float, dpi: int) -> None:
    """Refuse a figure larger than memory; ``dpi`` is 0 for vectors, which have no canvas."""
    across, down = (round(mm / 25.4 * dpi) for mm in (spec.width_mm, height))
    pixels = across * down + len(spec.panels) * pair.size[0] * pair.size[1]
    needed, free = _BYTES_PER_PIXEL * pixels, available_memory()
    if max(across, down) > _AGG_LIMIT or needed > free:
        raise ConfigError(
            f"The figure would have {across}x{down} px and take about {format_bytes(needed)}; "
            f"{format_bytes(free)} are free, and {_AGG_LIMIT} px are the most. Take fewer dpi or "
            "panels, or a narrower figure."
        )


def _picture(pair: FramePair, lanes: Mapping[str, Lane], panel: Panel, scale: Scale) -> UInt8Array:
    source, layer = panel
    if source != "frames":
        kind, _, rival = layer.partition(":")
        return draw(kind, pair, lanes[source], scale, opponent=lanes.get(rival))
    return draw_truth(pair, scale) if layer == "truth" else draw_frames(layer, pair, scale)


def _metadata(
    pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec, kind: FigureFormat
) -> dict[str, Any]:
    """Where the figure comes from, in the file: settings, versions, weights; and no date."""
    text = settings_document(pair, {title: lanes[title] for title in lane_titles(lanes, spec)})
    match kind:
        case "pdf":
            return {"Subject": text, "CreationDate": None}
        case "svg":
            return {"Description": text, "Date": None}
        case _:
            return {"Description": text}
