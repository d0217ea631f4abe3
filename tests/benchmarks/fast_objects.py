"""Small things that move far: how much of them a model misses.

    python -m tests.benchmarks.fast_objects PHOTOS [MODEL ...]

PHOTOS is a folder of photos that no net here learnt from (BSDS500's val). Of 128 scenes of 512x384
px with objects that move by up to 110 px, those that move by 20 to 60 are looked at, by their
visible area. A pixel is missed where the flow's error is more than half of its motion. A cell of
the table is the mean over objects of the share that is missed, in percent, and their number.
"""

import bisect
import sys
from collections.abc import Iterator, Sequence
from statistics import mean

import torch

from flowcore.data.scenes import SceneConfig, Scenes
from flowcore.metrics.flow import epe
from flowcore.pipeline import load_model, predict
from flowcore.types import PipelineConfig
from tests.benchmarks.held_out import LADDER, held_out_scenes

CONFIG = SceneConfig(
    min_objects=2,
    max_objects=5,
    min_motion=1.0,
    max_motion=110.0,
    uniform_speed=1.0,
    resting=0.2,
    still_camera=0.7,
    turning=0.3,
)
SPEEDS = (20.0, 60.0)  # px
AREAS = (500, 1500, 4000, 12000)  # px, between the columns
MIN_AREA = 50


def main(photos: str, names: Sequence[str]) -> None:
    (scenes,) = held_out_scenes(photos, [CONFIG], batches=32, seed=5)
    bounds = (MIN_AREA, *AREAS)
    columns = [f"{a:,} to {b:,} px" for a, b in zip(bounds, AREAS, strict=False)]
    print(f"| model | {' | '.join(columns)} | more |")
    print(f"|---|{'---|' * (len(AREAS) + 1)}")
    for name in names:
        missed: list[list[float]] = [[] for _ in range(len(AREAS) + 1)]
        for one in scenes:
            for area, share in missed_of(name, one):
                missed[bisect.bisect(AREAS, area)].append(share)
        cells = (f"{100 * mean(shares):.1f} ({len(shares)})" for shares in missed)
        print(f"| `{name}` | {' | '.join(cells)} |", flush=True)


@torch.inference_mode()
def missed_of(name: str, scenes: Scenes) -> Iterator[tuple[int, float]]:
    """Visible area in px, and share of it that is missed, of the objects of that speed."""
    flow = predict(load_model(name), scenes.first, scenes.second, PipelineConfig(name)).flow
    errors, speeds = epe(flow, scenes.flow), epe(scenes.flow, torch.zeros_like(scenes.flow))
    for error, speed, labels, occluded in zip(
        errors, speeds, scenes.labels, scenes.occluded, strict=True
    ):
        for label in range(1, int(labels.max()) + 1):
            inside = (labels == label) & ~occluded
            area = int(inside.sum())
            if area >= MIN_AREA and SPEEDS[0] <= speed[inside].mean() < SPEEDS[1]:
                yield area, (error > speed / 2)[inside].float().mean().item()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or LADDER)
