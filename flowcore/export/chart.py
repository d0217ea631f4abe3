"""The errors of a comparison as a chart."""

import io
from collections.abc import Mapping
from itertools import cycle

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from flowcore.errors import ConfigError
from flowcore.export.figure.text import text_as_text
from flowcore.lane import Lane
from flowcore.metrics.curves import cumulative_share
from flowcore.metrics.flow import epe
from flowcore.types import FramePair
from flowcore.viz.palette import LANE_COLORS

__all__ = ["error_chart"]


def error_chart(pair: FramePair, lanes: Mapping[str, Lane]) -> bytes:
    """The cumulative error of every lane as SVG.

    Raises
    ------
    ConfigError
        The pair has no truth.
    """
    if pair.truth is None:
        raise ConfigError("Without a true flow there is no error to draw.")
    limits = np.geomspace(0.01, 100, 81, dtype=np.float32)
    with text_as_text(), mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(6, 3), layout="constrained")
        FigureCanvasAgg(figure)
        axis = figure.subplots()
        for color, (title, lane) in zip(cycle(LANE_COLORS), lanes.items(), strict=False):
            flow = lane.estimate.flow
            errors = epe(flow.uv, pair.truth.uv)[flow.valid & pair.truth.valid]
            axis.semilogx(limits, cumulative_share(errors, limits), label=title, color=color)
        axis.set_xlabel("end-point error, px")
        axis.set_ylabel("pixels not above, %")
        axis.grid(visible=True, alpha=0.3)
        axis.legend()
        file = io.BytesIO()
        figure.savefig(file, format="svg")
    return file.getvalue()
