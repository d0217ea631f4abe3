"""Lanes over a data set: the leaderboard, the distribution over pairs, and two lanes compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.data.catalog import card_of
from flowcore.errors import InputError
from flowcore.leaderboard import Column, columns_of, compare, leaderboard, values_of_pairs
from flowcore.metrics.definitions import describe
from pages.components.charts import lane_colors
from pages.components.dataset_picker import Choice
from pages.components.dataset_runs import LaneScores
from pages.components.lane_form import LaneChoice
from pages.components.number_choice import choose_number
from pages.components.words import as_text

__all__ = [
    "Board",
    "choose_metric",
    "leaderboards",
    "only_asked_for",
    "show_comparison",
    "show_distribution",
    "show_leaderboards",
]

HEIGHT = 300
BEST = "font-weight: 700"
Found = Mapping[str, LaneScores]


class Board(NamedTuple):
    """The ranked lanes of one data set, and the numbers that its benchmark goes by."""

    name: str
    columns: list[Column]
    table: pd.DataFrame


def only_asked_for(found: Found) -> dict[str, LaneScores]:
    """The lanes with those pairs only whose name has what is asked for."""
    words = st.text_input(
        "Pairs whose name has",
        key="find",
        bind="query-params",
        max_chars=80,
        placeholder="all pairs",
        width=320,
        help="Everything below is then of these pairs alone.",
    )
    wanted = words.strip().lower()
    if not wanted:
        return dict(found)
    return {
        title: replace(
            lane,
            scores=[
                one for one in lane.scores if wanted in f"{one.dataset}/{one.sequence}".lower()
            ],
        )
        for title, lane in found.items()
    }


def leaderboards(choice: Choice, found: Found) -> list[Board]:
    """One for each data set that the pairs belong to."""
    names = sorted({one.dataset for lane in found.values() for one in lane.scores})
    boards = []
    for name in names:
        scores = {
            title: [one for one in lane.scores if one.dataset == name]
            for title, lane in found.items()
        }
        columns = columns_of(choice.dataset.layout, name, scores)
        boards.append(Board(name, columns, leaderboard(scores, columns)))
    return boards


def show_leaderboards(choice: Choice, found: Found, boards: Sequence[Board]) -> None:
    """One ranked table for each data set, by its benchmark's own protocol; what failed below."""
    if not boards:
        st.info("No pair with such a name is measured.")
    for name, columns, table in boards:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.subheader(as_text(name), width="content", anchor=False)
            st.caption(f"{card_of(choice.dataset.layout, name).protocol}.", width="content")
        st.dataframe(
            table.style.apply(_bold_best, columns={column.name: column for column in columns}),
            column_config=_configs(columns),
            placeholder="-",
            alt=f"Leaderboard of {name}",
        )
    _show_state(choice, found)


def choose_metric(found: Found, boards: Sequence[Board]) -> str | None:
    """The key of the number that pairs are told apart by."""
    scores = {title: lane.scores for title, lane in found.items()}
    there = {key for lane in scores.values() for one in lane for key in one.metrics}
    first = [column.key for board in boards for column in board.columns]
    keys = list(dict.fromkeys([*first, *sorted(there - {"density"})]))
    keys = [key for key in keys if not key.endswith("_identity")]
    if not keys:
        return None
    return choose_number("Number by which pairs are compared", keys, "by")


def show_distribution(
    lanes: Sequence[LaneChoice], found: Found, key: str, *, is_drawn: bool
) -> None:
    """How many pairs are at least as good, for each lane; at first only the room for it."""
    place = st.container(height=HEIGHT, border=False)
    if not is_drawn:
        return
    metric, colors = describe(key), lane_colors()
    unit = "" if metric.unit == "1" else f", {metric.unit}"
    figure = go.Figure()
    smallest = np.inf
    for number, lane in enumerate(lanes):
        if lane.title not in found:
            continue
        values = sorted(values_of_pairs(found[lane.title].scores, key).values())
        smallest = min([smallest, *values])
        figure.add_scatter(
            x=values,
            y=100 * np.arange(1, len(values) + 1) / max(len(values), 1),
            name=lane.title,
            mode="lines",
            line={"color": colors[number % len(colors)], "shape": "hv"},
            hovertemplate="%{y:.1f} % of the pairs up to %{x:.3g}",
        )
    if smallest > 0 and metric.unit == "px":
        figure.update_xaxes(type="log")
    figure.update_layout(
        xaxis_title=f"{metric.label} of a pair{unit}",
        yaxis_title="pairs not above, %",
        height=HEIGHT,
        margin={"t": 10, "b": 10},
        showlegend=True,
    )
    place.plotly_chart(
        figure, width="stretch", key="distribution", alt=f"Chart: {metric.label} over the pairs"
    )


def show_comparison(found: Found, key: str) -> None:
    """Two lanes on the pairs that both have: the mean difference, its interval, who wins."""
    titles = [title for title, lane in found.items() if lane.scores]
    if len(titles) < 2:
        return
    metric = describe(key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox("Is", titles, key="first", bind="query-params", width=260)
        others = [title for title in titles if title != first]
        second = st.selectbox("better than", others, key="second", bind="query-params", width=260)
    try:
        found_difference, count = compare(found[first].scores, found[second].scores, key)
    except InputError as error:
        st.info(as_text(error))
        return
    unit = "" if metric.unit == "1" else f" {metric.unit}"
    mean, low, high, wins = found_difference
    is_better = (mean < 0) == (metric.direction == "lower")
    verdict = "unclear" if low <= 0 <= high else "yes" if is_better else "no"
    with st.container(horizontal=True):
        st.metric("Better", verdict, width=140, help="Whether the interval excludes zero.")
        st.metric(
            f"Mean difference in {metric.label}",
            f"{mean:+.3f}{unit}",
            width=260,
            help="Of the first lane minus the second, over the pairs that both have.",
        )
        st.metric(
            "95 % interval",
            f"{low:+.3f} to {high:+.3f}{unit}",
            width=300,
            help="Bootstrap over pairs: neighboring frames of one scene err alike, so that it is "
            "rather too narrow where a data set has few scenes.",
        )
        st.metric("Wins", f"{wins:.0f} % of {count:,} pairs", width=240)


def _show_state(choice: Choice, found: Found) -> None:
    """When it was measured, what is missing, and what could not be measured."""
    total = len(choice.dataset.pairs)
    for title, lane in found.items():
        done = len(lane.scores) + len(lane.failures)
        if lane.record.status == "stopped" and done < total:
            st.caption(f"{as_text(title)}: stopped. Press Run to go on; what is done is kept.")
    failures = {
        (one.dataset, one.sequence): one for lane in found.values() for one in lane.failures
    }
    if failures:
        with st.expander(f"{len(failures)} of {total:,} pairs could not be measured"):
            for one in list(failures.values())[:50]:
                reason = one.reason.replace(choice.dataset.place, choice.name)
                st.write(as_text(f"{one.dataset}/{one.sequence}: {reason}"))
    dates = sorted({lane.record.started[:16] for lane in found.values()})
    between = f" to {dates[-1]}" if len(dates) > 1 else ""
    st.caption(f"Measured {dates[0]}{between} UTC. Times are means over the pairs.")


def _configs(columns: Sequence[Column]) -> dict[str, object]:
    number = st.column_config.NumberColumn
    return {
        "pairs": number("Pairs", format="localized", help="How many pairs are behind the row."),
        "seconds": number("Time, s ↓", format="%.3f", help="Mean over the pairs, model warm."),
        **{
            column.name: number(
                column.label,
                format="%.3f",
                help=f"{describe(column.key).definition} "
                + (
                    "Mean over the pairs."
                    if column.how == "mean"
                    else "Over the pixels of all pairs."
                ),
            )
            for column in columns
        },
    }


def _bold_best(values: pd.Series, columns: Mapping[str, Column]) -> list[str]:
    column = columns.get(str(values.name))
    if column is None or len(values) < 2:
        return [""] * len(values)
    best = values.min() if describe(column.key).direction == "lower" else values.max()
    return [BEST if value == best else "" for value in values]
