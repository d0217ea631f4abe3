"""How sure each lane is, and whether it is unsure where it is wrong."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.io.frames import encode_frame
from flowcore.lane import Lane
from flowcore.metrics.flow import epe
from flowcore.metrics.round_trip import round_trip_distance
from flowcore.metrics.sparsification import SHARES, ause, sparsification
from flowcore.types import FloatArray, FramePair
from flowcore.viz.layers import LAYERS, Subject
from flowcore.viz.scale import Scale
from pages.components.charts import lane_colors
from pages.components.takeaway import takeaway

__all__ = ["show_uncertainty"]

ORACLE = "oracle"
DASHES = {"head": "solid", "round trip": "dash", ORACLE: "dot"}


def show_uncertainty(pair: FramePair, lanes: Mapping[str, Lane], scale: Scale) -> None:
    """The uncertainty of every lane that has one, and what it knows of the error."""
    able = {title: lane for title, lane in lanes.items() if lane.uncertainty_kind}
    if not able:
        st.info("No lane here says how sure it is: it takes a flow backward, or a head for that.")
        return
    st.caption(f"{LAYERS['uncertainty'].caption} It is a layer of the viewer too.")
    with st.grid(4, min_column_width=240):
        for title, lane in able.items():
            what = f"Uncertainty of {title} ({lane.uncertainty_kind})"
            st.image(
                _picture(pair.digest, lane.estimate.flow.digest, scale, pair, lane),
                f"{what}, 0 to {scale.max_error:.3g} px",
                width="stretch",
                alt=what,
            )
    if pair.truth is None:
        st.info("Whether a lane is unsure where it is wrong takes a pair with a true flow.")
        return
    curves = {
        title: _curves(pair.digest, lane.estimate.flow.digest, pair, lane)
        for title, lane in able.items()
    }
    _show_curves(curves)
    _show_areas(curves)


def _show_curves(curves: Mapping[str, pd.DataFrame]) -> None:
    figure = go.Figure()
    for color, (title, table) in zip(lane_colors(), curves.items(), strict=False):
        for kind, part in table.groupby("kind", sort=False):
            figure.add_scatter(
                x=part["left out, %"],
                y=part["error of the rest"],
                name=f"{title}, {kind}",
                mode="lines",
                line={"color": color, "dash": DASHES[kind]},
                hovertemplate="%{y:.3f} of the mean error",
            )
    figure.update_layout(
        xaxis_title="least certain pixels left out, %",
        yaxis_title="EPE of the rest / of all \N{DOWNWARDS ARROW}",
        yaxis_rangemode="tozero",
        height=420,
        margin={"t": 10, "b": 10},
        hovermode="x unified",
        legend={"orientation": "h", "yanchor": "top", "y": -0.3},
    )
    st.plotly_chart(
        figure, width="stretch", key="sparsification", alt="Sparsification curves of every lane"
    )
    whole = pd.concat([table.assign(lane=title) for title, table in curves.items()])
    takeaway("Sparsification (CSV)", lambda: csv_of(whole), "flowscope-sparsification.csv")


def _show_areas(curves: Mapping[str, pd.DataFrame]) -> None:
    rows = {
        title: table[table["kind"] != ORACLE].groupby("kind")["AUSE"].first()
        for title, table in curves.items()
    }
    st.dataframe(
        pd.DataFrame(rows).T,
        column_config={
            kind: st.column_config.NumberColumn(
                f"AUSE by {kind} ↓",
                format="%.3f",
                help="Area between the curve and the oracle's, which leaves out the worst pixels "
                "first. 0 knows every error; lower is better.",
            )
            for kind in DASHES
        },
        placeholder="-",
        alt="Area under the sparsification error of every lane",
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _picture(digest: str, of_flow: str, scale: Scale, _pair: FramePair, _lane: Lane) -> bytes:
    subject = Subject(_pair, scale, _lane.estimate.flow, uncertainty=_lane.uncertainty)
    return encode_frame(LAYERS["uncertainty"].draw(subject), format="jpeg")


@st.cache_data(max_entries=32, show_spinner=False)
def _curves(digest: str, of_flow: str, _pair: FramePair, _lane: Lane) -> pd.DataFrame:
    """A row for each kind of uncertainty and share left out."""
    flow, truth = _lane.estimate.flow, _pair.truth
    assert truth is not None
    known = flow.valid & truth.valid
    errors = epe(flow.uv, truth.uv)[known]
    if not errors.size:
        return pd.DataFrame(columns=["kind", "left out, %", "error of the rest", "AUSE"])
    kinds: dict[str, FloatArray] = {}
    if _lane.uncertainty_kind == "head" and _lane.uncertainty is not None:
        kinds["head"] = _lane.uncertainty[known]
    if _lane.backward is not None:
        kinds["round trip"] = round_trip_distance(flow, _lane.backward)[known]
    kinds[ORACLE] = errors
    return pd.concat([
        pd.DataFrame({
            "kind": kind,
            "left out, %": [round(100 * share) for share in SHARES],
            "error of the rest": sparsification(errors, values),
            "AUSE": ause(errors, values),
        })
        for kind, values in kinds.items()
    ])  # fmt: skip
