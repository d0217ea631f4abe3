"""The figure builder: choose panels, crop, inset; take away PNG, SVG, PDF and LaTeX."""

from collections.abc import Mapping

import streamlit as st

from flowcore.errors import FlowcoreError
from flowcore.export.figure import Box, FigureSpec, build_figure, figure_caption
from flowcore.export.panels import LAYERS, frame_layers_of, layers_of
from flowcore.export.table import metrics_latex
from flowcore.lane import Lane
from flowcore.types import FramePair
from flowcore.viz.scale import Scale

__all__ = ["show_figure_builder"]

LATEX_KEYS = ("epe", "fl_all", "outlier_1px", "wauc", "psnr", "ssim", "consistent_share")


def show_figure_builder(pair: FramePair, lanes: Mapping[str, Lane], scale: Scale) -> None:
    """A figure for a paper, shown as it will be, with its caption and the LaTeX of the table."""
    with st.expander("Figure for a paper", on_change="rerun", key="figure-builder") as panel:
        if not panel.open:
            return
        try:
            spec = _choose(pair, lanes)
            st.image(
                build_figure(pair, lanes, spec, "png", scale=scale), width=720, alt="The figure"
            )
            st.caption(figure_caption(pair, lanes, spec, scale=scale))
            _take_away(pair, lanes, spec, scale)
        except FlowcoreError as error:
            st.error(str(error))


def _choose(pair: FramePair, lanes: Mapping[str, Lane]) -> FigureSpec:
    judged = "error" if pair.truth is not None else "difference"
    options = _panels(pair, lanes)
    wanted = [f"{title}: {LAYERS[key].label}" for key in ("flow", judged) for title in lanes]
    chosen = st.multiselect("Panels", list(options), wanted, key="figure-panels")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        columns = st.number_input("Columns", 1, 8, min(4, len(lanes)), key="figure-cols", width=100)
        scale_bar = st.number_input("Scale bar, px", 0, 1000, 50, 10, key="figure-bar", width=120)
        labels = st.toggle("Labels", value=True, key="figure-labels")
        legend = st.toggle("Legend", value=True, key="figure-legend")
    crop = _box("Crop: left, top, right, bottom in px", "figure-crop")
    inset = _box("Inset: left, top, right, bottom in px", "figure-inset")
    panels = tuple(options[name] for name in chosen)
    return FigureSpec(panels, columns, crop, inset, labels, legend, scale_bar)


def _panels(pair: FramePair, lanes: Mapping[str, Lane]) -> dict[str, tuple[str, str]]:
    """Everything that can be a panel, by its name."""
    options = {layer.label: ("frames", key) for key, layer in frame_layers_of(pair).items()}
    if pair.truth is not None:
        options["Truth"] = ("frames", "truth")
    for title, lane in lanes.items():
        for key, layer in layers_of(pair, lane).items():
            options[f"{title}: {layer.label}"] = (title, key)
        for rival in lanes if pair.truth is not None else ():
            if rival != title:
                options[f"{title}: {LAYERS['wins'].label} {rival}"] = (title, f"wins:{rival}")
    return options


def _box(label: str, key: str) -> Box | None:
    """Four whole numbers typed with commas; nothing for the whole frame."""
    text = st.text_input(label, key=key, placeholder="such as 100, 50, 300, 200; empty for none")
    if not text.strip():
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(part.isdecimal() and len(part) < 6 for part in parts):
        st.warning("A box is four whole numbers: left, top, right, bottom.")
        return None
    left, top, right, bottom = map(int, parts)
    return left, top, right, bottom


def _take_away(pair: FramePair, lanes: Mapping[str, Lane], spec: FigureSpec, scale: Scale) -> None:
    with st.container(horizontal=True):
        for kind in ("pdf", "svg", "png"):
            st.download_button(
                kind.upper(),
                lambda kind=kind: build_figure(pair, lanes, spec, kind, scale=scale),
                f"figure.{kind}",
                on_click="ignore",
                key=f"figure-{kind}",
            )
        st.download_button(
            "Table (LaTeX)",
            lambda: metrics_latex(lanes, LATEX_KEYS),
            "table.tex",
            on_click="ignore",
            key="figure-latex",
        )
