"""The questions of the lab with their answers; every number is read from the results that ship."""

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from flowcore.digits.networks import NETWORKS
from flowcore.digits.results import shipped_results, summarize
from flowcore.digits.tasks import TASKS
from pages.components.charts import lane_colors

__all__ = ["show_answers"]

TITLES = {"shipped": "scikit-learn's digits", "mnist": "MNIST"}


class _Question(NamedTuple):
    """A question, the task and the nets that answer it, and the answer around their numbers."""

    words: str
    task: str
    nets: tuple[str, ...]
    answer: str


QUESTIONS = (
    _Question(
        "Can it be done well by a normal backbone and head?",
        "top_left",
        ("conv_average", "residual", "conv_flat", "first_crossing_box"),
        "Hardly. Three convolutions and an average pool miss the corner by {conv_average}, as "
        "the mean of a map does not say where. The deeper residual net gets to {residual}: most "
        "likely by the zeros around the frame, which its maps can feel. Where positions are "
        "read off instead of pooled, {first_crossing_box} are left.",
    ),
    _Question(
        "Is it the backbone or the head?",
        "top_left",
        ("conv_average", "conv_flat", "conv_flat_digits", "conv_flat_random", "mlp"),
        "Most of all the head. The same backbone misses by {conv_average} when its maps are "
        "averaged and by {conv_flat} when they are flattened. Into this same head the bare pixels "
        "give {mlp}, a backbone of random weights {conv_flat_random}, and one frozen after "
        "learning digits {conv_flat_digits}: any backbone helps a little, training it helps more, "
        "and averaging loses it all.",
    ),
    _Question(
        "Do min and max pooling keep the position?",
        "top_left",
        ("conv_average", "conv_average_max", "conv_min_max", "coordconv"),
        "No: {conv_average_max} with average and max, {conv_min_max} with min and max, "
        "{conv_average} with the average alone. A maximum says how much, not where. With x and "
        "y as channels even the average gets to {coordconv}.",
    ),
    _Question(
        "What do argmax features do, and why are they not exact?",
        "top_left",
        ("mlp", "mlp_deep", "feats", "feats_deep", "feats_only"),
        "They are positions, so they help: with three hidden layers, {mlp_deep} from the pixels "
        "alone and {feats_deep} with argmax features beside them; {feats_only} without any pixel. "
        "They are not exact, since the argmax of a row is its brightest pixel and not its first "
        "ink, and the corners of all that is not zero lie at the faint rim of the strokes. See "
        "Argmax of the canvas above.",
    ),
    _Question(
        "Can they be made exact?",
        "top_left",
        ("crossing_mlp", "threshold_relu", "gumbel", "first_crossing", "straight_through"),
        "Yes: first a threshold, then the argmax. With a learnt threshold the first crossing is "
        "off by {first_crossing}, the straight-through argmax by {straight_through}, a soft-argmax "
        "by {threshold_relu}, which is its own bias. Gumbel-softmax, whose draws are noise, is at "
        "{gumbel} and differs from seed to seed. The same crossings into a plain hidden layer stay "
        "unused: {crossing_mlp}. The formula of two numbers is exact.",
    ),
    _Question(
        "Does argmax in later layers help?",
        "top_left",
        ("conv_flat", "later_argmax", "dsnt"),
        "Hardly: {later_argmax} with it, {conv_flat} without. In 8x8 maps a position is a "
        "multiple of 8 px, and no gradient teaches the maps to peak at the point. The "
        "soft-argmax of a heat map has one, and gets to {dsnt}.",
    ),
    _Question(
        "Do dummy features help?",
        "top_left",
        ("mlp", "dummy_constant", "dummy_random"),
        "Random numbers hurt: {dummy_random} against {mlp} without. Constants help: "
        "{dummy_constant}, since 264 weights on a constant are one bias that learns faster. So a "
        "gain has to be larger than that before it is due to what the features say.",
    ),
    _Question(
        "Do more hidden layers help?",
        "top_left",
        ("mlp", "mlp_deep", "conv_flat", "conv_flat_deep", "feats", "feats_deep"),
        "On pixels and argmax features yes: {mlp} to {mlp_deep}, {feats} to {feats_deep}. On maps "
        "little: {conv_flat} to {conv_flat_deep}. No depth makes up for a head that reads "
        "positions.",
    ),
    _Question(
        "Is a threshold differentiable through a ReLU?",
        "top_left",
        ("threshold_relu", "straight_through", "gumbel", "first_crossing"),
        "Yes: relu(value - threshold) passes a gradient to the threshold wherever a pixel is "
        "above it. Started at 0.2, where ink is 0.5, the first crossing learns "
        "{first_crossing.threshold}. The straight-through argmax ends at "
        "{straight_through.threshold}: there a pixel counts in full only a step above the "
        "threshold, at threshold + 1 / slope. Above all pixels the ReLU is flat and nothing is "
        "learnt. An argmax itself has no gradient; a maximum has one, to the pixel that wins.",
    ),
    _Question(
        "Can 3's look at the top left and 7's at the center?",
        "threes_sevens",
        ("mlp", "conv_average", "conv_flat", "soft_argmax", "first_crossing_box"),
        "Yes, by a net that knows where and is asked only which: {first_crossing_box} after 200 "
        "steps, with the wrong point in {first_crossing_box.wrong_point} of the cases; "
        "flattened maps are at {conv_flat}, a normal net at {conv_average}.",
    ),
    _Question(
        "And all ten digits, by a table?",
        "joint",
        ("mlp", "conv_average", "conv_flat", "soft_argmax", "first_crossing_box"),
        "Yes: {first_crossing_box} in 300 steps, and it names {first_crossing_box.accuracy} of "
        "the digits right. What is left are digits taken for another, whose point is then far "
        "away. Flattened maps: {conv_flat}; soft-argmax: {soft_argmax}.",
    ),
)


def show_answers() -> None:
    """Each question in an expander: the answer, and the nets that give it as a chart."""
    table = summarize(shipped_results())
    table = table[table["steps"] == table.groupby("task")["steps"].transform("min")]
    for number, question in enumerate(QUESTIONS):
        rows = table[(table["task"] == question.task) & table["network"].isin(question.nets)]
        known = rows[rows["data"] == "shipped"]
        if set(known["network"]) != set(question.nets):
            continue
        with st.expander(question.words, expanded=number == 0):
            words, chart = st.columns([2, 3], gap="medium")
            words.markdown(question.answer.format_map(_written(known)))
            words.caption(
                f"Task: {TASKS[question.task].title}. Mean distance on unseen digits of "
                f"scikit-learn; {known['steps'].min()} steps, seeds: {known['seeds'].min()}."
            )
            chart.plotly_chart(
                _bars(rows, question.nets),
                width="stretch",
                key=f"digits-answer-{number}",
                alt=f"Distances: {question.words}",
            )


class _Written(NamedTuple):
    """Numbers of a net as they stand in an answer: by itself its distance."""

    distance: str
    wrong_point: str
    accuracy: str
    threshold: str

    def __format__(self, _spec: str) -> str:
        return self.distance


def _written(known: pd.DataFrame) -> dict[str, _Written]:
    """By net."""
    return {
        row.network: _Written(
            f"{row.distance:.1f} px" if row.distance >= 0.95 else f"{row.distance:.2g} px",
            f"{row.wrong_point:.1f} %",
            f"{row.accuracy:.1f} %",
            f"{row.threshold:.2f}",
        )
        for row in known.itertuples()
    }


def _bars(rows: pd.DataFrame, nets: tuple[str, ...]) -> go.Figure:
    """Distance of each net, in the order of the question, with the band of its seeds."""
    figure = go.Figure()
    for color, (data, title) in zip(lane_colors(), TITLES.items(), strict=False):
        part = rows[rows["data"] == data].set_index("network")
        part = part.loc[[net for net in nets if net in part.index]]
        if part.empty:
            continue
        figure.add_bar(
            x=part["distance"],
            y=[NETWORKS[net].title for net in part.index],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part["distance_high"] - part["distance"],
                "arrayminus": part["distance"] - part["distance_low"],
                "thickness": 1,
            },
            name=title,
            marker_color=color,
            orientation="h",
            hovertemplate="%{y}: %{x:.3f} px",
        )
    figure.update_xaxes(title_text="mean distance, px (lower is better)")
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(
        barmode="group",
        height=110 + 42 * len(nets),
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01},
    )
    return figure
