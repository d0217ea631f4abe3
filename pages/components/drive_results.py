"""What came of drives: film, the way from above, both curves, and the task's metrics."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from flowcore.io.frames import encode_frame
from flowcore.jobs.job import Job
from flowcore.tasks.metrics import Moment, Score
from flowcore.tasks.world import build_world
from flowcore.tasks.world_camera import CAMERA, true_flow
from flowcore.tasks.world_course import Course
from flowcore.tasks.world_plan import plan_of
from flowcore.viz.flow_color import flow_to_color, shared_max_magnitude
from pages.components.drive_figures import clearance_figure, plan_figure, steering_figure
from pages.components.drive_run import CLEAN, TRUE

__all__ = ["done", "draw_drives", "scores_table", "show_scores"]

METRICS = {
    "least_clearance": (
        "Least clearance, m ↑",
        "%.3f",
        "M of the course: the least room between the vehicle's edge and a wall or pillar. Higher "
        "is better; at 0 or below it has touched.",
    ),
    "mean_ahead": (
        "Clearance ahead, m ↑",
        "%.3f",
        "Mean over the frames of the least clearance if the command were kept for 15 frames: what "
        "attacks make small. Higher is better.",
    ),
    "steering_error": (
        "Steering error, deg ↓",
        "%.2f",
        "Mean distance of the command from that of the same algorithm with the true flow at the "
        "same place, degrees a frame. Lower is better.",
    ),
    "progress": (
        "Progress, % ↑",
        "%.0f",
        "Of the 5 m from start to goal, the furthest point reached. Higher is better.",
    ),
    "num_frames": ("Frames", "%d", "That the drive took, or until it ended."),
    "seconds": ("Time, s", "%.1f", "On this machine, perturbations included."),
}
OUTCOMES = {"arrived": "arrives", "late": "is late"}


def done(jobs: Mapping[str, Job]) -> dict[str, Any]:
    """The drives that are over, by title."""
    return {title: job.result.drive for title, job in jobs.items() if job.state == "done"}


def draw_drives(course: Course, jobs: Mapping[str, Job]) -> None:
    """The course at once; then every drive as far as it is, as film, from above, and as curves."""
    ways = {title: moments for title, job in jobs.items() if (moments := _moments(job))}
    left, right = st.columns([2, 1], gap="medium")
    with left:
        _show_picture(course, jobs)
    figure = plan_figure(course, ways)
    right.plotly_chart(figure, width="stretch", key="drive-plan", alt="The course from above")
    if not ways:
        return
    for column, draw, name in zip(
        st.columns(2, gap="medium"),
        (clearance_figure, steering_figure),
        ("Clearance", "Steering"),
        strict=True,
    ):
        column.plotly_chart(
            draw(ways), width="stretch", key=f"drive-{name}", alt=f"{name} of every frame"
        )


def show_scores(drives: Mapping[str, Any]) -> None:
    """What the perturbation did in a sentence, and a row for each drive."""
    st.markdown(_verdict({title: drive.score for title, drive in drives.items()}))
    for title, drive in drives.items():
        if drive.is_stopped:
            st.info(f"{title}: stopped after frame {drive.score.num_frames}; press Drive to begin "
                    "anew.")  # fmt: skip
    table = scores_table(drives)
    st.dataframe(
        table,
        column_config={
            "outcome": st.column_config.TextColumn(
                "Outcome", help="Late: neither arrived nor collided in twice the time it takes."
            ),
            **{
                name: st.column_config.NumberColumn(label, format=form, help=about)
                for name, (label, form, about) in METRICS.items()
            },
        },
        alt="Metrics of the task for every drive",
    )


def scores_table(drives: Mapping[str, Any]) -> pd.DataFrame:
    """The numbers of `METRICS` by the title of the drive."""
    rows = {
        title: drive.score.as_json() | {"seconds": drive.seconds} for title, drive in drives.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index")[["outcome", *METRICS]]
    return table.assign(progress=100 * table["progress"])


def _verdict(scores: Mapping[str, Score]) -> str:
    """How each drive ends, in a sentence each."""
    words = {TRUE: "With the true flow it", CLEAN: "With the estimated flow it"}
    return " ".join(
        f"{words.get(title, f'Under {title} it')} "
        + (
            f"collides at frame {score.num_frames}."
            if score.outcome == "collided"
            else f"{OUTCOMES[score.outcome]}, with {score.least_clearance:.2f} m to spare."
        )
        for title, score in scores.items()
    )


def _moments(job: Job) -> tuple[Moment, ...]:
    """The frames of a drive as far as it is."""
    if job.state == "done":
        return job.result.drive.moments
    return job.partial.moments if job.partial is not None else ()


def _show_picture(course: Course, jobs: Mapping[str, Job]) -> None:
    """The film; of a drive on its way its last frame and flow; before that, the start."""
    active = [title for title, job in jobs.items() if not job.is_over]
    films = {title: job.result.film for title, job in jobs.items() if job.state == "done"}
    live = next((title for title in active if jobs[title].partial is not None), None)
    if live is not None:
        now = jobs[live].partial
        both = np.concatenate([now.seen, now.flow], 1)
        words = f"{live}, frame {now.moments[-1].number}: as it is seen, and its flow"
        st.image(encode_frame(both), words, width="stretch", alt=words)
    elif active or not films:
        words = f"{course.label.capitalize()}: what is seen at the start, and its true flow"
        st.image(_start(course), words, width="stretch", alt=words)
    else:
        _show_film(films)


def _show_film(films: Mapping[str, bytes]) -> None:
    # The same word in the address whatever the perturbation is.
    names = {title if title in (CLEAN, TRUE) else "perturbed": title for title in films}
    name = st.segmented_control(
        "Film",
        list(names),
        default=list(names)[-1],
        format_func=names.get,
        required=True,
        key="drive-film",
        bind="query-params",
        label_visibility="collapsed",
    )
    film = films[names[name]]
    st.video(film, format="video/webm", loop=True, autoplay=True, muted=True, width="stretch")
    st.caption("The frame as it is seen, the flow to it from the last one, and the way from above.")


@st.cache_data(max_entries=16, show_spinner=False)
def _start(course: Course) -> bytes:
    view = build_world(course).view(plan_of(course).start)
    flow = true_flow(view.depth, CAMERA, forward=course.speed, yaw=0.0)
    shown = flow_to_color(flow, max_magnitude=shared_max_magnitude([flow]))
    return encode_frame(np.concatenate([view.frame, shown], 1))
