"""The part Tasks of the page Robustness: what errors of flow do to whoever drives by it."""

import io
import zipfile
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from flowcore.export.table import csv_of
from flowcore.io.frames import encode_frame
from flowcore.tasks.drive import Drive
from flowcore.tasks.film import FILMS
from flowcore.tasks.recipe import drive_command
from pages.components.drive_form import DriveChoice, choose_drive
from pages.components.drive_frame import show_frame
from pages.components.drive_results import done, draw_drives, scores_table, show_scores
from pages.components.drive_run import ask_drives, follow
from pages.components.failure_gallery import show_failures
from pages.components.surrogate_view import FILE, kept_surrogate, show_surrogate
from pages.components.takeaway import takeaway

__all__ = ["show_tasks"]

LABELS = {"webm": "WebM", "mp4": "MP4", "gif": "GIF"}


def show_tasks() -> None:
    """A drive from the settings to what can be taken away; surrogates; failures by themselves."""
    choice, is_pressed = choose_drive()
    if choice is None:
        return
    surrogate = kept_surrogate(choice) if choice.is_by_surrogate else None
    if choice.is_by_surrogate and surrogate is None:
        st.info("There is no surrogate yet to attack: switch on Teach surrogates below.")
    jobs = ask_drives(choice, surrogate, is_pressed=is_pressed)
    follow(jobs, lambda jobs: draw_drives(choice.course, jobs), key="drive")
    drives = done(jobs)
    if drives:
        show_scores(drives)
        _take_away(choice, drives)
    if choice.perturbation is not None and choice.perturbation.label in drives:
        show_frame(choice, drives[choice.perturbation.label])
    show_failures(choice, again=is_pressed)
    show_surrogate(choice, again=is_pressed)


def _take_away(choice: DriveChoice, drives: Mapping[str, Drive]) -> None:
    with st.container(horizontal=True):
        with st.popover("Films and frames"):
            for title, drive in drives.items():
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.caption(title, width="content")
                    for suffix, make in FILMS.items():
                        takeaway(
                            LABELS[suffix],
                            lambda make=make, drive=drive: make(drive),
                            f"drive.{suffix}",
                            key=f"film-{title}-{suffix}",
                        )
                    takeaway(
                        "Frames (ZIP)",
                        lambda drive=drive: _seen(drive),
                        "frames.zip",
                        key=f"frames-{title}",
                        help="As they were seen, PNG.",
                    )
        takeaway(
            "Table (CSV)", lambda: csv_of(scores_table(drives), index=True), "flowscope-drives.csv"
        )
        takeaway(
            "Every frame (CSV)",
            lambda: _frames(drives),
            "flowscope-frames.csv",
            help="Place, clearance, clearance ahead, commands and progress of every frame.",
        )
        with st.popover("Copy as command"):
            if choice.is_by_surrogate:
                st.caption(f"`{FILE}` is the surrogate below.")
            command = drive_command(
                choice.course, choice.algorithm, choice.lane, choice.perturbation,
                surrogate=FILE if choice.is_by_surrogate else None, threads=choice.threads,
            )  # fmt: skip
            st.code(command, "bash", wrap_lines=True)


def _seen(drive: Drive) -> bytes:
    """The frames as they were seen, named as ``flowcore task run --out`` names them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, frame in enumerate([drive.start, *(step.seen for step in drive.steps)]):
            archive.writestr(f"frame{number:03}.png", encode_frame(frame))
    return file.getvalue()


def _frames(drives: Mapping[str, Drive]) -> str:
    rows = [
        {"drive": title, **moment._asdict(), **moment.pose._asdict()}
        | {"steering_error": moment.steering_error}
        for title, drive in drives.items()
        for moment in drive.moments
    ]
    return csv_of(pd.DataFrame(rows).drop(columns="pose"))
