"""One corruption: both frames, every lane's flows, and how much worse they are by severity."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.io.frames import encode_frame
from flowcore.robustness.corruptions.sweep import CorruptionPoint
from flowcore.robustness.recipe import corrupt_command
from flowcore.types import FramePair, PipelineConfig
from pages.components.corruption_form import CorruptionChoice
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, ask_lanes, wait_a_moment, watch
from pages.components.stress_export import offer_everything
from pages.components.stress_lanes import StressLanes
from pages.components.stress_task import corrupt_pair, sweep_corruptions
from pages.components.stress_viewer import HELP, show_shifts, show_two_flows
from pages.components.takeaway import takeaway
from pages.components.work import ask

__all__ = ["LABELS", "show_corruption", "show_curves", "take_points_away"]

LABELS = {"epe": "EPE, px", "shift": "flow shift, px"}


def show_corruption(pair: FramePair, chosen: StressLanes, choice: CorruptionChoice) -> bool:
    """Frames, flows and figures of one severity; whether there are any, so that more can follow."""
    corrupted = _corrupted(pair, choice, again=chosen.again)
    if corrupted is None:
        return False
    with st.grid(3, min_column_width=170):
        for one, name, how in (
            (pair, "first", "as it is"),
            (corrupted, "first", choice.label),
            (corrupted, "second", choice.label),
        ):
            caption = f"{name.capitalize()} frame, {how}"
            picture = _picture(one.digest, name, one)
            st.image(picture, caption, width="stretch", alt=caption)
    flows, _ = show_two_flows(pair, corrupted, chosen, "corrupted")
    if flows:
        show_shifts(pair, flows, "corrupted")
        offer_everything(pair, corrupted, chosen, flows, "corrupted")
    return True


def show_curves(pair: FramePair, chosen: StressLanes, choice: CorruptionChoice) -> None:
    """Error and shift of every lane over severity, the chosen one marked."""
    name = f"curve:{choice.kind}:{choice.mode}:{choice.seed}"
    kinds = (choice.kind,)
    runs = ask_lanes(
        name, sweep_corruptions, pair, chosen.lanes, kinds, choice.mode, choice.seed,
        threads=chosen.threads, again=chosen.again,
    )  # fmt: skip
    st.subheader("By severity")
    curves = watch(wait_a_moment(runs), key="cancel-curves", again="Run again")
    if not curves:
        return
    shown = _choose_number(pair, "curve")
    figure = go.Figure()
    for title, points in curves.items():
        figure.add_scatter(
            x=[point.severity for point in points],
            y=[getattr(point, shown) for point in points],
            name=title,
            mode="lines+markers",
            line_color=chosen.colors[title],
            hovertemplate="%{y:.3f} px",
        )
    figure.add_vline(choice.severity, line={"dash": "dot", "width": 1, "color": "gray"})
    figure.update_xaxes(title_text="severity; 0 is the pair as it is", dtick=1)
    figure.update_yaxes(title_text=f"{LABELS[shown]} (lower is better)", rangemode="tozero")
    figure.update_layout(
        height=320,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.25},
        showlegend=True,
    )
    st.plotly_chart(figure, width="stretch", key="curve", alt=f"{LABELS[shown]} by severity")
    take_points_away("Curves", pair, chosen, curves, (choice.kind,), choice.mode, choice.seed)


def _corrupted(pair: FramePair, choice: CorruptionChoice, *, again: bool) -> FramePair | None:
    """The corrupted pair; None, with a word why, while there is none."""
    kind, severity, mode, _, seed = choice
    key = f"corrupt:{pair.digest}:{kind}:{severity}:{mode}:{seed}"
    job = ask(key, corrupt_pair, pair, kind, severity, mode, seed, again=again)
    if job is None:
        return None
    frames = LaneChoice("Corrupted frames", PipelineConfig("frames"))
    runs = wait_a_moment([Run(frames, job)])
    return watch(runs, key="cancel-frames", again="Run again").get(frames.title)


@st.cache_data(max_entries=16, show_spinner=False)
def _picture(digest: str, name: str, _pair: FramePair) -> bytes:
    """As a file, made once and not at every run of the page."""
    return encode_frame(getattr(_pair, name), format="jpeg", quality=95)


def _choose_number(pair: FramePair, key: str) -> str:
    names = list(LABELS) if pair.truth is not None else ["shift"]
    return st.segmented_control(
        "Shown",
        names,
        default=names[0],
        format_func=LABELS.get,
        required=True,
        key=f"{key}-shown",
        help=" ".join(HELP[name] for name in names),
    )


def take_points_away(
    what: str,
    pair: FramePair,
    chosen: StressLanes,
    points: Mapping[str, Sequence[CorruptionPoint]],
    kinds: Sequence[str],
    mode: str,
    seed: int,
) -> None:
    """The points of every lane as CSV, and the command that measures them; no kinds are all."""
    table = pd.DataFrame(
        {"lane": title, **point._asdict()} for title, some in points.items() for point in some
    )
    with st.container(horizontal=True):
        takeaway(
            f"{what} (CSV)",
            lambda: csv_of(table),
            f"flowscope-{'-'.join(kinds) or 'corruptions'}.csv",
        )
        with st.popover(f"{what} as a command"):
            st.caption("The folder `pair` as `flowcore sample` writes it; `--out` takes frames.")
            command = corrupt_command(
                [lane.config for lane in chosen.lanes],
                kinds,
                mode=mode,
                seed=seed,
                has_truth=pair.truth is not None,
                threads=chosen.threads,
            )
            st.code(command, "bash", wrap_lines=True)
