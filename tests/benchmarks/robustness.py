"""How lanes bear attacks and corruptions, and what defends them.

``python -m tests.benchmarks.robustness DATA RUNS.json [--only PART ...] [--models NAME ...]
[--pairs N] [--size WxH] [--seeds N] [--pcfa-steps N] [--patches FILE ...] [--hours H]
[--threads N]``

Over N pairs of each dataset under DATA (``DATA/<dataset>/<sequence>/``), cut to their middle. Every
run is a line of RUNS.json as soon as it is done; a run that is there is not done again, so that the
command goes on where it was stopped. After H hours it stops by itself; the tables that it prints
then say of how many runs each number is, and "undecided" of none. Numbers are means over the pairs;
in brackets the least and the largest mean of a seed. PCFA and FGSM draw nothing at random and run
with one seed.

Parts: budget, corruptions, pixels, patch, transfer, defence, time.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from flowcore import models
from flowcore.cost import MemoryMeter
from flowcore.data.datasets import open_dataset
from flowcore.errors import FlowcoreError
from flowcore.io.frames import read_frame
from flowcore.metrics.flow import epe, mean_epe
from flowcore.pipeline import run
from flowcore.robustness.attacks.attack import Attacked, attack
from flowcore.robustness.attacks.defences import DEFENCES, compare_defences, defended
from flowcore.robustness.attacks.patch import place_patch
from flowcore.robustness.attacks.spread import changed_pixels, spread_of
from flowcore.robustness.attacks.threat import Threat
from flowcore.robustness.attacks.transfer import flow_shift, transfer_matrix
from flowcore.robustness.corruptions.sweep import corruption_sweep
from flowcore.types import FlowField, FramePair, PipelineConfig
from tests.benchmarks.kept_runs import Row, Runs, print_table

CLASSICAL = ["dis_medium", "farneback"]
EPSILON = 5e-3
PIXELS = (1, 5, 25)
PATCHES = (25, 51, 102)
CALLS = 1000


def middle(pair: FramePair, size: tuple[int, int]) -> FramePair:
    """The middle of a pair, at most of this (height, width)."""
    height, width = (min(side, full) for side, full in zip(size, pair.size, strict=True))
    top, left = ((full - side) // 2 for side, full in zip((height, width), pair.size, strict=True))
    cut = (slice(top, top + height), slice(left, left + width))
    truth = pair.truth
    return FramePair(pair.first[cut], pair.second[cut], FlowField(truth.uv[cut], truth.valid[cut]))


def pairs_of(data: Path, count: int, size: tuple[int, int]) -> dict[str, FramePair]:
    """The first pairs of each dataset, by name."""
    chosen: dict[str, list[FramePair]] = {}
    named = {}
    for files in open_dataset(data).pairs:
        of_set = chosen.setdefault(files.dataset, [])
        if len(of_set) < count:
            of_set.append(middle(files.load(), size))
            named[f"{files.dataset}-{files.sequence}"] = of_set[-1]
    return named


def numbers(pair: FramePair, found: Attacked) -> Row:
    truth = pair.truth
    return {
        "damage": found.damage,
        "saved": found.saved_damage,
        "gain": found.gain,
        "to_target": float(np.hypot(*np.moveaxis(found.flow.uv, 2, 0)).mean()),
        "clean_length": float(np.hypot(*np.moveaxis(found.clean.uv, 2, 0)).mean()),
        "epe": mean_epe(found.clean.uv, truth.uv, truth.valid),
        "seconds": found.seconds,
    }


def reach(pair: FramePair, changed: FramePair, clean: FlowField, flow: FlowField) -> Row:
    spread = spread_of(clean, flow, changed_pixels(pair, changed))
    return {
        "damage": float(epe(flow.uv, clean.uv).mean()),
        "share": spread.share,
        "reach": spread.reach,
        "near": spread.damage,
    }


def budget(runs: Runs, pairs: Mapping[str, FramePair], options: argparse.Namespace) -> None:
    """Towards zero flow at one epsilon."""
    threats = {
        "fgsm": (Threat.of("fgsm", EPSILON, target="zero"), 1),
        "ifgsm": (Threat.of("ifgsm", EPSILON, target="zero"), 1),
        "pgd": (Threat.of("pgd", EPSILON, target="zero"), options.seeds),
        "pgd l2": (Threat.of("pgd", EPSILON, "l2", target="zero"), options.seeds),
        "pcfa": (Threat.of("pcfa", EPSILON, target="zero", steps=options.pcfa_steps), 1),
        "pcfa clip": (
            Threat.of("pcfa", EPSILON, target="zero", steps=options.pcfa_steps, box="clip"),
            1,
        ),
    }
    for model, (name, pair), (way, (threat, seeds)) in product(
        nets(options), pairs.items(), threats.items()
    ):
        for seed in range(seeds):
            used = replace(threat, seed=seed)
            runs.get(
                lambda pair=pair, model=model, used=used: numbers(
                    pair, attack(pair, PipelineConfig(model), used, threads=options.threads)
                ),
                "budget", model, way, name, seed,
            )  # fmt: skip
    print_table(
        f"Towards zero flow at epsilon {EPSILON}: damage, px; after saving; distance to zero, px",
        ["lane", "EPE, px", "clean length, px", *threats],
        [
            [
                model,
                *(runs.cell(column, "budget", model, "fgsm") for column in ("epe", "clean_length")),
                *(
                    " / ".join(
                        runs.cell(column, "budget", model, way)
                        for column in ("damage", "saved", "to_target")
                    )
                    for way in threats
                ),
            ]
            for model in nets(options)
        ],
    )


def corruptions(runs: Runs, pairs: Mapping[str, FramePair], options: argparse.Namespace) -> None:
    """Accuracy against robustness."""
    lanes = [*nets(options), *CLASSICAL]
    for model, (name, pair), mode in product(lanes, pairs.items(), ("same", "independent")):
        for seed in range(options.seeds):

            def sweep(pair=pair, model=model, mode=mode, seed=seed) -> Row:
                points = corruption_sweep(
                    pair,
                    PipelineConfig(model),
                    severities=[3],
                    mode=mode,
                    seed=seed,
                    threads=options.threads,
                )
                return {
                    "epe": points[0].epe,
                    "corrupted_epe": float(np.mean([point.epe for point in points[1:]])),
                    "shift": float(np.mean([point.shift for point in points[1:]])),
                    **{point.kind: point.shift for point in points[1:]},
                }

            runs.get(sweep, "corruptions", model, mode, name, seed)
    print_table(
        "Corruptions of severity 3, the mean over all kinds, px",
        ["lane", "EPE", "shift, same in both frames", "shift, independent"],
        [
            [
                model,
                runs.cell("epe", "corruptions", model, "same"),
                *(
                    runs.cell("shift", "corruptions", model, mode)
                    for mode in ("same", "independent")
                ),
            ]
            for model in lanes
        ],
    )


def pixels(runs: Runs, pairs: Mapping[str, FramePair], options: argparse.Namespace) -> None:
    """Few pixels by differential evolution."""
    lanes = [*nets(options), *CLASSICAL]
    for model, (name, pair), count in product(lanes, pairs.items(), PIXELS):
        for seed in range(options.seeds):

            def search(pair=pair, model=model, count=count, seed=seed) -> Row:
                threat = Threat.of("pixels", count, steps=CALLS, seed=seed)
                found = attack(pair, PipelineConfig(model), threat, threads=options.threads)
                return reach(pair, found.pair, found.clean, found.saved_flow)

            runs.get(search, "pixels", model, count, name, seed)
    print_table(
        f"Few pixels in both frames, {CALLS} calls: damage, px; within reach, px; changed, %",
        ["lane", *(f"{count} pixels" for count in PIXELS)],
        [
            [
                model,
                *(
                    " / ".join(
                        runs.cell(column, "pixels", model, count)
                        for column in ("damage", "near", "share")
                    )
                    for count in PIXELS
                ),
            ]
            for model in lanes
        ],
    )


def patch(runs: Runs, pairs: Mapping[str, FramePair], options: argparse.Namespace) -> None:
    """Imported patches on every lane; trained ones on the lane they were trained for."""
    lanes = [*nets(options), *CLASSICAL]
    imported = {path.stem: read_frame(path) for path in options.patches}
    for model, (name, pair), (title, picture) in product(lanes, pairs.items(), imported.items()):

        def place(pair=pair, model=model, picture=picture) -> Row:
            height, width = pair.size
            placed = place_patch(pair, picture, width // 2, height // 2)
            config = PipelineConfig(model)
            clean, flow = (run(one, config, threads=options.threads).flow for one in (pair, placed))
            return reach(pair, placed, clean, flow)

        runs.get(place, "patch", model, title, name, 0)
    trained = {f"trained {side}": side for side in PATCHES}
    for model, (name, pair), (title, side) in product(
        nets(options), pairs.items(), trained.items()
    ):
        for seed in range(options.seeds):

            def train(pair=pair, model=model, side=side, seed=seed) -> Row:
                threat = Threat.of("patch", side, seed=seed)
                found = attack(pair, PipelineConfig(model), threat, threads=options.threads)
                return reach(pair, found.pair, found.clean, found.saved_flow)

            runs.get(train, "patch", model, title, name, seed)
    print_table(
        "A patch in the middle of both frames: damage, px; reach, px; changed, %",
        ["lane", *imported, *trained],
        [
            [
                model,
                *(
                    " / ".join(
                        runs.cell(column, "patch", model, title)
                        for column in ("damage", "reach", "share")
                    )
                    for title in (*imported, *trained)
                ),
            ]
            for model in lanes
        ],
    )


def transfer(runs: Runs, pairs: Mapping[str, FramePair], options: argparse.Namespace) -> None:
    """Made on one lane, measured on another."""
    lanes = [*nets(options), *CLASSICAL]
    configs = [PipelineConfig(model) for model in lanes]
    for name, pair in pairs.items():
        for seed in range(options.seeds):

            def matrix(pair=pair, seed=seed) -> Row:
                threat = Threat.of("pgd", EPSILON, seed=seed)
                found = transfer_matrix(
                    pair, configs, threat, queries=CALLS // 5, threads=options.threads
                )
                rng = np.random.default_rng(seed)
                signs = rng.integers(0, 2, (2, *pair.first.shape)) * 2 - 1
                noise = [
                    np.clip(frame + sign, 0, 255).astype(np.uint8)  # 1 of 255 levels is below 5e-3
                    for frame, sign in zip((pair.first, pair.second), signs, strict=True)
                ]
                noisy = FramePair(*noise)
                return {
                    **{
                        f"{made} > {seen}": float(found.damage[row, column])
                        for row, made in enumerate(lanes)
                        for column, seen in enumerate(lanes)
                    },
                    **{
                        f"noise > {config.model}": flow_shift(
                            noisy, config, run(pair, config).flow, threads=options.threads
                        )
                        for config in configs
                    },
                }

            runs.get(matrix, "transfer", "+".join(lanes), name, seed)
    print_table(
        f"Made on (rows), measured on (columns): damage of saved frames, linf {EPSILON}, px",
        ["", *lanes],
        [
            [made, *(runs.cell(f"{made} > {seen}", "transfer", "+".join(lanes)) for seen in lanes)]
            for made in (*lanes, "noise")
        ],
    )


def defence(runs: Runs, pairs: Mapping[str, FramePair], options: argparse.Namespace) -> None:
    """With and without knowing."""
    for model, (name, pair) in product(nets(options), pairs.items()):
        for seed in range(options.seeds):

            def compare(pair=pair, model=model, seed=seed) -> Row:
                config = PipelineConfig(model)
                rows = compare_defences(
                    pair,
                    config,
                    Threat.of("pgd", EPSILON, steps=20, seed=seed),
                    names=[way for way in DEFENCES if is_there(config, way)],
                    threads=options.threads,
                )
                return {
                    f"{column} {row.name}": value
                    for row in rows
                    for column, value in (
                        ("epe", row.epe),
                        ("cost", row.cost),
                        ("unknowing", row.unknowing.damage),
                        ("knowing", row.knowing.damage),
                    )
                }

            runs.get(compare, "defence", model, name, seed)
    for model in nets(options):
        columns = ("epe", "cost", "unknowing", "knowing")
        print_table(
            f"Defences of {model}: EPE, px; cost, px; damage of the unknowing and of the knowing "
            "attack, px",
            ["defence", *columns],
            [
                [way, *(runs.cell(f"{column} {way}", "defence", model) for column in columns)]
                for way in DEFENCES
            ],
        )


def is_there(config: PipelineConfig, way: str) -> bool:
    """Whether a lane can be defended so: the smallest model has no smaller one."""
    try:
        defended(config, way)
    except FlowcoreError:
        return False
    return True


def times(runs: Runs, pairs: Mapping[str, FramePair], options: argparse.Namespace) -> None:
    """A step of each attack, in plain forward passes."""
    threats = {
        "pgd": Threat.of("pgd", EPSILON, steps=20),
        "pcfa": Threat.of("pcfa", EPSILON, target="zero", steps=20),
        "patch": Threat.of("patch", 25, steps=20),
        "square": Threat.of("square", EPSILON, steps=20),
        "pixels": Threat.of("pixels", 1, steps=40),
    }
    name, pair = next(iter(pairs.items()))
    for model, (way, threat) in product(nets(options), threats.items()):

        def step(model=model, threat=threat) -> Row:
            config = PipelineConfig(model)
            plain = run(pair, config, threads=options.threads, warm_up=True, runs=3).seconds
            with MemoryMeter() as meter:
                seconds = attack(pair, config, threat, threads=options.threads).seconds
            peak = None if meter.peak_bytes is None else meter.peak_bytes / 1e6
            return {"ratio": seconds / threat.steps / plain, "peak_mb": peak}

        runs.get(step, "time", model, way, name, 0)
    print_table(
        "A step in plain forward passes, all that goes around it included; peak memory, MB",
        ["lane", *threats],
        [
            [
                model,
                *(
                    f"{runs.cell('ratio', 'time', model, way)} / "
                    f"{runs.cell('peak_mb', 'time', model, way)}"
                    for way in threats
                ),
            ]
            for model in nets(options)
        ],
    )


PARTS = {
    "budget": budget,
    "transfer": transfer,
    "defence": defence,
    "pixels": pixels,
    "patch": patch,
    "corruptions": corruptions,
    "time": times,
}


def nets(options: argparse.Namespace) -> list[str]:
    return [name for name in options.models if name in models.available()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument(
        "--models",
        nargs="+",
        default=[
            *(f"scope_{size}.scenes" for size in ("035", "070", "200")),
            "flownet2_small.scenes",
            "raft_small.things",
        ],
    )
    parser.add_argument("--pairs", type=int, default=1, help="of each dataset (1)")
    parser.add_argument("--size", default="256x192", help="width x height of the middle (256x192)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pcfa-steps", type=int, default=200)
    parser.add_argument("--patches", nargs="*", type=Path, default=[], help="imported ones")
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    pairs = pairs_of(options.data, options.pairs, (height, width))
    runs = Runs(options.runs, 3600 * options.hours)
    for part in options.only:
        PARTS[part](runs, pairs, options)


if __name__ == "__main__":
    main()
