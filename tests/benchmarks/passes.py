"""What further passes over a pair give, and a larger net, on photos that no net here learnt from.

    python -m tests.benchmarks.passes PHOTOS [MODEL ...]

PHOTOS is a folder of such photos (BSDS500's val). First EPE in px, of 24 pairs of 512x384 px of
each kind. Then, by how much each model's is less than that of the one before it, in percent of a
pair's, with the 95 % interval of 1,000 bootstrap resamples of the pairs. Negative is worse.
"""

import sys
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch

from flowcore.data.scenes import SceneConfig, Scenes
from flowcore.metrics.bootstrap import paired_difference
from flowcore.metrics.flow import epe
from flowcore.pipeline import load_model, predict
from flowcore.types import FloatArray, PipelineConfig
from tests.benchmarks.held_out import LADDER, held_out_scenes

KINDS = {
    "below 1 px": SceneConfig(min_motion=0.05, max_motion=1.0),
    "1 to 10 px": SceneConfig(min_motion=1.0, max_motion=10.0),
    "10 to 80 px": SceneConfig(min_motion=10.0, max_motion=80.0),
    "a camera in a room": SceneConfig(min_motion=0.5, max_motion=80.0, rigid=1.0),
}


def main(photos: str, names: Sequence[str]) -> None:
    kinds = held_out_scenes(photos, KINDS.values(), batches=6, seed=77)
    print(f"| model | passes | {' | '.join(KINDS)} |")
    print(f"|---|---|{'---|' * len(KINDS)}")
    errors: dict[tuple[str, int], list[FloatArray]] = {}
    for name in names:
        for passes in (1, 2):
            found = [errors_of(name, passes, scenes) for scenes in kinds]
            errors[name, passes] = found
            cells = (f"{of_kind.mean():.3f}" for of_kind in found)
            print(f"| `{name}` | {passes} | {' | '.join(cells)} |", flush=True)
    print(f"\n| less error, % | passes | {' | '.join(KINDS)} | all |")
    print(f"|---|---|{'---|' * (len(KINDS) + 1)}")
    for before, name in pairwise(names):
        for passes in (1, 2):
            pairs = list(zip(errors[name, passes], errors[before, passes], strict=True))
            everything = tuple(np.concatenate(side) for side in zip(*pairs, strict=True))
            cells = (saved(ours, theirs) for ours, theirs in (*pairs, everything))
            print(f"| `{name}` than `{before}` | {passes} | {' | '.join(cells)} |")


@torch.inference_mode()
def errors_of(name: str, passes: int, scenes: Sequence[Scenes]) -> FloatArray:
    """The EPE of each pair, px."""
    model, config = load_model(name), PipelineConfig(name, passes=passes)
    flows = (predict(model, one.first, one.second, config).flow for one in scenes)
    return np.concatenate(
        [epe(flow, one.flow).mean((1, 2)) for flow, one in zip(flows, scenes, strict=True)]
    )


def saved(ours: FloatArray, theirs: FloatArray) -> str:
    """By how much our errors are smaller, the mean over pairs of their ratio's logarithm."""
    ratios = np.log(ours)[None], np.log(theirs)[None]
    change = paired_difference(*ratios, np.ones(ratios[0].shape, bool), block=1)
    mean, worst, best = (100 * (1 - np.exp(v)) for v in (change.mean, change.high, change.low))
    return f"{mean:.1f} ({worst:.1f} to {best:.1f})"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or LADDER)
