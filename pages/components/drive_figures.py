"""Drives as figures: from above, and frame by frame."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from flowcore.tasks.metrics import Moment
from flowcore.tasks.world_course import Course
from flowcore.tasks.world_plan import Plan, plan_of
from pages.components.charts import TRUTH_COLOR, lane_colors
from pages.components.drive_run import CLEAN, TRUE

__all__ = ["clearance_figure", "plan_figure", "steering_figure"]

PLAN_HEIGHT = 400
WALL, PILLAR = "gray", "rgba(150, 110, 70, 0.6)"

Ways = Mapping[str, Sequence[Moment]]
"""The frames of every drive, as far as it is, by its title."""


def plan_figure(course: Course, ways: Ways) -> go.Figure:
    """Walls, pillars, start and goal, and every way; both axes in m, on one scale."""
    plan, figure = plan_of(course), go.Figure()
    _draw_course(figure, plan)
    colors = _colors(ways)
    for title, moments in ways.items():
        places = np.array([plan.start[:2], *(moment.pose[:2] for moment in moments)])
        end = "x" if moments[-1].clearance <= 0 else "circle"
        figure.add_scatter(
            x=places[:, 0],
            y=places[:, 1],
            customdata=[0, *(moment.number for moment in moments)],
            name=title,
            mode="lines+markers",
            marker={
                "size": [0] * len(moments) + [10],
                "symbol": ["circle"] * len(moments) + [end],
            },
            line={"color": colors[title], "width": 2},
            hovertemplate="frame %{customdata}",
        )
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, scaleanchor="x")
    figure.update_layout(
        height=PLAN_HEIGHT,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.02},
        showlegend=bool(ways),
    )
    return figure


def clearance_figure(ways: Ways) -> go.Figure:
    """The room to the nearest thing by frame, and where it touches."""
    figure = go.Figure()
    _add(figure, ways, "clearance", "%{y:.3f} m")
    figure.add_hline(0, line={"dash": "dot", "width": 1, "color": "gray"})
    return _finished(figure, "clearance, m")


def steering_figure(ways: Ways) -> go.Figure:
    """The command by frame; dotted what the same algorithm says to the true flow there."""
    figure = go.Figure()
    _add(figure, ways, "turn", "%{y:+.2f} deg")
    flawed = {title: moments for title, moments in ways.items() if title != TRUE}
    _add(figure, flawed, "true_turn", "%{y:+.2f} deg by the true flow", is_dotted=True)
    return _finished(figure, "turn to the right, deg")


def _add(
    figure: go.Figure,
    ways: Ways,
    number: str,
    hover: str,
    *,
    is_dotted: bool = False,
) -> None:
    colors = _colors(ways)
    for title, moments in ways.items():
        figure.add_scatter(
            x=[moment.number for moment in moments],
            y=[getattr(moment, number) for moment in moments],
            name=f"{title}: true command" if is_dotted else title,
            mode="lines",
            line={
                "color": colors[title],
                "width": 1 if is_dotted else 2,
                "dash": "dot" if is_dotted else "solid",
            },
            hovertemplate=hover,
        )


def _finished(figure: go.Figure, title: str) -> go.Figure:
    figure.update_xaxes(title_text="frame")
    figure.update_yaxes(title_text=title)
    figure.update_layout(
        height=300,
        margin={"t": 10, "b": 10, "l": 10, "r": 10},
        legend={"orientation": "h", "yanchor": "top", "y": -0.25},
        showlegend=True,
    )
    return figure


def _colors(ways: Ways) -> dict[str, str]:
    """Clean has the first color, the perturbed one the second, the true flow is gray."""
    first, second, *_ = lane_colors()
    return {title: {CLEAN: first, TRUE: TRUTH_COLOR}.get(title, second) for title in ways}


def _draw_course(figure: go.Figure, plan: Plan) -> None:
    gaps = np.full((len(plan.walls), 1), np.nan)
    x, z = (np.concatenate([plan.walls[:, part], gaps], 1).ravel() for part in ([0, 2], [1, 3]))
    quiet: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False, "mode": "lines"}
    figure.add_scatter(x=x, y=z, line={"color": WALL, "width": 2}, **quiet)
    for x, z, radius in plan.pillars.tolist():
        figure.add_shape(
            type="circle", x0=x - radius, x1=x + radius, y0=z - radius, y1=z + radius,
            fillcolor=PILLAR, line_width=0,
        )  # fmt: skip
    for place, word in ((plan.start[:2], "start"), (plan.path[-1].tolist(), "goal")):
        figure.add_annotation(x=place[0], y=place[1], text=word, showarrow=False, yshift=-10)
