"""What a comparison shows: panels on one scale, one table of metrics, files to take away."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from flowcore import report
from flowcore.comparison import Lane
from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from flowcore.metrics.definitions import describe
from flowcore.panels import LAYERS, Scale, draw, draw_wins, layers_of, legend
from flowcore.types import FramePair
from pages.components.runs import Run

__all__ = ["show_downloads", "show_panels", "show_table", "show_wins"]

GROUPS = {
    "Summary": ("epe", "fl_all", "outlier_1px", "wauc", "angular_error", "psnr", "ssim",
                "consistent_share"),
    "Speed": ("epe_s0_1", "epe_s0_10", "epe_s10_40", "epe_s40_plus"),
    "Occlusion": ("epe_matched", "epe_unmatched", "epe_d0_10", "epe_d10_60", "epe_d60_140"),
    "Rates": ("outlier_1px", "outlier_3px", "outlier_5px", "inlier_1px", "inlier_3px",
              "inlier_5px", "r0_5", "r1", "r2", "a50", "a75", "a95"),
    "Warp": ("psnr", "psnr_identity", "ssim", "ssim_identity", "photometric_error",
             "photometric_error_identity", "consistent_share", "consistency_median", "density"),
}  # fmt: skip
BEST = "font-weight: 700"


def show_panels(pair: FramePair, runs: Sequence[Run], scale: Scale) -> None:
    """One layer of every lane, side by side, under its title; what failed says why."""
    layers = layers_of(pair)
    layer = st.segmented_control(
        "Layer",
        list(layers),
        default="flow",
        required=True,
        format_func=lambda key: layers[key].label,
        key="layer",
        bind="query-params",
    )
    for column, run in zip(st.columns(len(runs)), runs, strict=True):
        with column:
            _panel(layer, pair, run, scale)
    bar = legend(layer, scale)
    with st.container(horizontal=True, vertical_alignment="center"):
        if bar is not None:
            st.image(bar, alt=f"Legend of the layer {layers[layer].label}")
        st.caption(LAYERS[layer].caption)


def show_wins(pair: FramePair, lanes: Mapping[str, Lane]) -> None:
    """Who wins where, between two lanes of the user's choice."""
    if pair.truth is None or len(lanes) < 2:
        return
    with st.expander("Who wins where", on_change="rerun", key="wins") as panel:
        if not panel.open:
            return
        left, right = st.columns(2)
        one = left.selectbox("Blue where better", list(lanes), key="win-a")
        others = [title for title in lanes if title != one]
        other = right.selectbox("Red where better", others, key="win-b")
        st.image(draw_wins(pair, lanes[one], lanes[other]), width="stretch", alt="Who wins where")


def show_table(lanes: Mapping[str, Lane]) -> None:
    """One row per lane; the best number of each column is bold."""
    table = report.metrics_table(lanes)
    groups = {name: [key for key in keys if key in table] for name, keys in GROUPS.items()}
    groups["Classes"] = [key for key in table if key.startswith("epe_class_")]
    groups = {name: keys for name, keys in groups.items() if keys}
    name = st.segmented_control(
        "Metrics",
        list(groups),
        default="Summary",
        required=True,
        key="metrics",
        bind="query-params",
    )
    shown = table[["seconds", "threads", *groups.get(name, groups["Summary"])]]
    st.dataframe(
        shown.style.apply(_mark_best),
        column_config={key: _column(key, lanes) for key in shown},
        alt="Metrics of every lane",
    )


def show_downloads(pair: FramePair, lanes: Mapping[str, Lane]) -> None:
    """Everything that can be taken away, made only when it is asked for."""
    with st.container(horizontal=True):
        st.download_button(
            "Panel sheet (PNG)",
            lambda: encode_frame(report.sheet(pair, lanes)),
            "flowscope.png",
            on_click="ignore",
        )
        st.download_button(
            "Metrics (CSV)",
            lambda: report.metrics_table(lanes).to_csv(),
            "flowscope.csv",
            on_click="ignore",
        )
        st.download_button(
            "Everything (ZIP)",
            lambda: report.bundle(pair, lanes),
            "flowscope.zip",
            on_click="ignore",
            help="Panel sheet, table, flows as .flo, KITTI PNG and .npy, settings and versions.",
        )


def _panel(layer: str, pair: FramePair, run: Run, scale: Scale) -> None:
    title, job = run.lane.title, run.job
    if job.state == "failed":
        st.error(f"{title}: {job.error}")
    elif job.state == "cancelled":
        st.info(f"{title}: cancelled. Press Run to start again.")
    elif job.state != "done":
        st.skeleton(height=200)
    else:
        lane = job.result
        st.image(
            draw(layer, pair, lane, scale),
            width="stretch",
            caption=_caption(title, lane),
            alt=f"{LAYERS[layer].label} of {title}",
        )
        _flow_files(title, lane)


def _caption(title: str, lane: Lane) -> str:
    parts = [f"EPE {lane.metrics['epe'].value:.2f} px"] if "epe" in lane.metrics else []
    if lane.estimate.threads:  # an external flow took no time of ours
        parts.append(f"{lane.estimate.seconds:.2f} s")
    return f"{title}: {', '.join(parts)}" if parts else title


def _flow_files(title: str, lane: Lane) -> None:
    with st.popover("Flow files", type="tertiary"):
        for kind, suffix in (("flo", ".flo"), ("kitti", ".png"), ("npy", ".npy")):
            st.download_button(
                f"Download {suffix}" + (" (KITTI)" if kind == "kitti" else ""),
                lambda kind=kind: encode_flow(lane.estimate.flow, kind),
                f"{report.file_stem(title)}{suffix}",
                key=f"flow-{kind}-{title}",
                on_click="ignore",
            )


def _column(key: str, lanes: Mapping[str, Lane]) -> object:
    if key == "seconds":
        return st.column_config.NumberColumn(
            "Time, s", format="%.3f", help="Forward estimate alone: model loaded and warm."
        )
    if key == "threads":
        return st.column_config.NumberColumn("Threads", help="Processor threads it could use.")
    metric = describe(key)
    counts = [lane.metrics[key].num_pixels for lane in lanes.values() if key in lane.metrics]
    pixels = f"{min(counts):,}" if len(set(counts)) == 1 else f"{min(counts):,} to {max(counts):,}"
    better = "Lower" if metric.direction == "lower" else "Higher"
    arrow = "↓" if metric.direction == "lower" else "↑"
    unit = "" if metric.unit == "1" else f", {metric.unit}"
    return st.column_config.NumberColumn(
        f"{metric.label}{unit} {arrow}",
        format="%.3f",
        help=f"{metric.definition} {better} is better. Over {pixels} pixels. {metric.source}.",
    )


def _mark_best(column: pd.Series) -> list[str]:
    """Bold where the column is at its best; nothing where all agree."""
    name = str(column.name)
    if name == "threads" or name.endswith("_identity") or column.nunique() < 2:
        return [""] * len(column)
    lower = name == "seconds" or describe(name).direction == "lower"
    best = column.min() if lower else column.max()
    return [BEST if value == best else "" for value in column]
