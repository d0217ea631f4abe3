"""Lanes on the pixels that all of them see, where each would else be judged on its own."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from flowcore.lane import Lane, have_own_pixels
from flowcore.types import FramePair, PipelineConfig
from pages.components.lane_form import LaneChoice
from pages.components.runs import Run, watch
from pages.components.tasks import measure_common
from pages.components.work import ask

__all__ = ["with_common_pixels"]


def with_common_pixels(
    pair: FramePair, runs: Sequence[Run], lanes: Mapping[str, Lane], *, again: bool
) -> dict[str, Lane]:
    """The lanes with their warp numbers over common pixels too, as soon as these are measured."""
    known = dict(lanes)
    if not all(run.job.is_over for run in runs) or not have_own_pixels(known.values()):
        return known
    parts = [run.job.key for run in runs if run.job.state == "done"]
    key = hashlib.sha256(repr((parts, pair.truth_digest)).encode()).hexdigest()
    slim = [replace(lane, backward=None, metrics={}) for lane in known.values()]
    job = ask(f"common:{key}", measure_common, pair, slim, again=again)
    if job is None:
        return known
    name = LaneChoice("common pixels", PipelineConfig("common pixels"))
    for found in watch([Run(name, job)], key="cancel-common").values():
        return {
            title: replace(lane, metrics={**lane.metrics, **metrics})
            for (title, lane), metrics in zip(known.items(), found, strict=True)
        }
    return known
