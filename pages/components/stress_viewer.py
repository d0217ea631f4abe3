"""The flows of every lane on the pair as it is and on a changed one, in the viewer."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from flowcore.metrics.flow import epe, mean_epe
from flowcore.types import FlowField, FramePair
from flowcore.viz.scale import scale_of
from flowcore.viz.viewer_address import Disk
from flowcore.viz.viewer_payload import ViewerLane
from pages.components.color_scale import choose_scale
from pages.components.runs import Run, ask_lanes, wait_a_moment, watch
from pages.components.stress_lanes import StressLanes
from pages.components.stress_task import flow_alone
from pages.components.viewer import Picked, show_flows
from pages.components.words import width_of

__all__ = ["HELP", "Flows", "show_shifts", "show_two_flows"]

HELP = {
    "epe": "Mean end-point error against the truth. Lower is better.",
    "shift": "Mean distance of the flow from that of the pair as it is; needs no truth. Lower is "
    "better.",
}
BEST = "font-weight: 700"

Flows = dict[str, tuple[FlowField, FlowField]]
"""By the title of the lane: its flow of the pair as it is, and of the changed one."""


def show_two_flows(
    pair: FramePair,
    changed: FramePair,
    chosen: StressLanes,
    how: str,
    *,
    disk: Disk | None = None,
) -> tuple[Flows, Picked | None]:
    """Each lane's flow of the changed pair beside that of the pair as it is, on one color scale.

    ``how`` the pair was changed stands in the titles, a ``disk`` can be dragged. Gives the flows of
    the lanes that have both, and the pixel just clicked, or on which the disk was let go, if any.
    """
    runs: list[Run] = []
    for lane in chosen.lanes:
        for one, suffix in ((changed, how), (pair, "clean")):
            titled = replace(lane, title=f"{lane.title}, {suffix}")
            runs += ask_lanes(
                "flow", flow_alone, one, [titled], threads=chosen.threads, again=chosen.again
            )
    done = watch(wait_a_moment(runs), key="cancel-flows", again="Run again")
    clean = [done[title] for lane in chosen.lanes if (title := f"{lane.title}, clean") in done]
    scale = choose_scale(pair, scale_of(pair, clean or list(done.values())))
    finished = tuple(run for run in runs if run.job.state == "done")
    keys = tuple((run.lane.title, run.job.key) for run in finished)
    shown = (changed.digest, keys)

    def lanes() -> list[ViewerLane]:
        return [ViewerLane(run.lane.title, run.job.result) for run in finished]

    picked = show_flows(shown, changed, lanes, scale, disk=disk)
    both = {
        lane.title: (done[f"{lane.title}, clean"], done[f"{lane.title}, {how}"])
        for lane in chosen.lanes
        if {f"{lane.title}, clean", f"{lane.title}, {how}"} <= done.keys()
    }
    return both, picked


def show_shifts(pair: FramePair, flows: Flows, how: str) -> None:
    """A row for each lane: how far its flow moved, and its errors; the best bold."""
    rows: dict[str, dict[str, float]] = {}
    for title, (clean, changed) in flows.items():
        rows[title] = {"shift": float(epe(changed.uv, clean.uv).mean())}
        if pair.truth is not None:
            for name, flow in (("before", clean), ("after", changed)):
                rows[title][name] = mean_epe(flow.uv, pair.truth.uv, pair.truth.valid)
    labels = {
        "shift": ("Flow shift, px ↓", HELP["shift"]),
        "before": ("EPE as it is, px ↓", HELP["epe"]),
        "after": (f"EPE {how}, px ↓", HELP["epe"]),
    }
    table = pd.DataFrame(rows).T
    st.dataframe(
        table.style.apply(lambda column: [BEST if v == column.min() else "" for v in column]),
        column_config={
            "_index": st.column_config.TextColumn("Lane", width=width_of(rows)),
        }
        | {
            key: st.column_config.NumberColumn(label, format="%.3f", help=about)
            for key, (label, about) in labels.items()
        },
        alt=f"Flow shift and error of every lane, {how}",
    )
