"""The stations of a walk through FlowNet2: pictures of the user's own pair, and words to them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from flowcore.errors import InputError
from flowcore.export.panels import legend
from flowcore.export.table import csv_of
from flowcore.io.frames import encode_frame
from flowcore.metrics.affine import affine_fit
from flowcore.metrics.flow import epe
from flowcore.stack_walk import FUSION, SMALL, SPEEDS, Walk
from flowcore.types import FloatArray, FlowField, FramePair, UInt8Array
from flowcore.viz.error import choice_bar, choice_to_color, error_to_color
from flowcore.viz.flow_color import flow_to_color
from flowcore.viz.overlay import difference
from flowcore.viz.palette import DIFFERENCE_GAIN
from flowcore.viz.scale import Scale, scale_of
from flowcore.viz.sheet import panel_sheet
from pages.components.charts import lane_colors
from pages.components.takeaway import takeaway
from pages.components.words import as_text

__all__ = ["show_walk"]

Panel = tuple[str, UInt8Array]


def show_walk(pair: FramePair, walk: Walk) -> None:
    """All stations, then the numbers and what can be taken away."""
    scale = _scale(pair, walk)
    _show_legends(pair, scale)
    sheet = [
        _first_network(pair, walk, scale),
        *(_next_network(pair, walk, scale, *names) for names in _steps(walk)),
        _small_motion(pair, walk, scale),
        _fusion(pair, walk, scale),
    ]
    _rotations(pair, walk)
    _numbers(pair, walk)
    _take_away(pair, walk, scale, sheet)


def _scale(pair: FramePair, walk: Walk) -> Scale:
    """One scale for all stations; the truth decides where there is one."""
    return scale_of(pair, [FlowField(walk.flows[FUSION])])


def _steps(walk: Walk) -> list[tuple[str, str]]:
    """Every later network of the stack, behind the one before it."""
    stack = [name for name in walk.flows if name not in (SMALL, FUSION)]
    return list(pairwise(stack))


def _first_network(pair: FramePair, walk: Walk, scale: Scale) -> list[Panel]:
    name = next(iter(walk.flows))
    st.subheader(f"{name}: what is where?")
    st.markdown(
        "It encodes each frame by itself and compares the features of every place with those of "
        "441 places around it in the other frame: the only moment at which the frames meet. All "
        f"that follows is read off these comparisons. {_judged(pair, walk, name)}"
    )
    return _show([("First frame", pair.first), *_flow_and_error(pair, walk, scale, name)])


def _next_network(pair: FramePair, walk: Walk, scale: Scale, before: str, name: str) -> list[Panel]:
    row, fetched = walk.table.loc[name], walk.table.loc[before, "brightness"]
    st.subheader(f"{name}: what is left to explain?")
    gained = (
        f" and made the error smaller on {row['smaller']:.0f} % of the pixels"
        if pair.truth is not None
        else ""
    )
    st.markdown(
        f"What is iterated is the whole question: this network gets both frames again, and the "
        f"second one **warped**, that is fetched by the flow of {before}. Warping turns a large "
        f"motion into a small one: without it the frames differ by {walk.still:.1f} gray levels "
        f"on average, fetched by {before} by {fetched:.1f}. The difference shows where it was "
        f"wrong. {name} moved vectors by {row['moved']:.2f} px on average{gained}. "
        f"{_judged(pair, walk, name)}"
    )
    warped = walk.warped[before]
    return _show(
        [
            (f"Second frame, fetched by {before}", warped),
            (
                f"What differs from the first, times {DIFFERENCE_GAIN}",
                difference(pair.first, warped),
            ),
            *_flow_and_error(pair, walk, scale, name),
        ]
    )


def _small_motion(pair: FramePair, walk: Walk, scale: Scale) -> list[Panel]:
    st.subheader(f"{SMALL}: what hardly moves?")
    words = (
        "It sees the two frames and nothing else, at full resolution from the first layer on, with "
        "3x3 kernels only, and has learnt from small motion and plain surfaces. A motion below one "
        "pixel, which the others lose in their first strides, is its subject; a large one is "
        "beyond it."
    )
    st.markdown(f"{words} {_by_speed(pair, walk)} {_judged(pair, walk, SMALL)}")
    small, large = walk.flows[SMALL], walk.flows[walk.stack]
    apart = epe(small, large)
    most = max(0.5, float(np.percentile(apart, 99)))
    panels = _flow_and_error(pair, walk, scale, SMALL)
    gap = (f"How far from {walk.stack}, 0 to {most:.1f} px", error_to_color(apart, max_error=most))
    return _show([*panels, gap])


def _by_speed(pair: FramePair, walk: Walk) -> str:
    if pair.truth is None:
        return "Without truth it can only be seen how far it is from the stack."
    said = []
    for name in SPEEDS:
        small, large = (walk.table.loc[who, f"epe {name}"] for who in (SMALL, walk.stack))
        if np.isfinite(small):
            better = "better" if small < large else "worse"
            said.append(f"{name} its error is {small:.2f} px, {better} than the {large:.2f} px")
    return f"On this pair, at speeds {'; '.join(said)} of {walk.stack}." if said else ""


def _fusion(pair: FramePair, walk: Walk, scale: Scale) -> list[Panel]:
    st.subheader("Fusion: whom to believe?")
    to_small = float(100 * (walk.choice < 0.5).mean())
    row = walk.table.loc[FUSION]
    words = (
        f"The last network fuses two flows, that of {walk.stack} and that of {SMALL}, pixel by "
        "pixel at full resolution. It sees the first frame, both flows, their speeds, and the "
        "difference that each leaves between the frames: a flow that is fast where the frames "
        f"agree without it is not to be believed. Here it follows {SMALL} on {to_small:.0f} % of "
        f"the pixels, {walk.stack} on the others, and changes the latter's flow by "
        f"{row['moved']:.2f} px on average. "
    )
    st.markdown(words + _judged(pair, walk, FUSION))
    panels = [("Whom it follows", choice_to_color(walk.choice))]
    shown = _show([*panels, *_flow_and_error(pair, walk, scale, FUSION)])
    st.image(choice_bar(walk.stack, SMALL, width=240), alt="Legend: whom the fusion follows")
    return shown


def _rotations(pair: FramePair, walk: Walk) -> None:
    st.subheader("Are there rotations in FlyingChairs?")
    flow = pair.truth or FlowField(walk.flows[FUSION])
    whose = "true flow" if pair.truth is not None else "fused flow"
    try:
        fit = affine_fit(flow.uv, flow.valid)
    except InputError as error:
        st.info(as_text(error))
        return
    st.markdown(
        "Yes: every chair and every background of that training set moves by a random affine map, "
        "which turns, zooms and shifts it (Dosovitskiy et al., ICCV 2015, section 4); the scenes "
        "that trained the small networks here turn as well. As for this pair, the affine motion "
        f"that fits its {whose} best turns by {fit.turn:+.2f} degrees (clockwise is positive) and "
        f"zooms by {fit.zoom:.3f}; that accounts for {fit.explained:.0f} % of what differs from "
        "one common shift."
    )


def _judged(pair: FramePair, walk: Walk, name: str) -> str:
    if pair.truth is None:
        return ""
    return f"Mean error of its flow: **{walk.table.loc[name, 'epe']:.2f} px**."


def _flow_and_error(pair: FramePair, walk: Walk, scale: Scale, name: str) -> list[Panel]:
    flow = walk.flows[name]
    panels = [(f"Flow of {name}", flow_to_color(flow, max_magnitude=scale.max_magnitude))]
    if pair.truth is not None:
        panels.append((f"Error of {name}", _error(pair, flow, scale)))
    return panels


def _error(pair: FramePair, flow: FloatArray, scale: Scale) -> UInt8Array:
    errors = epe(flow, pair.truth.uv)
    return error_to_color(errors, max_error=scale.max_error, valid=pair.truth.valid)


def _show(panels: Sequence[Panel]) -> list[Panel]:
    """The pictures of a station side by side, all of one width."""
    columns = st.columns(max(3, len(panels)))
    for column, (title, picture) in zip(columns, panels, strict=False):
        column.image(picture, title, width="stretch", alt=title)
    return list(panels)


def _legends(pair: FramePair, scale: Scale) -> list[UInt8Array]:
    layers = ("flow", "error") if pair.truth is not None else ("flow",)
    return [picture for layer in layers if (picture := legend(layer, scale)) is not None]


def _show_legends(pair: FramePair, scale: Scale) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        for picture in _legends(pair, scale):
            st.image(picture, width=picture.shape[1], alt="Legend")
    st.caption("One scale for all flows below, and one for all errors.")


def _numbers(pair: FramePair, walk: Walk) -> None:
    st.subheader("The numbers")
    columns = {
        "epe": st.column_config.NumberColumn("EPE, px ↓", format="%.3f"),
        **{
            f"epe {name}": st.column_config.NumberColumn(f"{name}, px ↓", format="%.3f")
            for name in SPEEDS
        },
        "moved": st.column_config.NumberColumn(
            "Moved, px", format="%.3f", help="Mean change to the flow that it started from."
        ),
        "smaller": st.column_config.NumberColumn(
            "Error smaller, %", format="%.1f", help="Of the pixels with truth, by that change."
        ),
        "brightness": st.column_config.NumberColumn(
            "Difference, levels ↓",
            format="%.2f",
            help="Mean difference of the first frame and the second one fetched by its flow.",
        ),
    }
    st.dataframe(walk.table, column_config=columns, placeholder="-", alt="Numbers of every network")
    if pair.truth is not None:
        _chart(walk)


def _chart(walk: Walk) -> None:
    figure = go.Figure()
    for color, name in zip(lane_colors(), SPEEDS, strict=False):
        values = walk.table[f"epe {name}"]
        if values.notna().any():
            figure.add_scatter(x=values.index, y=values, name=name, mode="lines+markers",
                               line_color=color)  # fmt: skip
    figure.update_yaxes(title_text="EPE, px (lower is better)", type="log")
    figure.update_layout(
        height=320,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.2, "title": "true speed"},
        showlegend=True,
    )
    st.plotly_chart(figure, width="stretch", key="stack-chart", alt="EPE of every network by speed")


def _take_away(
    pair: FramePair, walk: Walk, scale: Scale, stations: Sequence[Sequence[Panel]]
) -> None:
    def sheet() -> bytes:
        legends = [*_legends(pair, scale), choice_bar(walk.stack, SMALL)]
        return encode_frame(panel_sheet(stations, legends, pair.name))

    with st.container(horizontal=True):
        takeaway("All stations (PNG)", sheet, "flowscope-flownet2.png")
        takeaway("Numbers (CSV)", lambda: csv_of(walk.table, index=True), "flowscope-flownet2.csv")
