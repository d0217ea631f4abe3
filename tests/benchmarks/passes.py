"""What further passes over a pair give, on scenes of photos that no net here learnt from.

    python -m tests.benchmarks.passes PHOTOS [MODEL ...]

PHOTOS is a folder of such photos (BSDS500's val). EPE in px, of 24 pairs of 512x384 px of each
kind.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from flowcore.data.scenes import SceneConfig
from flowcore.pipeline import load_model, predict
from flowcore.types import PipelineConfig
from tests.benchmarks.held_out import held_out_scenes

MODELS = ("scope_035.scenes", "scope_070.scenes", "scope_200.scenes")
KINDS = {
    "below 1 px": SceneConfig(min_motion=0.05, max_motion=1.0),
    "1 to 10 px": SceneConfig(min_motion=1.0, max_motion=10.0),
    "10 to 80 px": SceneConfig(min_motion=10.0, max_motion=80.0),
    "a camera in a room": SceneConfig(min_motion=0.5, max_motion=80.0, rigid=1.0),
}


def main(photos: str, names: Sequence[str]) -> None:
    scenes = held_out_scenes(photos, KINDS.values(), batches=6, seed=77)
    print(f"| model | passes | {' | '.join(KINDS)} |")
    print(f"|---|---|{'---|' * len(KINDS)}")
    for name in names:
        for passes in (1, 2):
            config, means = PipelineConfig(name, passes=passes), []
            for batches in scenes:
                with torch.inference_mode():
                    flows = [
                        predict(load_model(name), one.first, one.second, config).flow
                        for one in batches
                    ]
                errors = [
                    (flow - one.flow).square().sum(1).sqrt().mean()
                    for flow, one in zip(flows, batches, strict=True)
                ]
                means.append(f"{torch.stack(errors).mean():.3f}")
            print(f"| `{name}` | {passes} | {' | '.join(means)} |", flush=True)


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), sys.argv[2:] or MODELS)
