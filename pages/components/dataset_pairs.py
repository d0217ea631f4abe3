"""The pairs of a data set: the worst and the best as pictures, all in a table; a click compares."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from flowcore.data.datasets import Pair
from flowcore.data.files import PairFiles
from flowcore.leaderboard import values_of_pairs
from flowcore.metrics.definitions import describe
from pages.components.dataset_picker import Choice
from pages.components.dataset_runs import LaneScores
from pages.components.dataset_task import thumbnails
from pages.components.files import changed, done_aside
from pages.components.links import OF_LANES
from pages.components.words import as_text

__all__ = ["in_compare", "show_extremes", "show_pairs"]

NUM_SHOWN = 4  # worst ones, and as many best ones
HEIGHT = 120


def show_extremes(choice: Choice, found: Mapping[str, LaneScores], key: str) -> None:
    """The pairs on which a lane is worst and best, each a link to Compare with the same lanes."""
    titles = [title for title, lane in found.items() if lane.scores]
    if not titles:
        return
    title = st.selectbox(
        "Worst and best pairs of", titles, key="of", bind="query-params", width=320
    )
    metric = describe(key)
    values = values_of_pairs(found[title].scores, key)
    ranked = sorted(values, key=lambda names: values[names], reverse=metric.direction == "lower")
    worst = ranked[:NUM_SHOWN]
    best = [names for names in reversed(ranked[NUM_SHOWN:])][:NUM_SHOWN]
    by_name = {(pair.dataset, pair.sequence): pair for pair in choice.dataset.pairs}
    shown = [names for names in (*worst, *best) if names in by_name]
    unit = "" if metric.unit == "1" else f" {metric.unit}"
    _show_pictures(
        choice,
        [by_name[names] for names in shown],
        [f"{'worst' if names in worst else 'best'}: {values[names]:.3g}{unit}" for names in shown],
    )


def show_pairs(choice: Choice, found: Mapping[str, LaneScores], key: str | None = None) -> None:
    """Every pair and the number of each lane; before anything is measured, the first pairs."""
    if not found or key is None:
        pairs = choice.dataset.pairs[: 2 * NUM_SHOWN]
        _show_pictures(choice, pairs, [""] * len(pairs))
        return
    columns = {title: values_of_pairs(lane.scores, key) for title, lane in found.items()}
    if any(columns.values()):
        _show_table(columns, key)


def in_compare(choice: Choice, pair: Pair) -> dict[str, str]:
    """Where Compare shows this pair with the lanes of this page."""
    lanes = {word: text for word, text in st.query_params.items() if re.fullmatch(OF_LANES, word)}
    split = {"split": pair.split} if pair.split else {}
    return {
        **lanes, "source": "Data set", "dataset": choice.name, **split, "sequence": pair.sequence
    }  # fmt: skip


@st.fragment
def _show_table(columns: Mapping[str, Mapping[tuple[str, str], float]], key: str) -> None:
    """The table of all pairs, made and sent where somebody opens it."""
    metric, count = describe(key), len({names for column in columns.values() for names in column})
    label = f"All {count:,} pairs: {metric.label}"
    with st.expander(label, key="every-pair", on_change="rerun") as box:
        if not box.open:
            return
        table = pd.DataFrame(
            {title: pd.Series(values, dtype=float) for title, values in columns.items()}
        )
        table.index.names = ["data set", "pair"]
        st.dataframe(
            table.reset_index(),
            hide_index=True,
            placeholder="-",
            column_config={
                title: st.column_config.NumberColumn(format="%.3f") for title in columns
            },
            alt=f"{metric.label} of every pair and lane",
        )


def _show_pictures(choice: Choice, pairs: Sequence[Pair], notes: Sequence[str]) -> None:
    files = tuple((repr(pair), *changed(pair)) for pair in pairs if isinstance(pair, PairFiles))
    pictures = _thumbnails(files or tuple(pair.sequence for pair in pairs), tuple(pairs))
    with st.grid(4, min_column_width=140) as grid:
        for pair, picture, note in zip(pairs, pictures, notes, strict=True):
            with grid.cell():
                if picture is not None:
                    st.image(picture, width="stretch", alt=f"First frame of {pair.sequence}")
                st.page_link(
                    "compare.py",
                    label=as_text(pair.sequence),
                    query_params=in_compare(choice, pair),
                    help="Open in Compare, with the same lanes.",
                )
                if note:
                    st.caption(note)


@st.cache_data(max_entries=64, show_spinner=False)
def _thumbnails(files: tuple[object, ...], _pairs: tuple[Pair, ...]) -> list[bytes | None]:
    """Made aside, once, as long as the files stay as they are."""
    made: list[bytes | None] = done_aside(thumbnails, _pairs, HEIGHT)
    return made
