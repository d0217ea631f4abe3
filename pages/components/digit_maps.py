"""What the nets say about one digit, and the maps behind it, side by side."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
import torch

from flowcore.digits.maps import (
    Reading,
    argmax_positions,
    gradient,
    num_channels,
    reading,
    threshold_sweep,
)
from flowcore.digits.tasks import POINTS, two_numbers
from pages.components.charts import lane_colors
from pages.components.digit_canvas import Shown
from pages.components.digit_form import LabChoice
from pages.components.digit_pictures import Mark, picture
from pages.components.digit_run import LabRun

__all__ = ["show_maps"]

TARGET = POINT = "#ff4d4d"
THRESHOLDS = torch.arange(0.02, 0.99, 0.02)
READING, GRADIENT, ARGMAX, THRESHOLD = (
    "What it reads",
    "Gradient",
    "Argmax of the canvas",
    "Threshold",
)


def show_maps(shown: Shown, choice: LabChoice, runs: Sequence[LabRun]) -> None:
    """The canvas with all answers, their table, and a view of what is behind them."""
    target = shown.points[POINTS.index(choice.rule.rule[shown.digit])]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _show_answers(shown, target, runs)
    with right:
        _show_table(shown, target, runs)
    view = st.segmented_control(
        "Look at",
        [READING, GRADIENT, ARGMAX, THRESHOLD],
        default=READING,
        required=True,
        key="digits-view",
        bind="query-params",
    )
    if view == ARGMAX:
        _show_argmax(shown)
    elif view == THRESHOLD:
        _show_sweep(shown)
    elif not runs:
        st.info("This needs a trained net: press Train.")
    elif view == GRADIENT:
        _show_gradients(shown, runs)
    else:
        _show_readings(shown, runs)


def _answers(shown: Shown, runs: Sequence[LabRun]) -> list[torch.Tensor]:
    """The points ``(1, 2)`` that the first seed of each net answers."""
    with torch.inference_mode():
        return [run.outcomes[0][0].net(shown.image).point for run in runs]


def _show_answers(shown: Shown, target: torch.Tensor, runs: Sequence[LabRun]) -> None:
    marks = [Mark("target", target[None], TARGET, "cross-thin-open", 18)]
    marks += [
        Mark(run.title, point, run.color)
        for run, point in zip(runs, _answers(shown, runs), strict=True)
    ]
    figure = picture(shown.image[0, 0], marks, limits=(0, 1), height=460, has_legend=True)
    figure.data[1].marker.line.update(color=TARGET, width=3)
    st.plotly_chart(figure, width="stretch", key="digits-answers", alt="The digit and the answers")


def _show_table(shown: Shown, target: torch.Tensor, runs: Sequence[LabRun]) -> None:
    """Each net's answer in numbers; the formula of two numbers where it applies."""
    answers = {run.title: point for run, point in zip(runs, _answers(shown, runs), strict=True)}
    corner = two_numbers(shown.image)
    rows = {"target": target[None], **answers, "two numbers, top left": corner}
    table = pd.DataFrame(
        [
            {
                "x": point[0, 0].item(),
                "y": point[0, 1].item(),
                "distance": (point[0] - target).norm().item(),
            }
            for point in rows.values()
        ],
        index=list(rows),
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        column_config={
            "x": number("x, px", format="%.2f", help="To the right; 0 is the first pixel."),
            "y": number("y, px", format="%.2f", help="Down; 0 is the first pixel."),
            "distance": number("Distance, px ↓", format="%.2f", help="To the target."),
        },
        alt="Answers of the nets",
        key="digits-table",
    )
    asked = _asked(shown, target)
    st.caption(
        f"The digit is a {shown.digit}; {asked} "
        "Two numbers: least column and least row above half of the maximum, a formula without any "
        "training. For the top-left corner it cannot be wrong."
    )
    named = [
        f"{run.title}: {int(answer.logits.argmax())}"
        for run in runs
        if (answer := run.outcomes[0][0].net(shown.image)).logits is not None
    ]
    if named:
        st.caption(f"Digit named by {', '.join(named)}.")


def _asked(shown: Shown, target: torch.Tensor) -> str:
    """Which of the six points is asked for, in words."""
    nearest = (shown.points - target).norm(dim=-1).argmin()
    return f"asked for is its {POINTS[int(nearest)].replace('_', ' ')}."


def _show_readings(shown: Shown, runs: Sequence[LabRun]) -> None:
    most = max(num_channels(run.outcomes[0][0].net) for run in runs)
    channel = 0
    if most > 1:
        channel = st.slider(
            "Channel",
            0,
            most - 1,
            0,
            key=f"digits-channel-{most}",
            help="Of the heat maps, or of the last maps of a backbone.",
        )
    for column, run in zip(st.columns(len(runs)), runs, strict=True):
        found = reading(run.outcomes[0][0].net, shown.image, channel=channel)
        with column:
            _show_reading(run, found)


def _show_reading(run: LabRun, found: Reading) -> None:
    sizes = [4 + 10 * share for share in found.weights.tolist()]
    if len(sizes) > len(POINTS):  # one for each row and column
        sizes = [4.0] * len(sizes)
    low, high = float(found.map.min()), float(found.map.max())
    st.plotly_chart(
        picture(
            found.map,
            [Mark("position", found.points, POINT, size=sizes)],
            limits=(min(low, 0.0), max(high, 1e-6)),
            scale="Viridis",
            height=260,
        ),
        width="stretch",
        key=f"digits-reading-{run.net}",
        alt=f"What {run.title} reads",
    )
    st.caption(f"**{run.title}**. {found.words} From {low:.2g} (dark) to {high:.2g} (bright).")


def _show_gradients(shown: Shown, runs: Sequence[LabRun]) -> None:
    axis = st.segmented_control(
        "Of", ["x", "y"], default="x", required=True, key="digits-axis", bind="query-params"
    )
    maps = [gradient(run.outcomes[0][0].net, shown.image)["xy".index(axis)] for run in runs]
    limit = max(float(torch.stack([m.abs().quantile(0.998) for m in maps]).max()), 1e-6)
    for column, run, values in zip(st.columns(len(runs)), runs, maps, strict=True):
        column.plotly_chart(
            picture(values, limits=(-limit, limit), scale="RdBu", unit="px", height=260),
            width="stretch",
            key=f"digits-gradient-{run.net}",
            alt=f"Gradient of {run.title}",
        )
        column.caption(f"**{run.title}**")
    st.caption(
        f"By how many px the answer's {axis} moves when a pixel grows from black to white, at this "
        f"rate. One scale for all, up to {limit:.2g} px. A net that reads edges looks at edges "
        "alone; one that has only heard of brightness looks everywhere."
    )


def _show_argmax(shown: Shown) -> None:
    """Argmax features of the canvas as it is, and of its ink."""
    image = shown.image[0, 0]
    ink = (image > image.max() / 2).float()
    blue, orange = lane_colors()[:2]
    for column, name, values in zip(
        st.columns(2), ("As it is", "Ink: above half of the maximum"), (image, ink), strict=True
    ):
        positions = argmax_positions(values)
        marks = [
            Mark("of each row", positions[:64], orange, size=6),
            Mark("of each column", positions[64:], blue, "diamond", 6),
        ]
        column.plotly_chart(
            picture(values, marks, limits=(0, 1), height=360, has_legend=True),
            width="stretch",
            key=f"digits-argmax-{name}",
            alt=f"Argmax of rows and columns, {name}",
        )
        column.caption(f"**{name}**")
    st.caption(
        "The argmax of a row is its brightest pixel, somewhere within a stroke. Of the ink, where "
        "all is 1, it is the first pixel: the left edge. An empty row says 0, as one does whose "
        "ink begins there."
    )


def _show_sweep(shown: Shown) -> None:
    """How far the formula of two numbers is off, against its threshold."""
    corners = threshold_sweep(shown.image, THRESHOLDS)
    distances = (corners - shown.points[0]).norm(dim=-1)
    figure = go.Figure(
        go.Scatter(
            x=THRESHOLDS.numpy(), y=distances.numpy(), mode="lines", line_color=lane_colors()[0]
        )
    )
    figure.add_vline(0.5, line={"dash": "dot", "color": "gray"}, annotation_text="ink")
    figure.update_xaxes(title_text="threshold, share of the maximum")
    figure.update_yaxes(title_text="distance to the top-left corner, px (lower is better)")
    figure.update_layout(height=320, margin={"t": 20, "b": 10, "l": 10, "r": 10})
    st.plotly_chart(figure, width="stretch", key="digits-sweep", alt="Distance against threshold")
    st.caption(
        "Two numbers, least column and least row, at every threshold. Strokes are soft: a low "
        "threshold finds their faint rim, a high one only their core."
    )
