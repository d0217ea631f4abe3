"""Two of many frames: a slider over all of them, and steps to the next pair and back."""

from collections.abc import Callable, Sequence

import streamlit as st

from flowcore.types import UInt8Array

__all__ = ["choose_two"]

NUM_THUMBNAILS = 7


def choose_two(
    count: int,
    what: str,
    *,
    thumbnails: Callable[[Sequence[int]], Sequence[UInt8Array]] | None = None,
) -> tuple[int, int]:
    """Two of so many frames or pages, counted from 0.

    ``what`` tells one choice from another; ``thumbnails`` gives small pictures of some frames.
    """
    key = f"{what}-first"
    last = count - 2
    if st.session_state.get(key, 0) > last:
        st.session_state[key] = 0
    first = 0
    if thumbnails is not None and count > 2:
        indices = sorted(
            {round(i * (count - 1) / (NUM_THUMBNAILS - 1)) for i in range(NUM_THUMBNAILS)}
        )
        st.image(list(thumbnails(indices)), [str(index) for index in indices], width=76)
    if last > 0:
        first = st.slider("First frame", 0, last, key=key, bind="query-params")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        step = st.number_input(
            "Frames to the second",
            1,
            count - 1 - first,
            1,
            key=f"{what}-step",
            bind="query-params",
            width=150,
        )
        for label, to in (("Previous pair", first - step), ("Next pair", first + step)):
            st.button(
                label,
                key=f"{what}-{label}",
                disabled=not 0 <= to <= last,
                on_click=_go,
                args=(key, to),
            )
    st.caption(f"Frames {first} and {first + step} of {count}, counted from 0.")
    return first, first + step


def _go(key: str, first: int) -> None:
    st.session_state[key] = first
