"""The error of every network of a FlowNet2 over folders of pairs, and on sub-pixel samples.

``python -m tests.benchmarks.stack_stages DATA [--model NAME]``, DATA laid out as for
``python -m flowcore evaluate``. EPE in px, mean of pair means; beside the datasets 24 scenes whose
motion is below one px, from the photos that ship, and the bundled sub-pixel sample.
"""

import argparse
import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from skimage import data as photos

from flowcore.data import samples
from flowcore.data.datasets import open_dataset
from flowcore.data.scenes import SceneConfig, make_scenes
from flowcore.data.shapes import make_shapes
from flowcore.metrics.flow import mean_epe
from flowcore.ops.convert import flow_to_array, frame_to_array
from flowcore.ops.resize import resize_frame
from flowcore.pipeline import run
from flowcore.types import FlowField, FramePair, PipelineConfig

_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "retina", "immunohistochemistry")


def sub_pixel_scenes(count: int = 24) -> Iterator[FramePair]:
    """Scenes of motion below one px, none of whose photos were learnt from."""
    found = (np.array(getattr(photos, name)()) for name in _PHOTOS)
    textures = [
        resize_frame(torch.from_numpy(photo).permute(2, 0, 1)[None].float(), (320, 480))
        for photo in found
    ]
    scenes = make_scenes(
        torch.cat(textures).round().byte(),
        make_shapes(64),
        batch=count,
        size=(256, 320),
        config=SceneConfig(min_motion=0.05, max_motion=0.7, max_objects=4, turning=0.2),
        generator=torch.Generator().manual_seed(2**34),
    )
    for first, second, flow in zip(scenes.first, scenes.second, scenes.flow, strict=True):
        frames = (frame_to_array(frame[None]) for frame in (first, second))
        yield FramePair(*frames, FlowField(flow_to_array(flow[None])))


def pairs(root: Path) -> Iterator[tuple[str, FramePair]]:
    """Every pair, with the name of its set."""
    for files in open_dataset(root).pairs:
        yield files.dataset, files.load()
    yield "sub-pixel sample", samples.load("subpixel")
    for pair in sub_pixel_scenes():
        yield "sub-pixel scenes", pair


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--model", default="flownet2_small.scenes")
    options = parser.parse_args()
    errors: dict[str, dict[str, list[float]]] = {}
    for dataset, pair in pairs(options.root):
        estimate = run(pair, PipelineConfig(options.model), keep=frozenset({"iterates"}))
        for stage, flow in zip(estimate.stages, estimate.iterates, strict=True):
            error = mean_epe(flow, pair.truth.uv, pair.truth.valid)
            errors.setdefault(stage, {}).setdefault(dataset, []).append(error)
    print("| network |", " | ".join(next(iter(errors.values()))), "|")
    for stage, by_dataset in errors.items():
        cells = [f"{statistics.mean(values):.3f}" for values in by_dataset.values()]
        print(f"| {stage} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
