"""Work on all lanes together, such as numbers over the pixels that all of them see."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flowcore.lane import Lane, have_own_pixels
from flowcore.types import FramePair, PipelineConfig
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, watch
from pages.components.tasks import measure_common
from pages.components.work import ask

__all__ = ["ask_of_all", "with_common_pixels"]


def with_common_pixels(
    pair: FramePair, runs: Sequence[Run], lanes: Mapping[str, Lane], *, again: bool
) -> dict[str, Lane]:
    """The lanes with their warp numbers over common pixels too, as soon as these are measured."""
    known = dict(lanes)
    if not all(run.job.is_over for run in runs) or not have_own_pixels(known.values()):
        return known
    found = ask_of_all("common pixels", measure_common, pair, runs, known, again=again)
    if found is None:
        return known
    return {
        title: replace(lane, metrics={**lane.metrics, **metrics})
        for (title, lane), metrics in zip(known.items(), found, strict=True)
    }


def ask_of_all(
    name: str,
    task: Callable[..., Any],
    pair: FramePair,
    runs: Sequence[Run],
    lanes: Mapping[str, Lane],
    *args: Any,
    again: bool,
) -> Any:
    """What ``task(progress, pair, lanes, *args)`` finds of these lanes; None as long as it works.

    ``runs`` are the lanes' own. A way to cancel is shown meanwhile.
    """
    keys = [run.job.key for run in runs if run.job.state == "done"]
    key = hashlib.sha256(repr((keys, pair.truth_digest, args)).encode()).hexdigest()
    slim = [replace(lane, metrics={}) for lane in lanes.values()]
    job = ask(f"{name}:{key}", task, pair, slim, *args, again=again)
    if job is None:
        return None
    one = LaneChoice(name, PipelineConfig(name))
    return watch([Run(one, job)], key=f"cancel-{name}").get(name)
