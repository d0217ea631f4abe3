"""Lanes that are models as they are, and the color of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from flowcore import models
from flowcore.pipeline import DEFAULT_MODEL
from flowcore.types import PipelineConfig
from pages.components.charts import lane_colors
from pages.components.lane_form import LaneChoice, choose_threads
from pages.components.weights_import import import_weights_here

__all__ = ["StressLanes", "choose_stress_lanes"]

CLASSICAL = "dis_medium"
OFFICIAL = "raft_small."
MAX_LANES = 6


@dataclass(frozen=True)
class StressLanes:
    """The lanes that are chosen, and what holds for all of them.

    Parameters
    ----------
    lanes : tuple of LaneChoice
    threads : int
        Processor threads of each estimate.
    again : bool
        Whether those that failed or were cancelled are to run again.
    """

    lanes: tuple[LaneChoice, ...]
    threads: int
    again: bool

    @property
    def colors(self) -> dict[str, str]:
        """By title, that of the lane's first pane in a viewer which has two for each lane."""
        colors = lane_colors()
        return {
            lane.title: colors[2 * number % len(colors)] for number, lane in enumerate(self.lanes)
        }


def choose_stress_lanes(first: Sequence[str] = ()) -> StressLanes:
    """A lane for each model that is chosen; at first these, or the smallest net and the usual one.

    That none is chosen is said.
    """
    names = models.available()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Models",
            names,
            default=_defaults(names, first),
            max_selections=MAX_LANES,
            key="models",
            bind="query-params",
            width=640,  # on a phone a row of its own
        )
        threads = choose_threads()
        again = st.button("Run again", help="Repeats what failed or was cancelled.")
        import_weights_here()
    lanes = tuple(LaneChoice(name, PipelineConfig(name)) for name in chosen)
    if not lanes:
        st.info("Choose a model or two.")
    return StressLanes(lanes, threads, again)


def _defaults(names: Sequence[str], first: Sequence[str]) -> list[str]:
    """These, or else the smallest net and the usual one; a classical method; official ones."""
    official = [name for name in names if name.startswith(OFFICIAL)]
    beside = [CLASSICAL, *official]
    return list(dict.fromkeys([*(first or (models.smallest(), DEFAULT_MODEL)), *beside]))[
        :MAX_LANES
    ]
