"""What the seams do: jumps, errors near them, matches that they cut."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.errors import InputError
from flowcore.export.table import csv_of
from flowcore.lane import Lane
from flowcore.metrics.curves import mean_per_bin
from flowcore.metrics.flow import epe
from flowcore.metrics.seams import leaving_matches, seam_distance, seam_jump, step_lengths
from flowcore.types import FramePair
from flowcore.viz.error import error_to_color
from pages.components.charts import lane_colors
from pages.components.chunk_form import ChunkChoice
from pages.components.takeaway import takeaway
from pages.components.words import as_text

__all__ = ["show_seams"]

NUM_BINS = 24
MAP_PERCENTILE = 99.5


def show_seams(pair: FramePair, choice: ChunkChoice, lanes: Mapping[str, Lane]) -> None:
    """Jumps of each lane where the seams are; a map of them; EPE by the distance to a seam.

    Of the lanes that have worked: what another one does where the seams would be is worth seeing.
    """
    if choice.grid.rows * choice.grid.cols == 1:
        return
    chunked = [title for title, lane in lanes.items() if lane.estimate.config == choice.config]
    st.header("Seams")
    jumps, cut = st.columns([3, 1], gap="medium")
    with jumps:
        _show_jumps(pair, choice, lanes)
    with cut:
        _show_leaving(pair, choice)
    left, right = st.columns(2, gap="medium")
    with left:
        _show_map(lanes, (chunked or list(lanes))[0])
    with right:
        _show_errors(pair, choice, lanes)


def _show_jumps(pair: FramePair, choice: ChunkChoice, lanes: Mapping[str, Lane]) -> None:
    flows = {title: lane.estimate.flow for title, lane in lanes.items()}
    if pair.truth is not None:
        flows["true flow"] = pair.truth
    table = pd.DataFrame(
        {
            title: seam_jump(flow.uv, choice.grid, valid=flow.valid)._asdict()
            for title, flow in flows.items()
        }
    ).T.rename_axis("flow")
    table["ratio"] = (table["across"] / table["elsewhere"]).where(table["elsewhere"] > 0)
    st.dataframe(
        table,
        column_config={
            "across": st.column_config.NumberColumn(
                "Jump at the seams, px",
                format="%.3f",
                help="Mean length by which the flow changes from one pixel to the next, across "
                "the seams of the chunked lane.",
            ),
            "elsewhere": st.column_config.NumberColumn(
                "Jump elsewhere, px", format="%.3f", help="The same over all other steps."
            ),
            "ratio": st.column_config.NumberColumn("Seams / elsewhere", format="%.2f"),
        },
        placeholder="-",
        key="seam-jumps",
        alt="Jumps of every lane at the seams and elsewhere",
    )
    st.caption(
        "Every lane is read at the same places. What the chunked lane jumps more than the whole "
        "frame is made by the chunks; motion borders on a seam show in both."
    )


def _show_leaving(pair: FramePair, choice: ChunkChoice) -> None:
    if pair.truth is None:
        st.info("The share of matches cut off needs a pair with truth.")
        return
    try:
        share = leaving_matches(pair.truth.uv, pair.truth.valid, choice.grid)
    except InputError as error:
        st.info(as_text(error))
        return
    st.metric(
        "Matches cut off",
        f"{share:.2f} %",
        help="Of the pixels whose true match lies inside the frame: those that no chunk, with its "
        "halo, holds together with their match. Motion-aware chunks are placed so as to hold them.",
    )


def _show_map(lanes: Mapping[str, Lane], first_shown: str) -> None:
    titles = list(lanes)
    title = st.selectbox("Steps of the flow of", titles, titles.index(first_shown), key="seam-lane")
    steps = {name: step_lengths(lane.estimate.flow.uv) for name, lane in lanes.items()}
    most = max(0.1, *(float(np.percentile(step, MAP_PERCENTILE)) for step in steps.values()))
    st.image(
        error_to_color(steps[title], max_error=most),
        f"Change of the flow to the next pixel, 0 to {most:.2f} px; one scale for all lanes. "
        "Straight lines are seams.",
        width="stretch",
        alt="Map of the flow's steps",
    )


def _show_errors(pair: FramePair, choice: ChunkChoice, lanes: Mapping[str, Lane]) -> None:
    if pair.truth is None or not pair.truth.valid.any():
        st.info("Errors near the seams need a pair with truth.")
        return
    distance = seam_distance(*pair.size, choice.grid)
    edges = np.linspace(0, float(distance.max()) + 1e-3, NUM_BINS + 1)
    curves = pd.DataFrame({"from, px": edges[:-1], "to, px": edges[1:]})
    figure = go.Figure()
    for color, (title, lane) in zip(lane_colors(), lanes.items(), strict=False):
        flow = lane.estimate.flow
        known = flow.valid & pair.truth.valid
        errors = epe(flow.uv, pair.truth.uv)[known]
        means = mean_per_bin(errors, distance[known], edges)
        counts = np.histogram(distance[known], edges)[0]
        figure.add_scatter(
            x=(edges[:-1] + edges[1:]) / 2,
            y=means,
            customdata=counts,
            hovertemplate="%{y:.3f} px over %{customdata:,} pixels",
            name=title,
            mode="lines",
            line_color=color,
        )
        curves[title] = means
        curves[f"{title}, pixels"] = counts
    figure.update_xaxes(title_text="distance to the nearest seam, px")
    figure.update_yaxes(title_text="EPE, px (lower is better)", rangemode="tozero")
    figure.update_layout(
        height=330,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.25},
        hovermode="x unified",
    )
    st.plotly_chart(figure, width="stretch", key="seam-errors", alt="EPE by distance to a seam")
    takeaway(
        "EPE near seams (CSV)",
        lambda: csv_of(curves),
        "flowscope-seams.csv",
    )
