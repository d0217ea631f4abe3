"""The stage scrubber: how each lane's flow comes about, stage by stage."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.export.stage_panels import (
    StageView,
    stage_legends,
    stage_panels,
    stage_sheet,
    stage_table,
)
from flowcore.export.table import csv_of
from flowcore.io.frames import encode_frame
from flowcore.refinement import Refinement, is_learnt
from flowcore.types import FramePair
from flowcore.viz.scale import Scale
from pages.components.charts import lane_colors
from pages.components.lane_form import LaneChoice
from pages.components.runs import start, watch
from pages.components.takeaway import takeaway
from pages.components.tasks import keep_stages

__all__ = ["show_stages"]

TOLERANCES = (0.1, 0.5, 1.0)
HELP = {
    "Flow": "The flow after this stage, in the colors of the viewer.",
    "Update": "How far this stage moved each vector; the first one starts from no motion.",
    "Error": "End-point error after this stage, px; dark is good.",
    "Stopping point": "The first stage after which the vector stays near the final one; dark "
    "stops early.",
}


def show_stages(
    pair: FramePair, lanes: Sequence[LaneChoice], scale: Scale, *, threads: int, again: bool
) -> None:
    """A slider through the stages of all lanes that have some, and their curves."""
    if not st.toggle(
        "Step through the stages",
        key="stages",
        bind="query-params",
        help="The flow after each refinement step or each network of a stack. Estimates every "
        "such lane once more, keeping its stages.",
    ):
        return
    able = [lane for lane in lanes if lane.flow is None and is_learnt(lane.config)]
    runs = start(pair, able, threads=threads, again=again, task=keep_stages)
    done = watch(runs, key="cancel-stages")
    refinements = {title: refinement for title, refinement in done.items() if refinement.names}
    if refinements:
        _scrubber(pair, refinements, scale)
    elif all(run.job.is_over for run in runs):
        st.info("No lane here works in stages. RAFT and the scope models refine step by step.")


@st.fragment
def _scrubber(pair: FramePair, refinements: Mapping[str, Refinement], scale: Scale) -> None:
    """Moving the slider runs this part of the page alone."""
    most = max(len(refinement.names) for refinement in refinements.values())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = _stage_slider(most)
        tolerance = st.segmented_control(
            "Stopped within, px",
            TOLERANCES,
            default=TOLERANCES[1],
            required=True,
            key="stage-tolerance",
            bind="query-params",
            help="A vector has stopped when it stays this near to the lane's final one.",
        )
    view = StageView(number - 1, tolerance, scale, most)
    table = stage_table(refinements, tolerance)
    for title, refinement in refinements.items():
        _show_lane(pair, title, refinement, view, table[table["lane"] == title])
    _show_legends(view, has_truth=pair.truth is not None)
    _show_curves(table, number)
    _show_stage_downloads(pair, refinements, view, table)


def _stage_slider(most: int) -> int:
    if most == 1:
        return 1
    return st.slider(
        "Stage",
        1,
        most,
        1,
        key="stage",
        bind="query-params",
        help="Refinement step, or network of a stack. A lane with fewer shows its last one.",
    )


def _show_lane(
    pair: FramePair, title: str, refinement: Refinement, view: StageView, rows: pd.DataFrame
) -> None:
    row = rows.iloc[view.of(refinement)]
    words = [
        f"**{title}**: {row['name']} of {len(refinement.names)}",
        f"moved vectors by {row['update_px']:.3f} px on average",
        *([f"EPE {row['epe_px']:.3f} px ↓"] if refinement.epe else []),
        f"{row['stopped_percent']:.0f} % of the vectors have stopped",
    ]
    st.markdown(", ".join(words))
    panels = stage_panels(pair, refinement, view)
    for column, (name, picture) in zip(st.columns(len(panels)), panels, strict=True):
        column.image(picture, name, width="stretch", alt=f"{name} of {title}")


def _show_legends(view: StageView, *, has_truth: bool) -> None:
    legends = stage_legends(view, has_truth=has_truth)
    for column, (name, picture) in zip(st.columns(len(legends)), legends, strict=True):
        column.image(picture, width=picture.shape[1], alt=f"Legend: {name}")
        column.caption(HELP[name])


def _show_curves(table: pd.DataFrame, number: int) -> None:
    """Error, or update where there is no truth, against the stage."""
    titles = {
        "epe_px": "EPE, px (lower is better)",
        "update_px": "mean update, px",
        "stopped_percent": "vectors that have stopped, %",
    }
    names = {"epe_px": "Error", "update_px": "Update", "stopped_percent": "Stopped"}
    keys = [key for key in names if table[key].notna().any()]
    chosen = st.segmented_control(
        "Against the stage",
        keys,
        default=keys[0],
        format_func=names.get,
        required=True,
        key="stage-curve",
    )
    figure = go.Figure()
    for color, (title, rows) in zip(
        cycle(lane_colors()), table.groupby("lane", sort=False), strict=False
    ):
        figure.add_scatter(
            x=rows["stage"],
            y=rows[chosen],
            customdata=rows["name"],
            hovertemplate="%{customdata}: %{y:.3f}",
            name=title,
            mode="lines+markers",
            line_color=color,
        )
    figure.add_vline(number, line={"dash": "dot", "width": 1, "color": "gray"})
    figure.update_xaxes(title_text="stage", dtick=1 if table["stage"].max() <= 20 else None)
    figure.update_yaxes(
        title_text=titles[chosen],
        type="log" if chosen == "update_px" else "linear",
        rangemode="tozero",
    )
    figure.update_layout(
        height=330,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.25},
        showlegend=True,
    )
    st.plotly_chart(figure, width="stretch", key="stage-chart", alt=f"{titles[chosen]} by stage")


def _show_stage_downloads(
    pair: FramePair, refinements: Mapping[str, Refinement], view: StageView, table: pd.DataFrame
) -> None:
    with st.container(horizontal=True):
        takeaway(
            "Stages (CSV)",
            lambda: csv_of(table),
            "flowscope-stages.csv",
            help="Mean EPE, mean update and share stopped of every lane and stage.",
        )
        takeaway(
            "This stage (PNG)",
            lambda: encode_frame(stage_sheet(pair, refinements, view)),
            f"flowscope-stage-{view.stage + 1}.png",
        )
