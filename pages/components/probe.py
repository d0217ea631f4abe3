"""The probe: why each lane says what it says at one pixel."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.features.dense import DenseMatching
from flowcore.ops.peaks import DEFAULT_TEMPERATURE
from flowcore.probe import Probed, probe_pixel
from flowcore.refinement import is_learnt
from flowcore.types import BoolArray, FramePair
from flowcore.viz.attention import attention_bar, marks_legend
from flowcore.viz.scale import Scale
from pages.components.attribution import show_attribution
from pages.components.channels import show_channels
from pages.components.charts import lane_colors
from pages.components.clip import Clip, at_shown_pair
from pages.components.results import show_lanes
from pages.components.runs import Run, start, watch
from pages.components.tasks import keep_stages, look_into_lane, map_matching
from pages.components.viewer import Picked

__all__ = ["restart_probe", "show_lanes_and_probe"]

TEMPERATURES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
LANES_PER_ROW = 4
MOST_LEVELS = 8  # of a far-sighted net of the size ladder
X, Y = "px", "py"
COLUMNS = {
    "u": ("u, px", "%.2f", "The lane's vector: px to the right."),
    "v": ("v, px", "%.2f", "The lane's vector: px down."),
    "epe": ("EPE, px ↓", "%.2f", "Distance of the lane's vector from the true one."),
    "best_u": ("argmax u, px", "%.1f", "From the middle of the pixel's cell to its best match."),
    "best_v": ("argmax v, px", "%.1f", "The same, px down."),
    "best_miss": ("argmax off by, px ↓", "%.1f", "Distance of that vector from the true one."),
    "expected_miss": (
        "soft-argmax off by, px ↓",
        "%.1f",
        "Distance of the mean match under the attention from the true one.",
    ),
    "entropy": ("entropy, bits ↓", "%.2f", "0 is sure; k means one of about 2^k cells."),
    "second": (
        "second peak, % ↓",
        "%.0f",
        "Share of the second peak over that of the best; near 100 the choice is a coin toss.",
    ),
    "cell": ("cell, px", "%.0f", "Width of what is compared: no argmax is finer."),
}


def restart_probe(pair: FramePair, runs: Sequence[Run], *, threads: int) -> None:
    """Repeat what failed or was cancelled, where a pixel is pinned."""
    if st.session_state.get(X) is not None:
        _start(pair, runs, threads=threads, again=True)


@st.fragment
def show_lanes_and_probe(
    pair: FramePair,
    runs: Sequence[Run],
    scale: Scale,
    marked: tuple[str, BoolArray] | None,
    *,
    clip: Clip | None,
    threads: int,
) -> None:
    """The viewer, and every lane's matching at the pixel that was clicked in it or typed.

    A click runs this part of the page alone. Of a clip, the pair that is shown is looked into.
    """
    above = st.container()
    inside = _maps(pair, _done(runs), threads=threads)
    with above:
        picked = show_lanes(pair, runs, scale, marked, inside=inside, clip=clip)
    pixel = _pixel(pair, picked)
    if pixel is None:
        return
    pair, runs = at_shown_pair(clip, pair, runs, threads=threads)
    done = _done(runs)
    looks, stages = _start(pair, done, threads=threads, again=False)
    watch([*looks.values(), *stages.values()], key="cancel-probe", say=st.info)
    level, temperature = _knobs()
    probed = {
        run.lane.title: probe_pixel(
            pair,
            run.job.result.estimate.flow,
            look.job.result,
            *pixel,
            refinement=_result(stages.get(run.lane.title)),
            temperature=temperature,
        )
        for run in done
        if (look := looks.get(run.lane.title)) is not None and look.job.state == "done"
    }
    _say_what_is_missing(done, looks)
    if probed:
        _show_lanes(pair, probed, level)
        _show_numbers(probed, level)
        _show_paths(probed)
        show_attribution(pair, done, pixel, threads=threads)
        done_looks = {t: run.job.result for t, run in looks.items() if run.job.state == "done"}
        show_channels(done_looks, pixel)


def _done(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.job.state == "done"]


def _maps(pair: FramePair, done: Sequence[Run], *, threads: int) -> dict[str, DenseMatching]:
    """The matching of every pixel of the lanes that have one, by title, where it is asked for."""
    if not st.toggle(
        "Maps of the matching",
        key="inside",
        bind="query-params",
        help="Layers of the viewer: entropy of the matching, second peak against the best, matches "
        "that are not mutual; and as lanes the argmax flow, in which every cell goes to its best "
        "match: what the matching alone knows.",
    ):
        return {}
    able = [run.lane for run in done if run.lane.flow is None and is_learnt(run.lane.config)]
    jobs = start(pair, able, threads=threads, task=map_matching)
    found: dict[str, DenseMatching] = watch(jobs, key="cancel-maps", say=st.info)
    if done and not able:
        st.info("No lane here compares features: classical methods are shown at single pixels.")
    return found


def _pixel(pair: FramePair, picked: Picked | None) -> tuple[int, int] | None:
    """The pinned pixel: the one just clicked, else the one typed."""
    height, width = pair.size
    if picked is not None:
        st.session_state[X], st.session_state[Y] = picked.x, picked.y
    for key, length in ((X, width), (Y, height)):
        if (st.session_state.get(key) or 0) >= length:  # of a larger pair
            st.session_state[key] = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x, y = (
            st.number_input(
                f"Probe {name}, px",
                0,
                length - 1,
                None,
                key=key,
                bind="query-params",
                width=130,
                placeholder="click",
                help="Click a pixel in the viewer, or type it, to see what each lane matched.",
            )
            for name, key, length in (("x", X, width), ("y", Y, height))
        )
        if x is None or y is None:
            st.caption("Click a pixel in the viewer to see why each lane says what it says there.")
            return None
        st.button("Clear", key="probe-clear", on_click=_clear)
    return int(x), int(y)


def _clear() -> None:
    st.session_state[X] = st.session_state[Y] = None


def _start(
    pair: FramePair, runs: Sequence[Run], *, threads: int, again: bool
) -> tuple[dict[str, Run], dict[str, Run]]:
    """The jobs that look into the lanes, and those that keep their stages, by title."""
    lanes = [run.lane for run in runs if run.lane.flow is None]
    looks = start(pair, lanes, threads=threads, again=again, task=look_into_lane)
    able = [lane for lane in lanes if is_learnt(lane.config)]
    stages = start(pair, able, threads=threads, again=again, task=keep_stages)
    return {run.lane.title: run for run in looks}, {run.lane.title: run for run in stages}


def _result(run: Run | None) -> object | None:
    return run.job.result if run is not None and run.job.state == "done" else None


def _knobs() -> tuple[int | None, float]:
    """The level, all for None, and the temperature."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = st.segmented_control(
            "Level",
            [*map(str, range(1, MOST_LEVELS + 1)), "all"],
            default="1",
            required=True,
            key="probe-level",
            bind="query-params",
            help="1 is the finest that sees all of the second frame, then coarser ones, then the "
            "windows around the flow. A lane with fewer levels shows its last one.",
        )
        temperature = st.select_slider(
            "Temperature",
            TEMPERATURES,
            DEFAULT_TEMPERATURE,
            key="probe-temperature",
            bind="query-params",
            width=260,
            help="The scores are divided by it before the softmax: low is sharp, high is even.",
        )
    return None if level == "all" else int(level) - 1, temperature


def _say_what_is_missing(done: Sequence[Run], looks: Mapping[str, Run]) -> None:
    for title in [run.lane.title for run in done if run.lane.title not in looks]:
        st.info(f"{title}: the flow of another tool; what it compared is not known.")


def _show_lanes(pair: FramePair, probed: Mapping[str, Probed], level: int | None) -> None:
    titles = list(probed)
    for begin in range(0, len(titles), LANES_PER_ROW):
        row = titles[begin : begin + LANES_PER_ROW]
        for column, title in zip(st.columns(max(3, len(row))), row, strict=False):
            with column:
                st.markdown(f"**{title}**")
                _show_lane(pair, title, probed[title], level)
    with st.container(horizontal=True, vertical_alignment="center"):
        keys = [key for key in probed[titles[0]].marks(0)]
        for picture, name in (
            (marks_legend(keys), "Marks"),
            (attention_bar(width=260), "Attention"),
        ):
            st.image(picture, width=picture.shape[1], alt=f"Legend: {name}")
    st.caption(
        "The second frame, brighter where the pixel's cell matches better; the pink line leads "
        "through the stages. Below each: the pixel in the first frame and where the final vector, "
        "the argmax of level 1 and the truth put it in the second."
    )


def _show_lane(pair: FramePair, title: str, probed: Probed, level: int | None) -> None:
    levels = range(len(probed.readings)) if level is None else [level]
    for number in levels:
        name = probed.reading(number).level
        for is_near, words in ((False, name), (True, "the same, near the pixel")):
            st.image(
                probed.attention(pair, number, is_near=is_near),
                words,
                width="stretch",
                alt=f"Attention of {title}: {words}",
            )
    st.image(probed.patches(pair), width="stretch", alt=f"{title}: patches of both frames")


def _show_numbers(probed: Mapping[str, Probed], level: int | None) -> None:
    rows = {title: found.row(level or 0) for title, found in probed.items()}
    table = pd.DataFrame(rows).T.rename_axis("lane").dropna(axis=1, how="all")
    st.dataframe(
        table,
        column_config={
            key: st.column_config.NumberColumn(label, format=form, help=words)
            for key, (label, form, words) in COLUMNS.items()
        },
        key="probe-table",
        alt="Matching of every lane at the pixel",
    )


def _show_paths(probed: Mapping[str, Probed]) -> None:
    """How far the vector was from the truth, or from its end, after each stage."""
    paths = {title: found for title, found in probed.items() if found.path}
    if not paths:
        return
    has_truth = any(found.truth is not None for found in paths.values())
    figure = go.Figure()
    for color, (title, found) in zip(cycle(lane_colors()), probed.items(), strict=False):
        if not found.path:
            continue
        end = found.truth or found.path[-1]
        figure.add_scatter(
            x=list(range(1, len(found.path) + 1)),
            y=[((u - end[0]) ** 2 + (v - end[1]) ** 2) ** 0.5 for u, v in found.path],
            customdata=found.path,
            hovertemplate="u %{customdata[0]:.2f}, v %{customdata[1]:.2f}: %{y:.2f} px",
            name=title,
            mode="lines+markers",
            line_color=color,
        )
    figure.update_xaxes(title_text="stage")
    figure.update_yaxes(
        title_text=f"px from the {'truth' if has_truth else 'final vector'} (lower is nearer)",
        rangemode="tozero",
    )
    figure.update_layout(height=260, margin={"t": 10, "b": 10, "l": 10, "r": 10}, showlegend=True)
    st.plotly_chart(figure, width="stretch", key="probe-paths", alt="The vector by stage")
