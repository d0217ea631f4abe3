"""Learning curves as figures: which lines a chart has, stages, bands of seeds, divergences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.colors import hex_to_rgb, sample_colorscale

from flowcore.training.curves import (
    LoggedRun,
    curve,
    divergences,
    iteration_columns,
    stage_spans,
)

__all__ = [
    "CHARTS",
    "REFINEMENT",
    "Chart",
    "Line",
    "charts_of",
    "draw",
    "draw_profile",
    "lines_of",
]

REFINEMENT = "Refinement"
MAX_MARKS = 8  # lines drawn for the divergences of a run; more would hide the curves
FEW_POINTS = 30  # up to here a curve shows its points
SCALES = {"light": (0.0, 0.75), "dark": (0.3, 1.0)}  # the part of plasma that stands out
UNSMOOTHED = (
    "validation_epe",
    "learning_rate",
    "validation_miou",
    "validation_occlusion_f1",
    "validation_ause",
)


@dataclass(frozen=True)
class Line:
    """One curve of a chart, and the data behind it."""

    run: str
    name: str
    color: str
    data: pd.DataFrame
    is_dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """What a chart shows: columns of the log and their names; ``unit`` follows each number."""

    axis: str
    definition: str
    columns: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    of_steps: str = ""  # instead of columns: those of the refinement iterations that begin so

    def is_in(self, log: pd.DataFrame) -> bool:
        """Whether a log has any of it."""
        found = iteration_columns(log, self.of_steps) if self.of_steps else self.columns
        return any(name in log for name in found)


CHARTS = {
    "Error": Chart(
        "end-point error, px (lower is better)",
        "Mean length of estimate minus truth. Training: the net on augmented scenes, mean over "
        "the steps of a row. Validation: the averaged net on scenes that training never sees.",
        {"epe": "training", "validation_epe": "validation"},
        " px",
    ),
    REFINEMENT: Chart(
        "end-point error, px (lower is better)",
        "Training error after each refinement iteration.",
        unit=" px",
        of_steps="epe",
    ),
    "Loss": Chart(
        "loss (lower is better)",
        "What is minimized: the errors of all iterations, the later ones heavier, and the other "
        "terms of the stage. Do not compare it between stages of other settings.",
        {"loss": "loss"},
    ),
    "Gradient norm": Chart(
        "gradient norm",
        "Length of the gradient of the loss by all weights, before it is clipped.",
        {"gradient_norm": "gradient norm"},
    ),
    "Learning rate": Chart(
        "learning rate", "As the optimizer had it.", {"learning_rate": "learning rate"}
    ),
    "Flow loss": Chart(
        "flow's part of the loss (lower is better)",
        "Of each refinement iteration, before the iterations are weighed.",
        of_steps="flow_loss",
    ),
    "Semantic loss": Chart(
        "semantic part of the loss (lower is better)",
        "Of each refinement iteration, before the iterations and the part are weighed. That of the "
        "true flow is not zero.",
        of_steps="semantic_loss",
    ),
    "Gradients": Chart(
        "gradient norm",
        "Length of the gradient of each part of the loss, as it is weighed.",
        {"flow_gradient": "of the flow loss", "semantic_gradient": "of the semantic loss"},
    ),
    "Angle": Chart(
        "angle, degrees",
        "Between the gradients of flow and semantic loss: below 90 they agree, above they pull "
        "against each other.",
        {"angle": "angle"},
        " degrees",
    ),
    "Classes and occlusion": Chart(
        "%, of validation (higher is better)",
        "Of the averaged net on scenes that training never sees. Classes: intersection over union, "
        "mean of the classes. Occlusion: F1, the harmonic mean of the share of occluded pixels "
        "that is found and of the share of found pixels that is occluded.",
        {"validation_miou": "mIoU of the classes", "validation_occlusion_f1": "F1 of occlusion"},
        " %",
    ),
    "Uncertainty": Chart(
        "AUSE, of validation (lower is better)",
        "Area between the sparsification curve of the expected error and the oracle's, of the "
        "averaged net on scenes that training never sees; 0 would know every error.",
        {"validation_ause": "AUSE"},
    ),
}
DASHED = ("validation_epe", "semantic_gradient", "validation_occlusion_f1")


def charts_of(runs: Sequence[LoggedRun]) -> list[str]:
    """The charts that any of the logs has something for."""
    logs = [log for run in runs for log in run.logs]
    return [name for name, chart in CHARTS.items() if any(map(chart.is_in, logs))]


def lines_of(name: str, runs: Sequence[LoggedRun], window: int) -> list[Line]:
    """The curves of a chart that have any data, smoothed over ``window`` steps."""
    if CHARTS[name].of_steps:
        lines = _iterations(runs[0], window, CHARTS[name].of_steps)
    else:
        lines = [
            Line(
                run.name,
                label,
                color,
                curve(run, column, window=0 if column in UNSMOOTHED else window),
                is_dashed=column in DASHED,
            )
            for color, run in zip(cycle(_colors()), runs, strict=False)
            for column, label in CHARTS[name].columns.items()
        ]
    return [line for line in lines if not line.data.empty]


def draw(
    name: str, lines: Sequence[Line], runs: Sequence[LoggedRun], *, is_log: bool = False
) -> go.Figure:
    """The curves against the step, over the stages of the longest of the runs."""
    figure = go.Figure()
    is_one = len({line.run for line in lines}) < 2
    for line in lines:
        _add(figure, line, line.name if is_one else f"{line.run}, {line.name}", CHARTS[name].unit)
    _mark_stages(figure, runs)
    for color, run in zip(cycle(_colors()), runs, strict=False):
        _mark_divergences(figure, run, color)
    figure.update_layout(
        xaxis_title="step",
        yaxis_title=CHARTS[name].axis,
        height=420,
        margin={"t": 30, "b": 10},
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.2},
        showlegend=True,
    )
    figure.update_yaxes(type="log" if is_log else "linear")
    return figure


def draw_profile(profile: pd.DataFrame, color_of: int = 0) -> go.Figure:
    """The error over the refinement iterations; bars span the seeds."""
    figure = go.Figure()
    mean, low, high = (profile[name] for name in ("mean", "low", "high"))
    bars = {"symmetric": False, "array": high - mean, "arrayminus": mean - low}
    figure.add_scatter(
        x=profile["iteration"],
        y=mean,
        mode="lines+markers",
        line_color=_colors()[color_of],
        error_y=bars if (profile["num_seeds"] > 1).any() else None,
        hovertemplate="%{y:.3f} px after iteration %{x}<extra></extra>",
    )
    figure.update_layout(
        xaxis_title="refinement iteration",
        yaxis_title=CHARTS[REFINEMENT].axis,
        xaxis_dtick=1,
        height=300,
        margin={"t": 10, "b": 10},
    )
    return figure


def _colors() -> list[str]:
    return list(st.get_option(f"theme.{st.context.theme.type or 'light'}.chartCategoricalColors"))


def _iterations(run: LoggedRun, window: int, prefix: str) -> list[Line]:
    """A line for each refinement iteration, from dark to light as they follow one another."""
    columns = iteration_columns(run.longest, prefix)
    first, last = SCALES[st.context.theme.type or "light"]
    places = [first + (last - first) * n / max(1, len(columns) - 1) for n in range(len(columns))]
    colors = sample_colorscale("Plasma", places)
    return [
        Line(
            run.name,
            f"iteration {column.rpartition('_')[2]}",
            color,
            curve(run, column, window=window),
        )
        for column, color in zip(columns, colors, strict=True)
    ]


def _add(figure: go.Figure, line: Line, title: str, unit: str) -> None:
    """A line, and the band from the least to the greatest of the seeds where there are several."""
    data = line.data
    if data["num_seeds"].max() > 1:
        edges = {"mode": "lines", "line_width": 0, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=data["step"], y=data["high"], legendgroup=title, **edges)
        figure.add_scatter(
            x=data["step"],
            y=data["low"],
            legendgroup=title,
            fill="tonexty",
            fillcolor=_transparent(line.color),
            **edges,
        )
    figure.add_scatter(
        x=data["step"],
        y=data["mean"],
        name=title,
        legendgroup=title,
        mode="lines+markers" if len(data) <= FEW_POINTS else "lines",
        line={"color": line.color, "dash": "dash" if line.is_dashed else "solid"},
        hovertemplate=f"%{{y:.4g}}{unit}",
    )


def _transparent(color: str) -> str:
    red, green, blue = hex_to_rgb(color) if color.startswith("#") else color[4:-1].split(",")
    return f"rgba({red},{green},{blue},0.2)"


def _mark_stages(figure: go.Figure, runs: Sequence[LoggedRun]) -> None:
    """Every other stage shaded, each with its number above."""
    longest = max((run.longest for run in runs), key=lambda log: log["step"].iloc[-1])
    for number, span in enumerate(stage_spans(longest), start=1):
        if number % 2 == 0:
            figure.add_vrect(
                span.first, span.last, line_width=0, fillcolor="gray", opacity=0.15, layer="below"
            )
        figure.add_annotation(
            text=str(number),
            hovertext=span.name,
            x=span.first,
            y=1,
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
        )


def _mark_divergences(figure: go.Figure, run: LoggedRun, color: str) -> None:
    """A dotted line at each, the first with a word beside it."""
    found = sorted(mark.step for log in run.logs for mark in divergences(log))
    for number, step in enumerate(found[:MAX_MARKS]):
        figure.add_vline(
            step,
            line={"color": color, "dash": "dot", "width": 2},
            annotation_text="" if number else "diverged",
            annotation_position="bottom left",
        )
