"""The card that says why one of two lanes is better, and lights the pixels it speaks of."""

from collections.abc import Mapping

import streamlit as st

from flowcore.errors import FlowcoreError
from flowcore.export.why import best_two, explain_lanes, name_of_part, why_sentence
from flowcore.lane import Lane
from flowcore.metrics.why import Split, Why
from flowcore.types import BoolArray, FramePair
from pages.components.marks import is_chosen, on_choice
from pages.components.words import as_text

__all__ = ["lit_pixels", "show_why"]

ASKED, BY, LIT = "why-asked", "why-by", "why-lit"
SUGGESTED, CHOSEN = "why-suggested", "why-chosen"
SPLITS: Mapping[Split, str] = {"region": "Regions", "class": "Classes"}


def show_why(pair: FramePair, lanes: Mapping[str, Lane]) -> None:
    """Two lanes, a sentence about them, and a button for each part of the frame it is made of."""
    if len(lanes) < 2:
        return
    st.session_state.setdefault(BY, "region")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            one, other = _choose_two(lanes)
            if pair.labels is not None:
                st.segmented_control(
                    "Split by", list(SPLITS), format_func=SPLITS.get, required=True, key=BY
                )
        try:
            why = _explained(pair, lanes, one, other)
        except FlowcoreError as error:
            st.info(as_text(error))
            return
        st.markdown(
            why_sentence(why, one, other),
            help="Interval: paired block bootstrap over 32x32 px blocks, 1000 resamples. The parts "
            "share no pixel, and their gaps add up to the whole one.",
        )
        _parts(why, one, other)


def lit_pixels(pair: FramePair, lanes: Mapping[str, Lane]) -> tuple[str, BoolArray] | None:
    """The pixels of the part that is chosen, and what they are."""
    part, (one, other) = st.session_state.get(LIT), st.session_state.get(ASKED, ("", ""))
    if not is_chosen(LIT) or part is None or one not in lanes or other not in lanes:
        return None
    try:
        masks = _explained(pair, lanes, one, other).masks
    except FlowcoreError:
        return None
    return (_title(name_of_part(part, one, other)), masks[part]) if part in masks else None


def _choose_two(lanes: Mapping[str, Lane]) -> tuple[str, str]:
    """The best two so far, until somebody chooses others, for as long as these are there."""
    state = st.session_state
    if not state.get(CHOSEN) or not set(state[ASKED]) <= set(lanes):
        state[SUGGESTED], state[CHOSEN] = best_two(lanes), False
    best, next_best = state[SUGGESTED]
    # Each suggestion has its own boxes: what a browser still says of the last ones is no choice.
    keys = tuple(f"why {side} of {best} and {next_best}" for side in ("one", "other"))
    titles = list(lanes)
    one = st.selectbox(
        "Compare", titles, titles.index(best), key=keys[0], on_change=_keep, args=keys, width=240
    )
    others = [title for title in titles if title != one]
    index = others.index(best if one == next_best else next_best)
    other = st.selectbox("with", others, index, key=keys[1], on_change=_keep, args=keys, width=240)
    state[ASKED] = one, other
    return one, other


def _keep(one: str, other: str) -> None:
    """Stay with what was chosen in the boxes of these keys; the same lane in both trades places."""
    state = st.session_state
    if state[one] == state[other]:
        state[other] = state[ASKED][0]
    state[ASKED], state[CHOSEN] = (state[one], state[other]), True


def _parts(why: Why, one: str, other: str) -> None:
    """A pill for each part with what it adds, the better lane's gains first."""
    sign = 1 if why.difference.mean > 0 else -1
    texts = {
        share.part: f"{_signed(sign * share.difference)} "
        f"{_title(name_of_part(share.part, one, other))}"
        for share in why.shares
    }
    if st.session_state.get(LIT) not in texts:
        st.session_state[LIT] = None
    st.pills(
        f"Where the {abs(why.difference.mean):.3f} {why.unit} come from",
        list(texts),
        format_func=texts.get,
        key=LIT,
        on_change=on_choice(LIT),
        help="Choose one to see its pixels in the viewer. Minus: the other lane is better there.",
    )


def _signed(number: float) -> str:
    """With its sign, unless it is rounded to nothing."""
    text = f"{number:+.3f}"
    return text if float(text) else text[1:]


def _title(words: str) -> str:
    return words.removeprefix("on ").removeprefix("where ")


def _explained(pair: FramePair, lanes: Mapping[str, Lane], one: str, other: str) -> Why:
    by = st.session_state.get(BY, "region")
    if pair.labels is None:
        by = "region"
    flows = tuple(lanes[title].estimate.flow.digest for title in (one, other))
    return _explain(pair.digest, flows, by, pair, lanes[one], lanes[other])


@st.cache_data(max_entries=16, show_spinner=False)
def _explain(
    digest: str, flows: tuple[str, str], by: Split, _pair: FramePair, _one: Lane, _other: Lane
) -> Why:
    return explain_lanes(_pair, _one, _other, by=by)
