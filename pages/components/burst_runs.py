"""The methods on their way: one job each."""

from collections.abc import Sequence

from flowcore.types import Burst
from pages.components.burst_form import BurstChoice
from pages.components.runs import Run
from pages.components.tasks import restore_middle
from pages.components.work import ask

__all__ = ["start_bursts"]


def start_bursts(burst: Burst, choice: BurstChoice) -> Sequence[Run]:
    """The run of each lane, kept by burst, method and stride. A full queue is said on the page."""
    runs = []
    for lane in choice.lanes:
        key = f"burst:{burst.digest}:{lane.method}:{lane.stride}"
        job = ask(key, restore_middle, burst, lane.method, lane.stride, again=choice.is_pressed)
        if job is None:
            break
        runs.append(Run(lane, job))
    return runs
