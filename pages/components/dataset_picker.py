"""Which data set and which part of it: a choice of the page Datasets, and a source of pairs."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from flowcore.data.datasets import Dataset
from flowcore.data.layout import Card
from flowcore.errors import FlowcoreError, InputError
from flowcore.types import FramePair
from pages.components.dataset_roots import keep_upload, offered, opened
from pages.components.files import loaded
from pages.components.head import show_head
from pages.components.sequence_film import reels_in, remember_reel
from pages.components.words import as_text

__all__ = [
    "SEQUENCES",
    "SWEEP",
    "Choice",
    "choose_view",
    "pick_dataset",
    "pick_pair_of_dataset",
]

ALL = "all"
DATASET, SPLIT, SEQUENCE = "dataset", "split", "sequence"
PAIRS = "All pairs"
SEQUENCES = "Sequences"
SWEEP = "Sweep"
OVER = "-over"  # what the address still says of a part that is not meant any more
UPLOADS, LAST = "dataset-uploads", "dataset-last-upload"
MAX_LISTED = 5000


class Choice(NamedTuple):
    """A data set by its name in addresses, and the part of it that is looked at."""

    name: str
    split: str
    dataset: Dataset


def pick_dataset(title: str, question: str) -> Choice | None:
    """The data set that the user has chosen; the head of the page, which says it in one line.

    None where it is not here, which is said.
    """
    return show_head(title, question, _chosen_and_said, _in_words, drawer="Data set")


def choose_view(choice: Choice) -> str:
    """How a data set is looked at; sequences only where it has any."""
    views = [PAIRS, *([SEQUENCES] if reels_in(choice.dataset) else []), SWEEP]
    view = st.segmented_control(
        "View", views, default=PAIRS, required=True, key="view", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return view if view in views else PAIRS


def pick_pair_of_dataset() -> FramePair | None:
    """One pair of a data set, as the page Datasets links to it.

    Raises
    ------
    FlowcoreError
        It cannot be read, or what was asked for is not here.
    """
    choice = _chosen(st.container())
    pairs = {pair.sequence: pair for pair in choice.dataset.pairs}
    listed = _and_asked(list(pairs)[:MAX_LISTED], SEQUENCE)
    sequence = st.selectbox("Pair", listed, key=SEQUENCE, bind="query-params")
    if sequence not in pairs:
        raise InputError(f"{choice.name} has no pair {sequence[:80]!r}. Choose another one.")
    for reel in reels_in(choice.dataset):
        if pairs[sequence] in reel.pairs:
            remember_reel(reel, reel.pairs.index(pairs[sequence]))
    return loaded(pairs[sequence])


def _chosen_and_said(messages: DeltaGenerator) -> Choice | None:
    try:
        choice = _chosen(messages)
    except FlowcoreError as error:
        messages.error(as_text(f"{error} Choose another one under Data set."))
        return None
    _show_card(choice.dataset.card)
    return choice


def _show_card(card: Card) -> None:
    """What is to be known of a data set before one uses it."""
    st.markdown(f"**{card.title}**")
    for what, words in (
        ("Size", card.size),
        ("Truth", card.truth),
        ("Splits", card.splits),
        ("Licence", card.licence),
        ("Its reader was tried on", card.proved),
    ):
        st.caption(f"{what}: {words}.")


def _chosen(messages: DeltaGenerator) -> Choice:
    """What the widgets say; why what was dropped cannot be used is said there.

    Raises
    ------
    FlowcoreError
        What is chosen, as by a link, is not here.
    """
    try:
        _take_upload()
    except FlowcoreError as error:
        messages.error(as_text(error))
    known = st.session_state.setdefault(UPLOADS, [])
    names = _and_asked([*offered(), *known], DATASET)
    name = st.selectbox(
        "Data set", names, key=DATASET, bind="query-params",
        on_change=_forget, args=(SPLIT, SEQUENCE),
    )  # fmt: skip
    whole = opened(name)
    if name not in (*offered(), *known):
        known.append(name)
    if not whole.splits:
        return Choice(name, "", whole)
    splits = _and_asked([*whole.splits, ALL], SPLIT)
    split = st.selectbox(
        "Split", splits, key=SPLIT, bind="query-params", on_change=_forget, args=(SEQUENCE,),
        help="The part of the data set, or the pass in which it was rendered.",
    )  # fmt: skip
    part = "" if split == ALL else split
    return Choice(name, part, whole.part(part))


def _and_asked(options: list[str], key: str) -> list[str]:
    """The options, and what a link asks for beside them: an error tells of it, not another one."""
    asked = dict.fromkeys((st.session_state.get(key), st.query_params.get(key)))
    asked.pop(st.session_state.get(key + OVER), None)
    return [*options, *(name for name in asked if name and name not in options)]


def _forget(*keys: str) -> None:
    """Another data set has other splits, another split other pairs."""
    for key in keys:
        st.session_state.pop(key, None)
        st.session_state[key + OVER] = st.query_params.get(key)


def _take_upload() -> None:
    """Choose what was just dropped."""
    file = st.file_uploader(
        "A data set of your own, as ZIP",
        type="zip",
        key="dataset-zip",
        help="Folders as a benchmark lays them out, or <dataset>/<sequence>/ with frame1.png, "
        "frame2.png and flow.flo or flow.png, or frames in their order, or videos. Up to 20,000 "
        "files, 2 GB unpacked. Kept for a while, for whoever has the link.",
    )
    if file is None or file.file_id == st.session_state.get(LAST):
        return
    st.session_state[LAST] = file.file_id
    name = keep_upload(file.getvalue())
    known = st.session_state.setdefault(UPLOADS, [])
    if name not in known:
        known.append(name)
    st.session_state[DATASET] = name
    _forget(SPLIT, SEQUENCE)


def _in_words(choice: Choice | None) -> str:
    """The data set in one line."""
    if choice is None:
        return ""
    card, count = choice.dataset.card, len(choice.dataset.pairs)
    split = f", {as_text(choice.split)}" if choice.split else ""
    title = "" if card.title == choice.name else f", {card.title}"
    return f"{as_text(choice.name)}{title}{split}: {count:,} pairs."
