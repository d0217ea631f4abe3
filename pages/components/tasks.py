"""What worker processes are asked to do; free of streamlit, so that they start quickly."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from flowcore import models
from flowcore.features.attribution import Attribution, Method, attribute, shuffled
from flowcore.features.dense import DenseMatching, dense_matching
from flowcore.features.heads import Heads, read_heads
from flowcore.features.matching import Matching, look_inside
from flowcore.hardware import use_threads
from flowcore.lane import (
    Lane,
    common_pixels,
    external_lane,
    measure_again,
    measure_region,
    run_lane,
)
from flowcore.metrics.summary import Measurement, measure_warp
from flowcore.models.download import download_weights
from flowcore.pipeline import load_model
from flowcore.refinement import Refinement, refine
from flowcore.types import Box, Burst, FlowField, FramePair, PipelineConfig

__all__ = [
    "FRAMES_ALONE",
    "attribute_vector",
    "call",
    "estimate_lane",
    "fetch_weights",
    "import_checkpoint",
    "keep_stages",
    "look_into_lane",
    "map_matching",
    "measure_common",
    "measure_compressed",
    "measure_external",
    "measure_flattened",
    "measure_lane",
    "measure_size",
    "measure_within",
    "read_lane_heads",
    "restore_middle",
    "walk_stack",
]

Report = Callable[[float, str], None]


def call(_report: Report, work: Callable[[], Any]) -> Any:
    """What ``work`` returns: any library call that reads a file of a user."""
    return work()


def fetch_weights(progress: Report, name: str) -> models.ModelCard:
    """Official weights, from whoever publishes them."""
    return download_weights(name, progress=progress)


def estimate_lane(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> Lane:
    """One lane, with progress."""
    return run_lane(pair, config, threads=threads, progress=progress)


def keep_stages(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> Refinement:
    """The stages of one lane, with progress."""
    return refine(pair, config, threads=threads, progress=progress)


def look_into_lane(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> Matching:
    """What one lane compares."""
    progress(0.1, "looking at what it compares")
    return look_inside(pair, config, threads=threads)


def map_matching(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> DenseMatching:
    """The matching of every pixel of one lane."""
    progress(0.1, "comparing")
    inside = look_inside(pair, config, threads=threads)
    progress(0.5, "finding the best match of every cell")
    with use_threads(threads):
        return dense_matching(inside)


def read_lane_heads(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> Heads:
    """What the heads of one lane's net say."""
    progress(0.1, "asking for classes and occlusions")
    return read_heads(pair, config, threads=threads)


def attribute_vector(
    progress: Report,
    pair: FramePair,
    config: PipelineConfig,
    threads: int | None,
    pixel: tuple[int, int],
    component: Literal["u", "v"],
    method: Method,
) -> tuple[Attribution, Attribution]:
    """What one vector hangs on, with the lane's weights and with the same weights shuffled."""
    models = load_model(config.model), shuffled(load_model(config.model))
    names = "through the trained weights", "through shuffled weights"
    found = []
    with use_threads(threads):
        for number, (model, name) in enumerate(zip(models, names, strict=True)):
            progress(number / 2, name)
            found.append(
                attribute(
                    pair,
                    config,
                    *pixel,
                    component=component,
                    method=method,
                    model=model,
                    progress=lambda done, start=number / 2, name=name: progress(
                        start + done / 2, name
                    ),
                )
            )
    return found[0], found[1]


def measure_size(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> Any:
    """The ``flowcore.size_points.SizePoint`` of one lane, with progress."""
    from flowcore.size_points import measure  # slow to import, and not needed for a flow

    return measure(pair, config, threads=threads, progress=progress)


def restore_middle(_report: Report, burst: Burst, method: str, stride: int | None) -> Any:
    """The ``flowcore.bursts.restore.Restoration`` of one method."""
    from flowcore.bursts.restore import BASELINES, restore  # slow to import

    return restore(burst, method, stride=stride, keep_gaze=method not in BASELINES)


def walk_stack(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> Any:
    """The ``flowcore.stack_walk.Walk`` of a pair through FlowNet2, with progress."""
    from flowcore.stack_walk import walk  # slow to import, and not needed for a flow

    return walk(pair, config, threads=threads, progress=progress)


def measure_compressed(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> Any:
    """The curve of one lane over JPEG quality, with progress."""
    return _robustness(progress, pair, config, threads, "jpeg")


def measure_flattened(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> Any:
    """The curve of one lane over the texture that is left, with progress."""
    return _robustness(progress, pair, config, threads, "texture")


def _robustness(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None, kind: str
) -> Any:
    from flowcore.robustness.hardships import robustness_curve  # not needed for a flow

    return robustness_curve(pair, config, kind, threads=threads, progress=progress)


def measure_lane(_progress: Report, pair: FramePair, lane: Lane) -> Lane:
    """The lane measured on what is known of the pair now."""
    return measure_again(pair, lane)


def measure_common(
    progress: Report, pair: FramePair, lanes: list[Lane]
) -> list[dict[str, Measurement]]:
    """The warp numbers of each lane over the pixels that all of them see."""
    pixels, found = common_pixels(pair, lanes), []
    for number, lane in enumerate(lanes):
        progress(number / len(lanes), "measuring on common pixels")
        found.append(measure_warp(lane.estimate.flow, pair, pixels))
    return found


def measure_within(
    progress: Report, pair: FramePair, lanes: list[Lane], box: Box
) -> list[Mapping[str, Measurement]]:
    """The metrics of each lane over the pixels of a rectangle."""
    found = []
    for number, lane in enumerate(lanes):
        progress(number / len(lanes), "measuring in the rectangle")
        found.append(measure_region(pair, lane, box))
    return found


def measure_external(_report: Report, pair: FramePair, flow: FlowField, name: str) -> Lane:
    """The lane of an uploaded flow."""
    return external_lane(pair, flow, name=name)


def import_checkpoint(data: bytes, name: str | None) -> models.ModelCard:
    """The card of uploaded weights, kept from now on."""
    return models.import_weights(data, name=name)


FRAMES_ALONE = (look_into_lane, map_matching, read_lane_heads)
"""Tasks of a lane whose results hang on the frames, and on nothing that is known of them."""
