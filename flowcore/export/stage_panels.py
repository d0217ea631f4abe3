"""A refinement on show: its pictures at one stage, its curves as a table, a sheet to take away."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowcore.errors import ConfigError
from flowcore.export.panels import legend
from flowcore.metrics.flow import epe
from flowcore.metrics.stages import update_size
from flowcore.refinement import Refinement
from flowcore.types import FramePair, UInt8Array
from flowcore.viz.error import error_to_color
from flowcore.viz.flow_color import flow_to_color
from flowcore.viz.scale import Scale
from flowcore.viz.sheet import panel_sheet
from flowcore.viz.stages import stopping_bar, stopping_to_color, update_bar, update_to_color

__all__ = ["StageView", "stage_legends", "stage_panels", "stage_sheet", "stage_table"]

_MAX_SIDE = 640  # px of a panel


@dataclass(frozen=True)
class StageView:
    """How stages are looked at.

    Parameters
    ----------
    stage : int
        From 0; a lane with fewer stages shows its last one.
    tolerance : float
        px within which a vector counts as stopped.
    scale : Scale
        Of flows and errors, for all lanes and stages.
    num_stages : int
        Of the lane that has the most.
    """

    stage: int
    tolerance: float
    scale: Scale
    num_stages: int

    def of(self, refinement: Refinement) -> int:
        """The stage of this lane that is shown.

        Raises
        ------
        ConfigError
            The lane has no stages.
        """
        if not refinement.names:
            raise ConfigError("This lane has no stages to show.")
        return min(self.stage, len(refinement.names) - 1)


def stage_panels(
    pair: FramePair, refinement: Refinement, view: StageView
) -> list[tuple[str, UInt8Array]]:
    """Titled pictures of one lane at one stage: flow, update, error where there is truth, stop."""
    stage = view.of(refinement)
    flow, truth = refinement.iterates[stage], refinement.truth(pair)
    thin = (slice(None, None, max(1, -(-max(flow.shape[:2]) // _MAX_SIDE))),) * 2
    scale = view.scale
    update = update_size([iterate[thin] for iterate in refinement.iterates[: stage + 1]], stage)
    stopped = refinement.stopping_point(view.tolerance)[thin]
    panels = [
        ("Flow", flow_to_color(flow[thin], max_magnitude=scale.max_magnitude)),
        ("Update", update_to_color(update)),
    ]
    if truth is not None:
        error = epe(flow[thin], truth.uv[thin])
        colors = error_to_color(error, max_error=scale.max_error, valid=truth.valid[thin])
        panels.append(("Error", colors))
    panels.append(("Stopping point", stopping_to_color(stopped, num_stages=view.num_stages)))
    return panels


def stage_legends(
    view: StageView, *, has_truth: bool, size: int = 84
) -> list[tuple[str, UInt8Array]]:
    """The legends of `stage_panels`, in their order; bars are three times as wide as ``size``."""
    wheel, bar = (legend(layer, view.scale, size=size) for layer in ("flow", "error"))
    pictures = {
        "Flow": wheel,
        "Update": update_bar(width=3 * size),
        "Error": bar if has_truth else None,
        "Stopping point": stopping_bar(view.num_stages, width=3 * size),
    }
    return [(title, picture) for title, picture in pictures.items() if picture is not None]


def stage_sheet(
    pair: FramePair, refinements: Mapping[str, Refinement], view: StageView
) -> UInt8Array:
    """All lanes at one stage as one picture, ``(H, W, 3) uint8``, with legends and a caption."""
    rows = [
        [
            (f"{lane}, {refinement.names[view.of(refinement)]}: {title}", picture)
            for title, picture in stage_panels(pair, refinement, view)
        ]
        for lane, refinement in refinements.items()
    ]
    legends = [picture for _, picture in stage_legends(view, has_truth=pair.truth is not None)]
    caption = f"Stopped: within {view.tolerance:g} px of the final vector from this stage on."
    return panel_sheet(rows, legends, f"{pair.name}. {caption}" if pair.name else caption)


def stage_table(refinements: Mapping[str, Refinement], tolerance: float) -> pd.DataFrame:
    """One row per lane and stage: number from 1, name, mean EPE, mean update, share stopped."""
    parts = [
        pd.DataFrame(
            {
                "lane": lane,
                "stage": range(1, len(refinement.names) + 1),
                "name": refinement.names,
                "epe_px": refinement.epe or np.nan,
                "update_px": refinement.update,
                "stopped_percent": refinement.settled_share(tolerance),
            }
        )
        for lane, refinement in refinements.items()
    ]
    return pd.concat(parts, ignore_index=True)
