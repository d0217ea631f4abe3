"""Sequences on the page Datasets: lanes along frames in a row, and any pair in the viewer."""

from collections.abc import Sequence

import streamlit as st

from flowcore.data.reels import Reel
from flowcore.errors import FlowcoreError
from flowcore.export.panels import shared_scale
from pages.components.clip import play_clip
from pages.components.color_scale import choose_scale
from pages.components.dataset_pairs import in_compare
from pages.components.dataset_picker import Choice
from pages.components.files import loaded
from pages.components.lane_form import LaneChoice
from pages.components.results import show_lanes
from pages.components.runs import start, watch
from pages.components.sequence_film import reels_in, remember_reel
from pages.components.sequence_runs import Stretch, followed, run_along
from pages.components.sequence_takeaway import show_sequence_takeaways
from pages.components.sequence_timeline import choose_moment, show_strip, show_timeline
from pages.components.words import as_text

__all__ = ["show_sequence"]

MAX_PAIRS = 120
USUAL_PAIRS = 24
REEL, FROM, COUNT = "reel", "reel-from", "reel-pairs"


def show_sequence(
    choice: Choice, lanes: Sequence[LaneChoice], *, threads: int, pressed: bool
) -> None:
    """A timeline, a filmstrip, the pair that is looked at in the viewer, and files to take away."""
    stretch = _choose_stretch(reels_in(choice.dataset))
    runs = run_along(stretch, lanes, threads=threads, pressed=pressed)
    watch(runs)
    found = followed(runs)
    if found:
        show_timeline(stretch, lanes, found)
        show_strip(stretch, found)
    elif all(run.job.is_over for run in runs):
        count = len(stretch.pairs)
        st.info(f"Nothing is measured yet. Press Run to follow these lanes along {count} pairs.")
    at = choose_moment(stretch)
    _show_pair(choice, stretch, at, lanes, threads=threads, again=pressed)
    if found:
        show_sequence_takeaways(choice, stretch, lanes, found, threads=threads)


def _choose_stretch(reels: Sequence[Reel]) -> Stretch:
    """Which sequence, and which part of it."""
    by_name = {reel.name: reel for reel in reels}
    if st.session_state.get(REEL) not in by_name:
        st.session_state.pop(REEL, None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Sequence", list(by_name), key=REEL, bind="query-params", width=320)
        reel = by_name[name]
        last = len(reel.pairs)
        _keep_below(FROM, last - 1)
        begin = st.number_input(
            "From pair", 1, max(1, last - 1), 1, key=FROM, bind="query-params", width=140
        )
        most = min(MAX_PAIRS, last - begin + 1)
        _keep_below(COUNT, most)
        count = st.number_input(
            "Pairs", 1, most, min(USUAL_PAIRS, most), key=COUNT, bind="query-params", width=140,
            help=f"Up to {MAX_PAIRS}; a longer sequence is looked at in parts.",
        )  # fmt: skip
        st.caption(
            f"Pairs {begin} to {begin + count - 1} of {last:,}. Each begins with the frame at "
            "which the one before ends.",
            width="content",
        )
    return Stretch(reel, begin - 1, count)


def _keep_below(key: str, most: int) -> None:
    if st.session_state.get(key, 0) > most:
        st.session_state[key] = most


def _show_pair(
    choice: Choice,
    stretch: Stretch,
    at: int,
    lanes: Sequence[LaneChoice],
    *,
    threads: int,
    again: bool,
) -> None:
    """A pair of the sequence in the viewer, which also plays those after it."""
    reel, index = stretch.reel, stretch.begin + at
    try:
        pair = loaded(reel.pairs[index])
    except FlowcoreError as error:
        st.error(as_text(error))
        return
    st.page_link(
        "compare.py",
        label="Open in Compare",
        query_params=in_compare(choice, reel.pairs[index]),
        help="This pair with the same lanes.",
    )
    remember_reel(reel, index)
    runs = start(pair, lanes, threads=threads, again=again)
    done = watch(runs, key="cancel-pair")
    if done:
        scale = choose_scale(pair, shared_scale(pair, list(done.values())))
        clip = play_clip(pair, lanes, threads=threads, again=again)
        show_lanes(pair, runs, scale, None, clip=clip)
