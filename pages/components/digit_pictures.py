"""A canvas of the digits lab, or a map over it, as a chart with marked positions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import torch

from flowcore.digits.data import CANVAS

__all__ = ["Mark", "picture"]


class Mark(NamedTuple):
    """Positions ``(N, 2)`` in px of the canvas, and how they are drawn."""

    name: str
    positions: torch.Tensor
    color: str
    symbol: str = "circle"
    size: float | Sequence[float] = 11


def picture(
    image: torch.Tensor,
    marks: Sequence[Mark] = (),
    *,
    limits: tuple[float, float],
    scale: str = "gray",
    unit: str = "brightness",
    height: int = 300,
    has_legend: bool = False,
) -> go.Figure:
    """A map ``(h, w)`` over the canvas, whatever its size, with marks.

    Parameters
    ----------
    limits : (float, float)
        Of the color scale: the same for all panels that are compared.
    scale : str
        A plotly color scale.
    """
    cell = CANVAS / len(image)
    centers = (np.arange(len(image)) + 0.5) * cell - 0.5
    figure = go.Figure(
        go.Heatmap(
            x=centers,
            y=centers,
            z=image.numpy(),
            zmin=limits[0],
            zmax=limits[1],
            colorscale=scale,
            colorbar={"title": {"text": unit, "side": "right"}, "thickness": 10},
            showscale=unit != "brightness",
            hovertemplate="x %{x:.0f}, y %{y:.0f}: %{z:.3g}<extra></extra>",
        )
    )
    for mark in marks:
        figure.add_scatter(
            x=mark.positions[:, 0].numpy(),
            y=mark.positions[:, 1].numpy(),
            name=mark.name,
            mode="markers",
            marker={
                "color": mark.color,
                "symbol": mark.symbol,
                "size": mark.size,
                "line": {"color": "white", "width": 1.5},
            },
            hovertemplate="x %{x:.2f}, y %{y:.2f} px",
        )
    figure.update_xaxes(range=[-0.5, CANVAS - 0.5], showgrid=False, constrain="domain")
    figure.update_yaxes(
        range=[CANVAS - 0.5, -0.5], showgrid=False, scaleanchor="x", constrain="domain"
    )
    figure.update_layout(
        height=height,
        margin={"t": 8, "b": 8, "l": 8, "r": 8},
        showlegend=has_legend,
        legend={"orientation": "h", "yanchor": "top", "y": -0.12},
        hoverlabel={"namelength": -1},
    )
    return figure
