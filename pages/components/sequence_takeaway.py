"""What can be taken away from a sequence: numbers, the flow as a film, flow files."""

import shlex
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from flowcore.cost import format_bytes
from flowcore.export.files import file_stem
from flowcore.export.sequence import sequence_csv
from flowcore.knobs import flags_of
from flowcore.types import PipelineConfig
from pages.components.dataset_picker import Choice
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, watch
from pages.components.sequence_runs import (
    GRACE_SECONDS,
    TURN_SECONDS,
    Along,
    Stretch,
    key_of_work,
)
from pages.components.sequence_task import Glance, make_film, make_flow_files
from pages.components.sequence_timeline import speed_of
from pages.components.takeaway import takeaway
from pages.components.turns import ask_in_turns, gave_way, give_way
from pages.components.work import look

__all__ = ["sequence_command", "show_sequence_takeaways"]

MAX_FLOW_BYTES = 400_000_000  # of the flows in one ZIP, before they are packed
BYTES_PER_PIXEL = 8


def show_sequence_takeaways(
    choice: Choice,
    stretch: Stretch,
    lanes: Sequence[LaneChoice],
    found: Along,
    *,
    threads: int,
) -> None:
    """The numbers at once; a film and the flow files of a lane once they are made, as a job."""
    shown = {title: [one.score for one in along if isinstance(one, Glance)]
             for title, along in found.items()}  # fmt: skip
    by_title = {lane.title: lane for lane in lanes if lane.title in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        takeaway("Numbers (CSV)", lambda: sequence_csv(shown), "sequence.csv")
        title = st.selectbox(
            "Film and flow files of", list(by_title), key="sequence-lane", width=260
        )
        lane, stem = by_title[title], file_stem(title)
        film = title, speed_of(found)
        runs = [_offer("film (MP4)", f"{stem}.mp4", make_film, stretch, lane, threads,
                       *film)]  # fmt: skip
        num_bytes = _flow_bytes(found[title], stretch)
        if num_bytes > MAX_FLOW_BYTES:
            st.caption(
                f"The flow files would take {format_bytes(num_bytes)}, the most is "
                f"{format_bytes(MAX_FLOW_BYTES)}: take fewer pairs, or "
                "`flowcore evaluate ROOT --out FOLDER`.",
                width="content",
            )
        else:
            runs.append(_offer("flow files (ZIP)", f"{stem}_flows.zip", make_flow_files, stretch,
                               lane, threads))  # fmt: skip
        _show_commands(choice, stretch, list(by_title.values()), threads)
    known = [run for run in runs if run is not None]
    if any(not run.job.is_over for run in known):
        give_way(known, TURN_SECONDS)
    watch(known, key="cancel-files", again="the button")


def sequence_command(
    config: PipelineConfig, reel: str, begin: int, count: int, split: str, threads: int | None
) -> str:
    """What follows a lane along a part of a sequence in a terminal; ROOT stands for its folder.

    ``begin`` is the number of its first pair, from 1.
    """
    words = ["flowcore", "sequence", "ROOT", *(["--split", split] if split else [])]
    words += ["--name", reel, "--from", str(begin), "--pairs", str(count), *flags_of(config)]
    words += ["--threads", str(threads)] if threads else []
    return shlex.join([*words, "--csv", "sequence.csv"])


def _show_commands(
    choice: Choice, stretch: Stretch, lanes: Sequence[LaneChoice], threads: int
) -> None:
    with st.popover("Copy as command"):
        st.caption(
            "ROOT is the folder of the data set, or the video. `--mp4 FILE` and `--zip FILE` give "
            "film and flow files."
        )
        part = stretch.reel.name, stretch.begin + 1, stretch.count
        for lane in lanes:
            command = sequence_command(lane.config, *part, choice.split, threads)
            st.code(command, "bash", wrap_lines=True)


def _offer(
    label: str,
    name: str,
    task: Callable[..., Any],
    stretch: Stretch,
    lane: LaneChoice,
    *work: Any,
) -> Run | None:
    """A button that has the file made, in whose place it is offered then."""
    key = key_of_work(task.__name__, stretch, lane, *work)
    job = look(key)
    if job is not None and job.state == "done" and not gave_way(job):
        takeaway(label[0].upper() + label[1:], lambda: job.result.file, name)
        return None
    is_on_its_way = gave_way(job) or (job is not None and not job.is_over)
    pressed = st.button(f"Make {label}", key=name, disabled=is_on_its_way)
    whole = stretch.pairs, lane.config, *work
    job = ask_in_turns(key, task, *whole, pressed=pressed, grace=GRACE_SECONDS)
    return Run(LaneChoice(f"The {label}", lane.config), job) if job is not None else None


def _flow_bytes(along: Sequence[object], stretch: Stretch) -> int:
    density = [one.score.metrics["density"].num_pixels for one in along if isinstance(one, Glance)]
    return BYTES_PER_PIXEL * max(density, default=0) * stretch.count
