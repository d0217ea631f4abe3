"""What a comparison shows: panels on one scale, one table of metrics."""

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from flowcore.errors import InputError
from flowcore.export.panels import viewer_lane
from flowcore.export.table import best_lanes, metrics_table
from flowcore.features.dense import DenseMatching
from flowcore.lane import Lane, common_pixels
from flowcore.metrics.definitions import describe
from flowcore.metrics.masks import pixels_behind
from flowcore.probe import matching_layers
from flowcore.types import BoolArray, Box, FramePair
from flowcore.viz.scale import Scale
from flowcore.viz.viewer_payload import ViewerLane
from pages.components.charts import pixels_of_point
from pages.components.clip import Clip
from pages.components.conventions import warn_of_convention
from pages.components.marks import is_chosen, on_choice
from pages.components.runs import Run, forget
from pages.components.viewer import Picked, show_flows
from pages.components.why import lit_pixels
from pages.components.words import as_text, width_of

__all__ = ["chosen_pixels", "offer_new_times", "show_lanes", "show_table"]

_SPEED, _SIGHT = ("s0_10", "s10_40", "s40_plus"), ("matched", "unmatched")
GROUPS = {
    "Summary": ("epe", "epe_filled", "fl_all", "fl_all_filled", "density", "outlier_1px", "wauc",
                "angular_error", "psnr", "psnr_common", "ssim", "ssim_common", "consistent_share"),
    "Middlebury": ("epe", "angular_error", "r0_5", "r1", "r2", "a50", "a75", "a95"),
    "Sintel": ("epe", "epe_matched", "epe_unmatched", "epe_d0_10", "epe_d10_60", "epe_d60_140",
               "epe_s0_10", "epe_s10_40", "epe_s40_plus"),
    "KITTI": ("fl_all", "fl_all_filled", "fl_bg", "fl_fg", "fl_noc", "density", "epe",
              "epe_filled", "epe_noc", "outlier_3px"),
    "Spring": ("outlier_1px", *(f"outlier_1px_{part}" for part in (*_SIGHT, *_SPEED)), "epe",
               "fl_all", *(f"fl_{part}" for part in (*_SIGHT, *_SPEED)),
               "wauc", *(f"wauc_{part}" for part in (*_SIGHT, *_SPEED))),
    "Rates": ("outlier_1px", "outlier_3px", "outlier_4px", "outlier_5px", "inlier_1px",
              "inlier_3px", "inlier_5px", "epe_s0_1", "density"),
    "Warp": ("psnr", "psnr_common", "psnr_identity", "ssim", "ssim_common", "ssim_identity",
             "photometric_error", "photometric_error_common", "photometric_error_identity",
             "consistent_share", "consistency_median"),
}  # fmt: skip
OF_GAPS = ("density", "epe_filled", "fl_all_filled")  # say nothing new where there are none
BEST = "font-weight: 700"
DISTURBED = "color: gray"
TABLE, REGION_TABLE = "table", "region-table"


def show_lanes(
    pair: FramePair,
    runs: Sequence[Run],
    scale: Scale,
    marked: tuple[str, BoolArray] | None,
    *,
    inside: Mapping[str, DenseMatching] | None = None,
    clip: Clip | None = None,
) -> Picked | None:
    """All lanes in the viewer, on one scale.

    ``marked`` are pixels to point out, and what they are; ``inside`` the matching of some lanes, by
    title; ``clip`` pairs to play in place of this one. Gives the pixel just clicked, if any.
    """
    finished = tuple(run for run in runs if run.job.state == "done")
    for run in finished:
        if run.lane.flow is not None:
            warn_of_convention(f"The flow of {run.lane.title}", run.lane.flow, pair)
    inside = inside or {}
    shown = (
        pair.digest,
        tuple((run.lane.title, run.job.key) for run in finished),
        tuple(inside),
    )
    lanes = partial(_viewer_lanes, finished, inside)
    return show_flows(shown, pair, lanes, scale, marked=marked, clip=clip)


def _viewer_lanes(finished: Sequence[Run], inside: Mapping[str, DenseMatching]) -> list[ViewerLane]:
    maps = matching_layers(inside)
    lanes = [
        viewer_lane(run.lane.title, run.job.result, maps.get(run.lane.title, ()))
        for run in finished
    ]
    return lanes + [ViewerLane(f"argmax of {title}", found.flow) for title, found in inside.items()]


def show_table(
    lanes: Mapping[str, Lane], *, within: tuple[Box, Mapping[str, Lane]] | None = None
) -> None:
    """One row per lane; the best number of each column is bold; a click shows a number's pixels.

    ``within`` is a rectangle, and the lanes with their metrics over it, for a second table.
    """
    table = metrics_table(lanes)
    if (table["density"] == 100).all():
        table = table.drop(columns=[key for key in OF_GAPS if key in table])
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
        help="Click a number to see its pixels in the viewer, or a dash to learn why it is one.",
    )
    columns = groups.get(name, groups["Summary"])
    _draw_table(table[["seconds", "threads", *columns]], lanes, TABLE)
    if within is None:
        return
    box, inside = within
    st.markdown(
        f"**In the rectangle** of {box.right - box.left}x{box.bottom - box.top} px, x {box.left} "
        f"to {box.right - 1}, y {box.top} to {box.bottom - 1}"
    )
    if not any(lane.metrics for lane in inside.values()):
        return  # not measured yet
    table = metrics_table(inside)
    columns = [key for key in columns if key in table]
    if not columns:
        st.info("No pixel in this rectangle has any of these numbers: nothing is known of it.")
        return
    _draw_table(table[columns], inside, REGION_TABLE)


def _draw_table(table: pd.DataFrame, lanes: Mapping[str, Lane], key: str) -> None:
    st.dataframe(
        table.style.apply(lambda column: _styles(column, lanes)),
        column_config={
            "_index": st.column_config.TextColumn("Lane", width=width_of(lanes)),
            **{name: _column(name, lanes) for name in table},
        },
        on_select=on_choice(key),
        selection_mode="single-cell",
        key=key,
        placeholder="-",
        alt=f"Metrics of every lane{' in the rectangle' if key == REGION_TABLE else ''}",
    )


def offer_new_times(pair: FramePair, runs: Sequence[Run], *, threads: int) -> None:
    """Say which times other work may have spoilt, and measure them again."""
    spoilt = [run for run in runs if run.job.state == "done" and _is_disturbed(run.job.result)]
    if not spoilt:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        shares = [run.job.result.estimate.timing.others for run in spoilt]
        st.caption(
            "Gray times: other work took up to "
            f"{100 * max(shares):.0f} % of this machine's processors meanwhile."
        )
        lanes = [run.lane for run in spoilt]
        st.button("Measure again", on_click=forget, args=(pair, lanes, threads))


def chosen_pixels(
    pair: FramePair, lanes: Mapping[str, Lane], box: Box | None = None
) -> tuple[str, BoolArray] | None:
    """The pixels that were chosen last, and what they are.

    A part of the Why card, a point of a chart, or what is behind a number of a table.
    """
    found = (
        lit_pixels(pair, lanes)
        or pixels_of_point(pair, lanes)
        or _pixels_of_cell(pair, lanes, TABLE)
    )
    if found or box is None:
        return found
    found = _pixels_of_cell(pair, lanes, REGION_TABLE)
    return found and (found[0], found[1] & box.mask(pair.size))


def _pixels_of_cell(
    pair: FramePair, lanes: Mapping[str, Lane], table: str
) -> tuple[str, BoolArray] | None:
    """What is behind the number that was clicked in a table."""
    cells = st.session_state.get(table, {}).get("selection", {}).get("cells", [])
    if not cells or not is_chosen(table):
        return None
    row, key = cells[0]
    if row >= len(lanes) or key in ("seconds", "threads"):
        return None
    title = list(lanes)[row]
    lane = lanes[title]
    try:
        if key.endswith("_common"):
            return f"{describe(key).label}", common_pixels(pair, lanes.values())
        mask = pixels_behind(key, lane.estimate.flow, pair, consistent=lane.consistent)
    except InputError as error:
        st.info(as_text(error))
        return None
    return f"{describe(key).label} of {title}", mask


def _column(key: str, lanes: Mapping[str, Lane]) -> object:
    if key == "seconds":
        return st.column_config.NumberColumn(
            "Time, s ↓",
            format="%.3f",
            help="Forward estimate alone, model loaded and warm: the shortest of up to three runs "
            "that together take no more than two seconds.",
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


def _styles(column: pd.Series, lanes: Mapping[str, Lane]) -> list[str]:
    """Bold where the column is at its best; grayed where other work may have cost time."""
    key = str(column.name)
    best = [] if key == "threads" else best_lanes(lanes, key)
    bold = [BEST if title in best else "" for title in column.index]
    if key != "seconds":
        return bold
    grayed = [DISTURBED if _is_disturbed(lane) else "" for lane in lanes.values()]
    return ["; ".join(filter(None, styles)) for styles in zip(bold, grayed, strict=True)]


def _is_disturbed(lane: Lane) -> bool:
    timing = lane.estimate.timing
    return timing is not None and timing.is_disturbed
