"""The surrogate: one net in place of flow net, algorithm and metric, and where it is believed."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.tasks.recipe import surrogate_command
from flowcore.tasks.surrogate import SURROGATES, surrogate_bytes
from flowcore.tasks.surrogate_scores import SurrogateScore, r_squared
from flowcore.tasks.surrogate_study import Study
from flowcore.tasks.surrogate_training import Lesson
from flowcore.tasks.world_course import SEEN_LAYOUTS, UNSEEN_LAYOUTS
from pages.components.charts import lane_colors
from pages.components.drive_form import DriveChoice, replay
from pages.components.drive_run import follow, lane_key
from pages.components.drive_task import teach_surrogates
from pages.components.takeaway import takeaway
from pages.components.words import as_text
from pages.components.work import ask, look

__all__ = ["FILE", "kept_surrogate", "show_surrogate"]

FILE = "surrogate.safetensors"
KIND = "together"  # the one that is attacked
RIVALS = {"constant": "always the mean", "mean_flow": "linear in the mean flow"}
LESSON_GRACE_SECONDS = 120  # a lesson is worth more than a drive
SHOWN = 4  # frames on which it is sure and wrong
DEFAULTS = {"courses": 12, "unseen": 6, "epochs": 8}


def kept_surrogate(choice: DriveChoice) -> tuple[str, Any] | None:
    """The key and the net of the surrogate that was taught here for this drive, if there is one."""
    numbers = {name: st.session_state.get(f"teach-{name}", usual)
               for name, usual in DEFAULTS.items()}  # fmt: skip
    job = look(_key(choice, _lesson(numbers), numbers["unseen"]))
    if job is None or job.state != "done":
        return None
    return job.key, job.result.surrogates[KIND]


def show_surrogate(choice: DriveChoice, *, again: bool) -> None:
    """The lesson when it is switched on, and how good the surrogates are on layouts not seen."""
    st.subheader("A surrogate for net, algorithm and metric")
    if not st.toggle(
        "Teach surrogates",
        key="teach",
        bind="query-params",
        help="Small nets learn to guess from two frames, or from the flow, what the clearance "
        "ahead will be: from drives under noise, then from drives attacked through the first "
        f"one. They learn on {', '.join(SEEN_LAYOUTS)} and are judged on "
        f"{', '.join(UNSEEN_LAYOUTS)}.",
    ):
        return
    numbers = _numbers()
    lesson, num_unseen = _lesson(numbers), numbers["unseen"]
    job = ask(
        _key(choice, lesson, num_unseen), teach_surrogates, choice.algorithm, choice.lane, lesson,
        num_unseen, choice.threads, again=again, grace=LESSON_GRACE_SECONDS,
    )  # fmt: skip
    if job is None:
        return
    follow({"lesson": job}, key="teach", can_stop=False)
    if job.state != "done":
        return
    study: Study = job.result
    st.caption(
        f"{as_text(choice.lane_title)}, {choice.algorithm}: learnt from {study.num_seen} frames of "
        f"{', '.join(SEEN_LAYOUTS)}; judged on {len(study.truths)} frames of "
        f"{', '.join(UNSEEN_LAYOUTS)}, which none of them has seen."
    )
    st.markdown(_verdict(study))
    score = _choose_score(study)
    left, right = st.columns(2, gap="medium")
    figure = _scatter(study, score)
    left.plotly_chart(figure, width="stretch", key="surrogate-scatter", alt="Guess against truth")
    with right:
        _show_doubts(score)
    _show_table(study)
    _take_away(study, choice, lesson, num_unseen)


def _numbers() -> dict[str, int]:
    labels = {
        "courses": ("Courses to learn from", 2, 96),
        "unseen": ("Courses to judge by", 3, 48),
        "epochs": ("Epochs", 1, 40),
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        return {
            name: st.number_input(
                label, low, high, DEFAULTS[name], key=f"teach-{name}", bind="query-params",
                width=170,
            )
            for name, (label, low, high) in labels.items()
        }  # fmt: skip


def _lesson(numbers: dict[str, int]) -> Lesson:
    return Lesson(num_courses=numbers["courses"], epochs=numbers["epochs"])


def _key(choice: DriveChoice, lesson: Lesson, num_unseen: int) -> str:
    parts = (choice.algorithm, lane_key(choice.lane), lesson, num_unseen, choice.threads)
    return f"surrogate:{hashlib.sha256(repr(parts).encode()).hexdigest()}"


def _label(name: str) -> str:
    return SURROGATES[name].label if name in SURROGATES else RIVALS[name]


def _choose_score(study: Study) -> SurrogateScore:
    names = [score.name for score in study.scores]
    name = st.selectbox(
        "Shown", names, format_func=_label, key="surrogate", bind="query-params", width=340
    )
    return next(score for score in study.scores if score.name == name)


def _layouts(study: Study) -> np.ndarray:
    return np.array([course.layout for course, _ in study.places])


def _verdict(study: Study) -> str:
    """Which guesses most of the clearance ahead, and whether that is worth anything."""
    learnt, rivals = (
        max(
            (score for score in study.scores if (score.name in SURROGATES) == is_learnt),
            key=lambda score: score.r2,
        )
        for is_learnt in (True, False)
    )
    if learnt.r2 <= max(rivals.r2, 0):
        worth = "so that it is not to be believed there; more courses to learn from may help"
    else:
        worth = "so that it knows more than they do"
    return (
        f"R2 of the clearance ahead is {learnt.r2:.2f} for the best surrogate "
        f"({_label(learnt.name)}) and {rivals.r2:.2f} for the best simple guess "
        f"({_label(rivals.name)}), {worth}."
    )


def _scatter(study: Study, score: SurrogateScore) -> go.Figure:
    """The truth over the guess, a color for each layout; the diagonal is where they agree."""
    truths, guesses, layouts = np.array(study.truths), np.array(score.guesses), _layouts(study)
    figure = go.Figure()
    for layout, color in zip(UNSEEN_LAYOUTS, lane_colors(), strict=False):
        own = layouts == layout
        figure.add_scatter(
            x=guesses[own],
            y=truths[own],
            customdata=[
                f"{course.label}, frame {number}" for course, number in study.places
                if course.layout == layout
            ],
            name=layout,
            mode="markers",
            marker={"color": color, "size": 5, "opacity": 0.6},
            hovertemplate="%{customdata}: guessed %{x:.2f} m, is %{y:.2f} m",
        )  # fmt: skip
    ends = np.array([min(truths.min(), guesses.min()), max(truths.max(), guesses.max())])
    lines = {"guess is right": (ends, "gray", "dot")}
    if score.calibration is not None:
        line = score.calibration.intercept + score.calibration.slope * ends
        lines["fit of the truth"] = (line, lane_colors()[len(UNSEEN_LAYOUTS)], "solid")
    for name, (line, color, dash) in lines.items():
        figure.add_scatter(x=ends, y=line, name=name, mode="lines", hoverinfo="skip",
                           line={"color": color, "dash": dash, "width": 1.5})  # fmt: skip
    figure.update_xaxes(title_text="guessed clearance ahead, m")
    figure.update_yaxes(title_text="true clearance ahead, m")
    figure.update_layout(
        height=380,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.2},
    )
    return figure


def _show_doubts(score: SurrogateScore) -> None:
    """Where it is sure and wrong, each to be replayed."""
    if not score.doubts:
        st.caption("It claims no interval, so that it is never sure.")
        return
    st.markdown("**Sure and wrong**: the largest errors where it claims to be surest")
    for number, doubt in enumerate(score.doubts[:SHOWN]):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.caption(
                f"{doubt.course.label}, frame {doubt.number}: guessed {doubt.guess:.2f} ± "
                f"{doubt.sigma:.2f} m, is {doubt.truth:.2f} m"
            )
            st.button("Replay", key=f"doubt-{number}", on_click=replay, args=(doubt.course,))


def _show_table(study: Study) -> None:
    """A row for each surrogate and rival, the layouts apart."""
    truths, layouts = np.array(study.truths), _layouts(study)
    rows: dict[str, dict[str, float | None]] = {}
    for score in study.scores:
        guesses, line = np.array(score.guesses), score.calibration
        rows[_label(score.name)] = {
            "r2": score.r2,
            **{
                layout: r_squared(guesses[layouts == layout], truths[layouts == layout])
                for layout in UNSEEN_LAYOUTS
            },
            "error": score.mean_error,
            "turn": score.turn_r2,
            "slope": line and line.slope,
            **{percent: line and line.coverage[percent] for percent in ("50", "80", "95")},
        }
    about = "Share of the variance that is explained: 1 at best, 0 for the mean. Higher is better."
    labels = {
        "r2": ("R2 ↑", "%.3f", f"Of the clearance ahead, all layouts. {about}"),
        **{name: (f"R2, {name} ↑", "%.3f", about) for name in UNSEEN_LAYOUTS},
        "error": ("Error, m ↓", "%.3f", "Mean distance from the truth. Lower is better."),
        "turn": ("R2 of the command ↑", "%.3f", about),
        "slope": ("Slope", "%.2f", "Of the line that the truth follows over the guess; 1 at best."),
        **{
            percent: (f"Within {percent} %", "%.0f", f"Truths in the interval that is claimed to "
                      f"hold {percent} % of them; {percent} at best.")
            for percent in ("50", "80", "95")
        },
    }  # fmt: skip
    st.dataframe(
        pd.DataFrame.from_dict(rows, orient="index"),
        column_config={
            name: st.column_config.NumberColumn(label, format=form, help=words)
            for name, (label, form, words) in labels.items()
        },
        placeholder="-",
        alt="How good surrogates and rivals are on layouts not seen",
    )


def _take_away(study: Study, choice: DriveChoice, lesson: Lesson, num_unseen: int) -> None:
    with st.container(horizontal=True):
        takeaway("Guesses (CSV)", lambda: _guesses(study), "flowscope-surrogates.csv")
        takeaway(
            "Surrogate (safetensors)",
            lambda: surrogate_bytes(study.surrogates[KIND]),
            FILE,
            help="Algorithm and metric from the frames; `flowcore task attack --surrogate` "
            "takes it.",
        )
        with st.popover("The lesson as a command"):
            command = surrogate_command(
                choice.algorithm, choice.lane, lesson, num_unseen=num_unseen,
                threads=choice.threads, out=FILE,
            )  # fmt: skip
            st.code(command, "bash", wrap_lines=True)


def _guesses(study: Study) -> str:
    courses: Sequence[dict[str, Any]] = [
        course.as_json() | {"frame": number} for course, number in study.places
    ]
    table = pd.DataFrame(courses).assign(truth=study.truths)
    for score in study.scores:
        table[score.name] = score.guesses
    return csv_of(table)
