"""A short clip: the pairs after the chosen one, with the flow of every lane, for the viewer.

The page is about the chosen pair; the viewer tells which of the clip's it shows (`set_shown_pair`).
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import streamlit as st

from flowcore.errors import FlowcoreError
from flowcore.jobs.job import Job
from flowcore.lane import estimate_key
from flowcore.types import FramePair, PipelineConfig, UInt8Array
from pages.components.clip_task import PackedPair, estimate_clip
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, start, watch
from pages.components.words import as_text
from pages.components.work import ask, look

__all__ = ["Clip", "Film", "at_shown_pair", "play_clip", "remember_film", "set_shown_pair"]

MAX_PAIRS = 24
MAX_PIXELS = 25_000_000  # of all pairs together
_FILM, _SHOWN = "film", "clip-shown"


@dataclass(frozen=True)
class Film:
    """Frames in a row, two of which are looked at.

    Parameters
    ----------
    name : str
        Tells its frames from those of all other films.
    num_frames : int
    chosen : (int, int)
        The indices of the two.
    load : callable
        Gives the frames of some indices.
    """

    name: str
    num_frames: int
    chosen: tuple[int, int]
    load: Callable[[Sequence[int]], Sequence[UInt8Array]]

    def indices(self, num_pairs: int) -> tuple[int, ...]:
        """The frames of so many pairs, the chosen one first."""
        first, second = self.chosen
        return tuple(first + i * (second - first) for i in range(num_pairs + 1))

    @property
    def num_pairs(self) -> int:
        """From the chosen one to the end."""
        first, second = self.chosen
        return (self.num_frames - 1 - first) // (second - first)


@dataclass(frozen=True)
class Clip:
    """Pairs to play in the viewer, the page's own first.

    Parameters
    ----------
    labels : sequence of str
        What each pair is.
    packed : sequence of PackedPair
        Those after the first, with the flow of every lane.
    load : callable
        Gives the pair of that number.
    """

    labels: Sequence[str]
    packed: Sequence[PackedPair]
    load: Callable[[int], FramePair]


def remember_film(film: Film | None) -> None:
    """What the pair of this run was chosen from, if it was from more than two frames."""
    st.session_state[_FILM] = film


def set_shown_pair(number: object) -> None:
    """Take over which pair of the clip the viewer shows."""
    st.session_state[_SHOWN] = number if isinstance(number, int) else 0


def play_clip(
    pair: FramePair, lanes: Sequence[LaneChoice], *, threads: int, again: bool
) -> Clip | None:
    """The clip that was asked for, once all its pairs are estimated."""
    film: Film | None = st.session_state.get(_FILM)
    if film is None or film.num_pairs < 2:
        return None
    num_pairs = _num_pairs(film, math.prod(pair.size))
    if num_pairs < 2:
        return None
    if all(lane.flow for lane in lanes):
        st.info("Nothing is played: the flow of another tool is that of one pair.")
        return None
    indices = film.indices(num_pairs)
    try:
        job = _ask(pair, film, indices, lanes, threads, again=again)
    except FlowcoreError as error:
        st.error(as_text(error))
        return None
    if job is None:
        return None
    run = Run(LaneChoice("Clip", PipelineConfig("clip")), job)
    packed: list[PackedPair] | None = watch([run], key="cancel-clip").get("Clip")
    if packed is None:
        return None
    if still := [lane.title for lane in lanes if lane.flow]:
        st.info(f"A flow file is that of one pair: {', '.join(still)} is gray in those after it.")
    labels = [f"frames {first} and {second}" for first, second in pairwise(indices)]
    return Clip(labels, packed, partial(_pair_of, film, indices))


def at_shown_pair(
    clip: Clip | None, pair: FramePair, runs: Sequence[Run], *, threads: int
) -> tuple[FramePair, Sequence[Run]]:
    """The pair that the viewer shows, with the lanes on it: the page's own, or one of the clip.

    A flow file is of the page's own pair alone.
    """
    number = st.session_state.get(_SHOWN, 0)
    if clip is None or not 0 < number < len(clip.labels):
        return pair, runs
    st.caption(f"Of {clip.labels[number]}.")
    try:
        shown = clip.load(number)
    except FlowcoreError as error:
        st.error(as_text(error))
        return pair, []
    lanes = [run.lane for run in runs if run.lane.flow is None]
    found = start(shown, lanes, threads=threads)
    watch(found, key="cancel-clip-pair")
    return shown, found


def _pair_of(film: Film, indices: Sequence[int], number: int) -> FramePair:
    return FramePair(*film.load(indices[number : number + 2]))


def _num_pairs(film: Film, pixels: int) -> int:
    """As many as are asked for and can be had; it is said where these are fewer."""
    label = "Pairs to play in the viewer"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(label, width="content")
        wanted = st.number_input(
            label,
            1,
            MAX_PAIRS,
            1,
            key="clip",
            bind="query-params",
            width=150,
            label_visibility="collapsed",
        )
        st.caption(
            f"This one and those after it; up to {MAX_PAIRS}, and {MAX_PIXELS // 1_000_000} "
            "million pixels in all.",
            width="content",
        )
    affordable = max(1, MAX_PIXELS // pixels)
    num_pairs = min(wanted, film.num_pairs, affordable)
    if num_pairs < wanted:
        end = f"{MAX_PIXELS // 1_000_000} million pixels are the most that is played"
        why = end if affordable < film.num_pairs else "the frames end there"
        st.info(f"{num_pairs} of {wanted} pairs can be played: {why}.")
    return num_pairs


def _ask(
    pair: FramePair,
    film: Film,
    indices: tuple[int, ...],
    lanes: Sequence[LaneChoice],
    threads: int,
    *,
    again: bool,
) -> Job | None:
    """The job of the pairs after the first; frames are read only where it is not known yet."""
    lane_keys = [
        (lane.title, lane.flow is None and estimate_key(pair, lane.config, threads=threads))
        for lane in lanes
    ]
    told = repr((film.name, indices, lane_keys))
    key = f"clip:{hashlib.sha256(told.encode()).hexdigest()}"
    job = look(key)
    if job is not None and not (again and job.state in ("failed", "cancelled")):
        return job
    frames = film.load(indices)
    pairs = [FramePair(*two) for two in pairwise(frames[1:])]
    asked = [(lane.title, None if lane.flow else lane.config) for lane in lanes]
    return ask(key, estimate_clip, pairs, asked, threads, again=again)
