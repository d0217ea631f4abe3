"""A sequence in time: any number along its pairs, and small pictures of frames and flows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.io.frames import encode_frame
from flowcore.metrics.definitions import describe
from flowcore.scores import pool
from flowcore.viz.flow_color import flow_to_color
from pages.components.charts import lane_colors
from pages.components.lane_form import LaneChoice
from pages.components.number_choice import choose_number
from pages.components.sequence_runs import Along, Stretch
from pages.components.sequence_task import Glance
from pages.components.words import as_text, counted, width_of

__all__ = ["choose_moment", "show_strip", "show_timeline", "speed_of"]

AT = "at"
CHART = "timeline"
FIRST = ("epe", "photometric_error", "flicker", "psnr", "ssim", "consistent_share", "fl_all")
SHOWN = (*FIRST, "flicker_truth")
NUM_PICTURES = 8


def show_timeline(stretch: Stretch, lanes: Sequence[LaneChoice], found: Along) -> None:
    """One number of every lane over the pairs; a click goes to a pair. Means below."""
    scores = {
        title: [one.score for one in along if isinstance(one, Glance)]
        for title, along in found.items()
    }
    there = {key for of_lane in scores.values() for one in of_lane for key in one.metrics}
    keys = [key for key in FIRST if key in there]
    keys += sorted(key for key in there - set(keys) if not key.endswith("_identity"))
    _say_failures(found)
    if not keys:
        return
    key = choose_number(
        "Along the sequence", keys, "along", help="Photometric error: the warp error over time. "
        "Flicker: what a pixel's vector changes by from one pair to the next.",
    )  # fmt: skip
    st.plotly_chart(
        _figure(stretch, lanes, found, key),
        width="stretch",
        key=CHART,
        on_select=_go_to_point,
        selection_mode="points",
        alt=f"Chart: {describe(key).label} along the sequence",
    )
    means = {title: pool(of_lane).means for title, of_lane in scores.items() if of_lane}
    table = pd.DataFrame.from_dict(means, orient="index").rename_axis("lane")
    st.dataframe(
        table[[key for key in SHOWN if key in table]],
        column_config={
            "_index": st.column_config.TextColumn("Lane", width=width_of(means)),
            **{key: _column(key) for key in SHOWN},
        },
        placeholder="-",
        alt="Means of every lane over the sequence",
    )


def show_strip(stretch: Stretch, found: Along) -> None:
    """Some of the pairs in their order: the frame, below it the flow of every lane."""
    speed = speed_of(found)
    indices = np.linspace(0, stretch.count - 1, min(NUM_PICTURES, stretch.count)).round()
    st.caption(
        f"From top: the frame; the flow of {as_text('; '.join(found))}. Full color: {speed:g} px."
    )
    with st.grid(NUM_PICTURES, min_column_width=76) as grid:
        for index in indices.astype(int).tolist():
            glances = [along[index] for along in found.values()]
            shown = [one for one in glances if isinstance(one, Glance)]
            with grid.cell():
                if shown:
                    flows = [flow_to_color(one.flow.astype(np.float32), max_magnitude=speed)
                             for one in shown]  # fmt: skip
                    name = f"Pair {stretch.begin + index + 1}"
                    strip = np.concatenate([shown[0].frame, *flows])
                    st.image(encode_frame(strip), width="stretch", alt=f"{name}: frame and flows")
                st.button(
                    f"Pair {stretch.begin + index + 1}", key=f"go-{index}", type="tertiary",
                    on_click=_go, args=(stretch.begin + index + 1,),
                )  # fmt: skip


def choose_moment(stretch: Stretch) -> int:
    """Which pair of the part is looked at, counted from 0."""
    first, last = stretch.begin + 1, stretch.begin + stretch.count
    if last == first:
        return 0
    kept = st.session_state.get(AT)
    if kept is not None and not first <= kept <= last:
        st.session_state[AT] = min(max(kept, first), last)
    at: int = st.slider("Pair in the viewer", first, last, key=AT, bind="query-params")
    return at - first


def speed_of(found: Along) -> float:
    """In px, what has the full color in all pictures of a sequence: the largest of its pairs'."""
    speeds = [one.speed for along in found.values() for one in along if isinstance(one, Glance)]
    return max(speeds, default=1.0)


def _figure(stretch: Stretch, lanes: Sequence[LaneChoice], found: Along, key: str) -> go.Figure:
    metric, colors, figure = describe(key), lane_colors(), go.Figure()
    unit = "" if metric.unit == "1" else f", {metric.unit}"
    numbers = list(range(stretch.begin + 1, stretch.begin + stretch.count + 1))
    for number, lane in enumerate(lanes):
        if lane.title in found:
            figure.add_scatter(
                x=numbers,
                y=[_value(one, key) for one in found[lane.title]],
                name=lane.title,
                mode="lines+markers",
                marker_size=5,
                line={"color": colors[number % len(colors)]},
                hovertemplate=f"pair %{{x}}: %{{y:.3f}}{unit}",
            )
    if (at := st.session_state.get(AT)) in numbers:
        figure.add_vline(x=at, line={"color": "gray", "dash": "dot"})
    figure.update_layout(
        xaxis_title="pair of the sequence",
        yaxis_title=f"{metric.label}{unit} {_arrow(key)}",
        height=300,
        margin={"t": 10, "b": 10},
        showlegend=True,
        legend={"orientation": "h", "yanchor": "top", "y": -0.2},
    )
    return figure


def _value(one: object, key: str) -> float | None:
    """None where there is nothing, which leaves a gap."""
    if not isinstance(one, Glance) or key not in one.score.metrics:
        return None
    return one.score.value(key)


def _say_failures(found: Along) -> None:
    reasons = {
        f"{one.sequence}: {one.reason}"
        for along in found.values()
        for one in along
        if not isinstance(one, Glance)
    }
    if reasons:
        with st.expander(f"{counted(len(reasons), 'pair')} could not be measured"):
            for reason in sorted(reasons)[:50]:
                st.write(as_text(reason))


def _go(pair: int) -> None:
    st.session_state[AT] = pair


def _go_to_point() -> None:
    points = st.session_state.get(CHART, {}).get("selection", {}).get("points", [])
    if points:
        st.session_state[AT] = int(points[0]["x"])


def _column(key: str) -> object:
    metric = describe(key)
    unit = "" if metric.unit == "1" else f", {metric.unit}"
    return st.column_config.NumberColumn(
        f"{metric.label}{unit} {_arrow(key)}",
        format="%.3f",
        help=f"{metric.definition} Mean over the pairs.",
    )


def _arrow(key: str) -> str:
    """To the better side."""
    return "↓" if describe(key).direction == "lower" else "↑"
