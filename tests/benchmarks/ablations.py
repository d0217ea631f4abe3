"""What each ingredient of training buys, on the smallest net under one short schedule.

``python -m tests.benchmarks.ablations PHOTOS [PHOTOS ...] [--only NAME ...] [--seeds N] [--json]``

Every variant is trained with the same seeds as the baseline: from the same first weights, on the
same scenes where its recipe leaves them alone. Errors are EPE in px on held-out scenes of four
kinds. A difference is decided where all seeds agree on its sign and its mean is larger than its
spread over seeds; else it is undecided.
"""

import argparse
import dataclasses
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from flowcore.data.augment import AugmentConfig
from flowcore.data.scenes import SceneConfig, Scenes, make_scenes
from flowcore.errors import DivergedError
from flowcore.ops.jpeg import jpeg
from flowcore.training.config import LossConfig, Stage, TrainingConfig
from flowcore.training.loop import train

MODEL = "scope_035_4px"
SIMPLE = Stage(
    name="simple",
    steps=600,
    size=(128, 192),
    iterations=6,
    warm_up=100,
    final=0.5,
    scenes=SceneConfig(max_objects=4, min_motion=3, max_motion=30, turning=0.3, bending=0),
    augment=AugmentConfig(noise=0, difference=0, shading=0),
)
COMPLEX = dataclasses.replace(
    SIMPLE,
    name="complex",
    learning_rate=5e-4,
    final=0.05,
    scenes=SceneConfig(min_motion=0.05, max_motion=40),
    augment=AugmentConfig(),
)
MODELS = {"encoded in 2x2 chunks": "scope_035_split"}  # the others are of MODEL
KINDS = {"sub-pixel": (0.05, 1.0), "medium": (1.0, 10.0), "fast": (10.0, 40.0)}


def _complex(**changes: object) -> tuple[Stage, ...]:
    return SIMPLE, dataclasses.replace(COMPLEX, **changes)


VARIANTS = {
    "baseline: simple, then complex": _complex(),
    "complex, then simple": (
        dataclasses.replace(COMPLEX, learning_rate=1e-3, final=0.5),
        dataclasses.replace(SIMPLE, learning_rate=5e-4, final=0.05),
    ),
    "complex alone": (dataclasses.replace(COMPLEX, learning_rate=1e-3, final=0.05, steps=1200),),
    "with census loss": _complex(loss=LossConfig(census=1.0)),
    "with SSIM and smoothness": _complex(loss=LossConfig(ssim=1.0, smoothness=0.1)),
    "with JPEG artifacts": _complex(augment=AugmentConfig(jpeg=0.5)),
    "without sub-pixel motion": _complex(scenes=SceneConfig(min_motion=1.0, max_motion=40)),
    "encoded in 2x2 chunks": _complex(),
}


def held_out(textures: torch.Tensor, shapes: torch.Tensor) -> Iterator[tuple[str, Scenes]]:
    """Scenes of each kind, the medium ones compressed as well; the same each time."""
    generator = torch.Generator().manual_seed(2**33)
    for kind, (slowest, fastest) in KINDS.items():
        config = SceneConfig(min_motion=slowest, max_motion=fastest)
        scenes = make_scenes(
            textures, shapes, batch=16, size=(192, 256), config=config, generator=generator
        )
        yield kind, scenes
        if kind == "medium":
            first, second = (jpeg(frame, quality=30) for frame in (scenes.first, scenes.second))
            yield "JPEG 30", dataclasses.replace(scenes, first=first, second=second)


@torch.inference_mode()
def errors_of(
    stages: tuple[Stage, ...], photos: list[str], seed: int, *, model: str = MODEL
) -> dict[str, float]:
    """EPE in px on each kind of held-out scenes, after training."""
    config = TrainingConfig(
        model=model, stages=stages, photos=tuple(photos), seed=seed, ema=0.99, validate_every=10**6
    )
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode(False):
        trainer = train(config, Path(folder), progress=_show)
    net, source = trainer.averaged.module.eval(), trainer.source
    return {
        kind: (net(scenes.first, scenes.second).flow - scenes.flow)
        .square()
        .sum(1)
        .sqrt()
        .mean()
        .item()
        for kind, scenes in held_out(source.kept, source.shapes)
    }


def _show(progress) -> None:
    if progress.step % 200 == 0:
        print(f"  {progress.stage} {progress.step} {progress.epe:.2f} px", file=sys.stderr)


def verdict(variant: list[float], baseline: list[float]) -> str:
    """ "better", "worse", "undecided" or "diverged", from the errors by seed."""
    if any(map(math.isnan, variant)):
        return "diverged"
    differences = [a - b for a, b in zip(variant, baseline, strict=True)]
    mean, spread = statistics.mean(differences), max(differences) - min(differences)
    if abs(mean) <= spread or min(differences) * max(differences) <= 0:
        return "undecided"
    return "worse" if mean > 0 else "better"


def spread(values: list[float]) -> float:
    """Half the distance between the least and the largest."""
    return (max(values) - min(values)) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--only", nargs="+", default=[], help="words of the variants' names")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table: dict[str, dict[str, list[float]]] = {}
    for name, stages in VARIANTS.items():
        if options.only and not any(word in name for word in ["baseline", *options.only]):
            continue
        print(name, file=sys.stderr)
        model = MODELS.get(name, MODEL)
        runs = []
        for seed in range(options.seeds):
            try:
                runs.append(errors_of(stages, options.photos, seed, model=model))
            except DivergedError as error:
                print(f"  seed {seed}: {error}", file=sys.stderr)
                runs.append(dict.fromkeys([*KINDS, "JPEG 30"], math.nan))
        table[name] = {kind: [run[kind] for run in runs] for kind in runs[0]}
        print(table[name], file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(table, indent=2))
        return
    baseline = next(iter(table.values()))
    for name, errors in table.items():
        cells = [
            f"{kind} {statistics.mean(values):.3f} ± {spread(values):.3f}"
            + (f" ({verdict(values, baseline[kind])})" if errors is not baseline else "")
            for kind, values in errors.items()
        ]
        print(f"{name}: {'; '.join(cells)}")


if __name__ == "__main__":
    main()
