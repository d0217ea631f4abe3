"""The claims of the FlowNet2 paper, tested on thin networks under one short schedule.

``python -m tests.benchmarks.claims RUNS.json --photos FOLDER [FOLDER ...] [--seeds N]``

Ilg et al., FlowNet 2.0, CVPR 2017, sections 3 to 5. Networks have an eighth of the channels, at
most 32. FlowNetC and every FlowNetS have the same schedule, all of them the same scenes, gone
through again and again. All variants of a seed begin with the same first weights where they have
the same layers; all stacks begin with the same trained FlowNetC. Errors are EPE in px on held-out
scenes of three kinds of motion, the same for all, and their geometric mean. A claim holds, or does
not, where all seeds agree on the sign of the difference and its mean is larger than its spread over
seeds; else it is undecided. Every run is kept in RUNS.json as it ends, the weights that others
begin with in the folder RUNS beside it: called again, it goes on where it was stopped.
"""

import argparse
import dataclasses
import math
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch

from flowcore.data.scenes import SceneConfig, Scenes, make_scenes
from flowcore.models.flownet_net import FlowNet2
from flowcore.models.flownet_parts import FlowNetC, FlowNetS, FlowNetSD, Fusion, Width
from flowcore.models.registry import register
from flowcore.training.config import Stage, TrainingConfig
from flowcore.training.loop import Trainer
from tests.benchmarks.ablations import COMPLEX, SIMPLE, spread, verdict
from tests.benchmarks.kept_runs import Row, Runs
from tests.benchmarks.shared_scenes import share_scenes

WIDTH = Width(1 / 8, widest=32)
GRAY = (0.45, 0.45, 0.45)
SIMPLE_STEPS, FINE_STEPS = 4800, 2400  # of every FlowNetC and FlowNetS
NUM_BATCHES = 1000  # of each kind of scenes
REACH = 4  # cells of 8 px, of FlowNetC
KINDS = {"sub-pixel": (0.05, 1.0), "medium": (1.0, 5.0), "fast": (5.0, 30.0)}  # px
UNIT = 4.0
_SIMPLE = dataclasses.replace(
    SIMPLE,
    steps=SIMPLE_STEPS,
    size=(128, 128),
    scenes=SceneConfig(max_objects=3, min_motion=4, max_motion=30, turning=0.3, bending=0),
)
_FINE = dataclasses.replace(
    COMPLEX,
    steps=FINE_STEPS,
    size=(128, 128),
    warm_up=20,
    scenes=SceneConfig(max_objects=5, min_motion=0.05, max_motion=30),
)
_STILL = dataclasses.replace(
    _FINE,
    name="still",
    learns=("flownets_d",),
    steps=SIMPLE_STEPS,
    learning_rate=1e-3,
    scenes=SceneConfig(max_objects=3, min_motion=0.05, max_motion=3, plain=0.2),
)
_FUSED = dataclasses.replace(_FINE, name="fused", learns=("flownetfusion",), learning_rate=1e-3)


@register(family="flownet")
def claims_s() -> FlowNet2:
    """FlowNetS alone."""
    return FlowNet2({"flownets_1": FlowNetS(WIDTH)}, unit=UNIT, mean=GRAY, bytes_per_pixel=1)


@register(family="flownet")
def claims_c() -> FlowNet2:
    """FlowNetC alone."""
    return FlowNet2(
        {"flownetc": FlowNetC(WIDTH, reach=REACH, spacing=1)},
        unit=UNIT,
        mean=GRAY,
        bytes_per_pixel=1,
    )


@register(family="flownet")
def claims_stack() -> FlowNet2:
    """FlowNetC, FlowNetS after it, FlowNetSD beside them, and the fusion."""
    return FlowNet2(
        {"flownetc": FlowNetC(WIDTH, reach=REACH, spacing=1), "flownets_1": FlowNetS(WIDTH, 12)},
        small=FlowNetSD(WIDTH),
        fusion=Fusion(WIDTH),
        small_unit=1.0,
        unit=UNIT,
        mean=GRAY,
        bytes_per_pixel=1,
    )


@register(family="flownet")
def claims_unwarped() -> FlowNet2:
    """FlowNetC and FlowNetS, which sees no warped frame."""
    stack = {"flownetc": FlowNetC(WIDTH, reach=REACH, spacing=1), "flownets_1": FlowNetS(WIDTH, 8)}
    return FlowNet2(stack, unit=UNIT, mean=GRAY, is_warping=False, bytes_per_pixel=1)


Weights = Mapping[str, Mapping[str, torch.Tensor]]  # of networks, by name


class Variant(NamedTuple):
    """A training; ``after`` names the one whose networks it begins with."""

    model: str
    stages: tuple[Stage, ...]
    after: str | None = None


def _mixed(num_blocks: int = 24) -> tuple[Stage, ...]:
    """As many simple and complex scenes as in a row, by turns, at one falling rate."""
    return tuple(
        dataclasses.replace(
            (_SIMPLE, _SIMPLE, _FINE)[block % 3],
            name=f"block {block}",
            steps=(SIMPLE_STEPS + FINE_STEPS) // num_blocks,
            learning_rate=0.5e-3 * (1 + math.cos(math.pi * block / num_blocks)),
            warm_up=100 if block == 0 else 0,
            final=1.0,
        )
        for block in range(num_blocks)
    )


def _learning(*learns: str, heads: tuple[str, ...] = ()) -> tuple[Stage, ...]:
    """The schedule of networks that are trained on simple, then on complex scenes."""
    return tuple(
        dataclasses.replace(stage, learns=learns, heads=heads) for stage in (_SIMPLE, _FINE)
    )


VARIANTS = {
    "C: simple, then complex": Variant("claims_c", (_SIMPLE, _FINE)),
    "S: simple, then complex": Variant("claims_s", (_SIMPLE, _FINE)),
    "CS: first rests": Variant(
        "claims_stack", _learning("flownets_1"), "C: simple, then complex"
    ),
    "CS: without warping": Variant(
        "claims_unwarped", _learning("flownets_1"), "C: simple, then complex"
    ),
    "CS: both learn": Variant(
        "claims_stack", _learning("flownetc", "flownets_1"), "C: simple, then complex"
    ),
    "CS: both learn, intermediate loss": Variant(
        "claims_stack",
        _learning("flownetc", "flownets_1", heads=("flownetc", "flownets_1")),
        "C: simple, then complex",
    ),
    "CS and SD, fused": Variant("claims_stack", (_STILL, _FUSED), "CS: first rests"),
    "C: complex alone": Variant(
        "claims_c",
        (dataclasses.replace(_FINE, steps=SIMPLE_STEPS + FINE_STEPS, learning_rate=1e-3),),
    ),
    "C: mixed": Variant("claims_c", _mixed()),
    "C: short": Variant(
        "claims_c",
        tuple(dataclasses.replace(stage, steps=stage.steps // 3) for stage in (_SIMPLE, _FINE)),
    ),
}  # fmt: skip

CLAIMS = (  # what the paper says, the variant that it says is better, the other, on which motion
    ("simple scenes first, then complex: better than complex alone",
     "C: simple, then complex", "C: complex alone", "mean"),
    ("simple first, then complex: better than both mixed",
     "C: simple, then complex", "C: mixed", "mean"),
    ("a long schedule is better than a short one",
     "C: simple, then complex", "C: short", "mean"),
    ("FlowNetC is better than FlowNetS under one schedule",
     "C: simple, then complex", "S: simple, then complex", "mean"),
    ("a second network improves on the first",
     "CS: first rests", "C: simple, then complex", "mean"),
    ("stacking with warping is better than without",
     "CS: first rests", "CS: without warping", "mean"),
    ("an intermediate loss helps where both networks learn",
     "CS: both learn, intermediate loss", "CS: both learn", "mean"),
    ("best is to let the first network rest",
     "CS: first rests", "CS: both learn, intermediate loss", "mean"),
    ("fusion is better than the stack alone on sub-pixel motion",
     "CS and SD, fused", "CS: first rests", "sub-pixel"),
)  # fmt: skip


def trained(variant: Variant, photos: list[str], seed: int, before: Weights) -> Trainer:
    """A finished run of a variant; what it has in common with the run before it begins there."""
    config = TrainingConfig(
        model=variant.model,
        stages=variant.stages,
        photos=tuple(photos),
        seed=seed,
        ema=0.99,
        validate_every=10**6,
        checkpoint_every=10**6,
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, Path(folder))
        for name in before.keys() & trainer.net.networks.keys():
            begin(trainer, name, before[name])
        while trainer.step < config.steps:
            trainer.advance()
    return trainer


def begin(trainer: Trainer, name: str, state: Mapping[str, torch.Tensor]) -> None:
    """Give a network of a run these weights, where they fit."""
    for net in (trainer.net, trainer.averaged.module):
        own = net.networks[name]
        if all(state[key].shape == tensor.shape for key, tensor in own.state_dict().items()):
            own.load_state_dict(state)


@torch.inference_mode()
def errors_of(trainer: Trainer, scenes_by_kind: dict[str, Scenes]) -> dict[str, float]:
    """EPE in px on each kind of held-out scenes, and their geometric mean."""
    net, last = trainer.averaged.module.eval(), trainer.config.stages[-1]
    wanted = {"heads_of": last.watched} if last.watched else {}
    errors = {
        kind: (net(scenes.first, scenes.second, **wanted).flow - scenes.flow)
        .square().sum(1).sqrt().mean().item()
        for kind, scenes in scenes_by_kind.items()
    }  # fmt: skip
    return errors | {"mean": statistics.geometric_mean(errors.values())}


def measure(name: str, photos: list[str], seed: int, folder: Path) -> Row:
    """The errors of a variant for one seed; its weights are kept if others begin with them."""
    variant = VARIANTS[name]
    before = (
        torch.load(_kept(folder, variant.after, seed), weights_only=True) if variant.after else {}
    )
    trainer = trained(variant, photos, seed, before)
    if any(other.after == name for other in VARIANTS.values()):
        networks = trainer.averaged.module.networks
        weights = {part: network.state_dict() for part, network in networks.items()}
        folder.mkdir(exist_ok=True)
        torch.save(weights, _kept(folder, name, seed))
    return errors_of(trainer, _held_out(trainer))


def _kept(folder: Path, name: str, seed: int) -> Path:
    return folder / f"{name.replace(':', '')}, seed {seed}.pt"


def _held_out(trainer: Trainer) -> dict[str, Scenes]:
    """Scenes of each kind of motion, the same for all."""
    generator = torch.Generator().manual_seed(2**33)
    return {
        kind: make_scenes(
            trainer.source.kept,
            trainer.source.shapes,
            batch=16,
            size=(128, 192),
            config=SceneConfig(max_objects=5, min_motion=slowest, max_motion=fastest),
            generator=generator,
        )
        for kind, (slowest, fastest) in KINDS.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--photos", nargs="+", required=True)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    runs, folder = Runs(options.runs, math.inf), options.runs.with_suffix("")
    torch.set_num_threads(1)
    share_scenes(NUM_BATCHES)
    for seed in range(options.seeds):
        for name in VARIANTS:
            runs.get(
                lambda name=name, seed=seed: measure(name, options.photos, seed, folder), name, seed
            )
    words = {"better": "holds", "worse": "does not hold"}
    print("\n| claim | motion | this | the other | verdict |\n|---|---|---|---|---|")
    for claim, better, other, kind in CLAIMS:
        errors = [
            [
                value
                for seed in range(options.seeds)
                for value in runs.by_seed(kind, name)[str(seed)]
            ]
            for name in (better, other)
        ]
        said = verdict(*errors)
        cells = " | ".join(f"{statistics.mean(each):.3f} ± {spread(each):.3f}" for each in errors)
        print(f"| {claim} | {kind} | {cells} | {words.get(said, said)} |")


if __name__ == "__main__":
    main()
