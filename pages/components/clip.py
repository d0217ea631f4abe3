"""A short clip: the pairs after the chosen one, with the flow of every lane, for the viewer."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import streamlit as st

from flowcore.errors import FlowcoreError
from flowcore.jobs.job import Job
from flowcore.lane import estimate_key
from flowcore.types import FramePair, PipelineConfig, UInt8Array
from pages.components.clip_task import PackedPair, estimate_clip
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, watch
from pages.components.words import as_text
from pages.components.work import ask, look

__all__ = ["Film", "played_pairs", "remember_film"]

MAX_PAIRS = 24
MAX_PIXELS = 25_000_000  # of all pairs together
_FILM = "film"


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


def remember_film(film: Film | None) -> None:
    """What the pair of this run was chosen from, if it was from more than two frames."""
    st.session_state[_FILM] = film


def played_pairs(
    pair: FramePair, lanes: Sequence[LaneChoice], *, threads: int, again: bool
) -> list[tuple[str, PackedPair]]:
    """The pairs of the clip that was asked for, each with what it is, once all are estimated."""
    film: Film | None = st.session_state.get(_FILM)
    if film is None or film.num_pairs < 2:
        return []
    num_pairs = _num_pairs(film, math.prod(pair.size))
    if num_pairs < 2:
        return []
    able = [(lane.title, lane.config) for lane in lanes if lane.flow is None]
    if not able:
        st.info("Nothing is played: the flow of another tool is that of one pair.")
        return []
    indices = film.indices(num_pairs)
    try:
        job = _ask(pair, film, indices, able, threads, again=again)
    except FlowcoreError as error:
        st.error(as_text(error))
        return []
    if job is None:
        return []
    run = Run(LaneChoice("Clip", PipelineConfig("clip")), job)
    found: list[PackedPair] = watch([run], key="cancel-clip").get("Clip", [])
    labels = [f"frames {first} and {second}" for first, second in pairwise(indices)]
    return list(zip(labels, found, strict=False))


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
    lanes: Sequence[tuple[str, PipelineConfig]],
    threads: int,
    *,
    again: bool,
) -> Job | None:
    """The job of the clip; frames are read only where it is not known yet."""
    lane_keys = [(title, estimate_key(pair, config, threads=threads)) for title, config in lanes]
    told = repr((film.name, indices, lane_keys))
    key = f"clip:{hashlib.sha256(told.encode()).hexdigest()}"
    job = look(key)
    if job is not None and not (again and job.state in ("failed", "cancelled")):
        return job
    pairs = [FramePair(*frames) for frames in pairwise(film.load(indices))]
    return ask(key, estimate_clip, pairs, lanes, threads, again=again)
