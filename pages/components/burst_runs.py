"""The methods on their way: one job each."""

from collections.abc import Sequence

import streamlit as st

from flowcore.data.bursts import Burst
from pages.components.burst_form import BurstChoice, BurstLane
from pages.components.jobs import Job, QueueFullError, shared_queue
from pages.components.runs import Run, session_owner
from pages.components.tasks import restore_middle

__all__ = ["start_bursts"]


def start_bursts(burst: Burst, choice: BurstChoice) -> Sequence[Run]:
    """The run of each lane, kept by burst, method and stride. A full queue is said on the page."""
    runs = []
    try:
        runs.extend(
            Run(lane, _submit(burst, lane, again=choice.is_pressed)) for lane in choice.lanes
        )
    except QueueFullError as error:
        st.warning(str(error))
    return runs


def _submit(burst: Burst, lane: BurstLane, *, again: bool) -> Job:
    queue = shared_queue("lanes")
    key = f"burst:{burst.digest}:{lane.method}:{lane.stride}"
    known = queue.get(key)
    if known is not None and not (again and known.state in ("failed", "cancelled")):
        return known
    return queue.submit(key, restore_middle, burst, lane.method, lane.stride, owner=session_owner())
