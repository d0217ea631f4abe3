"""The figure builder: a figure as it will be printed, its caption, and the LaTeX of the table."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from flowcore.errors import FlowcoreError
from flowcore.export.figure.build import FigureSpec, build_figure, figure_size
from flowcore.export.figure.caption import figure_caption
from flowcore.export.table import metrics_latex
from flowcore.lane import Lane
from flowcore.metrics.definitions import describe
from flowcore.types import Box, FramePair
from flowcore.viz.scale import Scale
from pages.components.figure_form import choose_figure
from pages.components.takeaway import takeaway
from pages.components.words import as_text

__all__ = ["show_figure_builder"]

LATEX_KEYS = ("epe", "fl_all", "outlier_1px", "wauc", "psnr", "ssim", "consistent_share")
PREVIEW_DPI, PREVIEW_WIDTH, PREVIEW_HEIGHT = 200, 1600, 4000  # px, at most
PREVIEW_PX_PER_MM = 4
FILES = (("PDF", "pdf", 300), ("SVG", "svg", 300), ("PNG, 300 dpi", "png", 300),
         ("PNG, 600 dpi", "png", 600))  # fmt: skip


def show_figure_builder(
    pair: FramePair, lanes: Mapping[str, Lane], scale: Scale, region: Box | None = None
) -> None:
    """A figure for a paper, shown as it will be, with its caption and the LaTeX of the table.

    ``scale`` is the viewer's; ``region`` a rectangle that was marked in it.
    """
    with st.expander("Figure for a paper", on_change="rerun", key="figure-builder") as panel:
        if panel.open:
            _builder(pair, lanes, scale, region)


@st.fragment
def _builder(pair: FramePair, lanes: Mapping[str, Lane], scale: Scale, region: Box | None) -> None:
    """A fragment: what is chosen here changes nothing else of the page."""
    try:
        spec = choose_figure(pair, lanes, region)
        _show_figure(pair, lanes, spec, scale)
    except FlowcoreError as error:
        st.error(as_text(error))
    _show_latex(lanes)


def _show_figure(
    pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec, scale: Scale
) -> None:
    width, height = figure_size(pair, lanes, spec, scale=scale)
    dpi = min(PREVIEW_DPI, 25.4 * PREVIEW_WIDTH / width, 25.4 * PREVIEW_HEIGHT / height)
    preview = build_figure(pair, lanes, spec, "png", scale=scale, dpi=max(1, int(dpi)))
    text = figure_caption(pair, lanes, spec, scale=scale)
    st.image(preview, width=round(PREVIEW_PX_PER_MM * width), alt=f"The figure. {text}")
    st.caption(f"{width:g} x {height:.1f} mm. Caption:")
    st.code(text, None, wrap_lines=True)
    with st.container(horizontal=True):
        for label, kind, dpi in FILES:
            refusal = _refusal(pair, lanes, spec, scale, dpi if kind == "png" else None)
            takeaway(
                label,
                partial(build_figure, pair, lanes, spec, kind, scale=scale, dpi=dpi),
                f"figure.{kind}",
                disabled=refusal is not None,
                help=refusal,
                key=f"figure-{label}",
            )


def _refusal(
    pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec, scale: Scale, dpi: int | None
) -> str | None:
    """Why a file cannot be made, if so: as pixels it may be larger than memory."""
    try:
        figure_size(pair, lanes, spec, scale=scale, dpi=dpi)
    except FlowcoreError as error:
        return as_text(error)
    return None


def _show_latex(lanes: Mapping[str, Lane]) -> None:
    """The table of chosen numbers, to copy or to take away."""
    keys = list(dict.fromkeys(key for lane in lanes.values() for key in lane.metrics))
    chosen = st.multiselect(
        "Columns of the LaTeX table, in this order",
        keys,
        [key for key in LATEX_KEYS if key in keys],
        format_func=lambda key: describe(key).label,
        key=f"figure-latex-keys: {'epe' in keys}",
    )
    if not chosen:
        return
    latex = metrics_latex(lanes, chosen)
    st.code(latex, "latex", wrap_lines=True)
    takeaway("Table (LaTeX)", lambda: latex, "table.tex", key="figure-latex")
