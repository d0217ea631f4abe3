"""Where an algorithm fails though nobody attacks: courses by search, in groups, replayable."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.io.frames import encode_frame
from flowcore.tasks.failures import Group, Trial, failure_rates, group_failures
from flowcore.tasks.film import draw_end
from flowcore.tasks.recipe import failures_command
from flowcore.tasks.steering import ALGORITHMS
from flowcore.tasks.world_course import LAYOUTS
from pages.components.drive_form import DriveChoice, replay
from pages.components.drive_run import follow, lane_key
from pages.components.drive_task import find_failures
from pages.components.takeaway import takeaway
from pages.components.words import as_text
from pages.components.work import ask

__all__ = ["show_failures"]

SHOWN = 4  # of a group; the others are in the table
LAST = 5  # frames before the end whose steering is told
OUTCOMES = {"collided": "Collides", "late": "Is late"}


def show_failures(choice: DriveChoice, *, again: bool) -> None:
    """The search when it is switched on, and what it found."""
    st.subheader("Where it fails by itself")
    if not st.toggle(
        "Search for failures",
        key="search",
        bind="query-params",
        help="Drives through many courses unperturbed: half of them spread evenly, half near those "
        "that did worst. What fails is driven once more with the true flow.",
    ):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = st.number_input(
            "Courses", 4, 256, 16, 8, key="trials", bind="query-params", width=130
        )
        layouts = st.multiselect(
            "Layouts", list(LAYOUTS), list(LAYOUTS), key="layouts", bind="query-params", width=520
        )
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="search-seed", bind="query-params",
                               width=110)  # fmt: skip
    if not layouts:
        st.info("Choose a layout or two.")
        return
    parts = (choice.algorithm, lane_key(choice.lane), count, layouts, seed, choice.threads)
    key = f"failures:{hashlib.sha256(repr(parts).encode()).hexdigest()}"
    given = (choice.algorithm, choice.lane, count, tuple(layouts), seed, choice.threads)
    job = ask(key, find_failures, *given, again=again)
    if job is None:
        return
    follow({"search": job}, key="search")
    if job.state != "done":
        return
    _show_gallery(job.result, choice, count)
    _take_away(job.result, failures_command(
        choice.algorithm, choice.lane, num_trials=count, layouts=layouts, seed=seed,
        threads=choice.threads,
    ))  # fmt: skip


def _show_gallery(trials: Sequence[Trial], choice: DriveChoice, wanted: int) -> None:
    groups = group_failures(trials)
    failed = sum(len(group.trials) for group in groups)
    stopped = f" Stopped early: {wanted} were wanted." if len(trials) < wanted else ""
    by_flow = sum(trial.blame == "flow" for trial in trials)
    label = ALGORITHMS[choice.algorithm].label
    st.markdown(
        f"**{label}** by {as_text(choice.lane_title)}: {failed} of {len(trials)} courses fail. "
        f"With the true flow {by_flow} of these arrive: there the flow is to blame, else the "
        f"algorithm.{stopped}"
    )
    for number, group in enumerate(groups):
        _show_group(group, number)
    if groups:
        _show_rates(trials[: (wanted + 1) // 2])


def _show_group(group: Group, number: int) -> None:
    st.markdown(f"**{group.label}**: {len(group.trials)}, the most typical first")
    with st.grid(4, min_column_width=220):
        for place, trial in enumerate(group.trials[:SHOWN]):
            with st.container(border=True):
                key = hashlib.sha256(repr((trial.course, trial.moments)).encode()).hexdigest()
                why = _why(trial)
                st.image(_thumbnail(key, trial), width="stretch", alt=why)
                st.caption(why)
                st.button(
                    "Replay",
                    key=f"replay-{number}-{place}",
                    on_click=replay,
                    args=(trial.course,),
                    help="Puts this course into the form above, and drives through it.",
                )


def _why(trial: Trial) -> str:
    """How it ends, whose fault it is, and how the last commands were off."""
    score, moments = trial.score, trial.moments[-LAST:]
    where = f"{OUTCOMES[score.outcome]} at frame {score.num_frames}, {100 * score.progress:.0f} %"
    off = sum(moment.turn - moment.true_turn for moment in moments) / len(moments)
    side = "right" if off > 0 else "left"
    blame = {
        "flow": "With the true flow it arrives.",
        "algorithm": "With the true flow it fails too.",
    }[trial.blame]
    return (
        f"{trial.course.label}: {where} of the way. {blame} In the end it steers {abs(off):.1f} "
        f"degrees a frame further {side} than the true flow says."
    )


@st.cache_data(max_entries=256, show_spinner=False)
def _thumbnail(key: str, _trial: Trial) -> bytes:
    return encode_frame(draw_end(_trial.course, _trial.moments), format="jpeg", quality=90)


def _show_rates(trials: Sequence[Trial]) -> None:
    """How often it fails where, among the courses that are spread evenly."""
    rows = [
        {"what": name.replace("_", " "), "part": part, "failed": failed, "tried": tried}
        for name, parts in failure_rates(trials).items()
        for part, (failed, tried) in sorted(parts.items())
    ]
    with st.expander("How often, among the courses that are spread evenly"):
        st.dataframe(
            pd.DataFrame(rows),
            column_config={
                "what": "Number",
                "part": st.column_config.TextColumn("Which", help="Thirds of its range."),
                "failed": st.column_config.NumberColumn("Failed ↓"),
                "tried": "Tried",
            },
            hide_index=True,
            alt="Failures by layout and by thirds of each range",
        )


def _take_away(trials: Sequence[Trial], command: str) -> None:
    rows: list[dict[str, Any]] = [
        trial.course.as_json() | trial.score.as_json() | {"blame": trial.blame} for trial in trials
    ]
    with st.container(horizontal=True):
        takeaway(
            "Courses (CSV)",
            lambda: csv_of(pd.DataFrame(rows)),
            "flowscope-failures.csv",
        )
        with st.popover("The search as a command"):
            st.code(command, "bash", wrap_lines=True)
