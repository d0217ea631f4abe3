"""Changes of every pixel that the eye hardly sees: their budget, their reach, what defends."""

from dataclasses import replace
from itertools import product

import numpy as np

from flowcore.cost import MemoryMeter
from flowcore.errors import FlowcoreError
from flowcore.metrics.flow import mean_epe
from flowcore.pipeline import run
from flowcore.robustness.attacks.attack import Attacked, attack
from flowcore.robustness.attacks.defences import DEFENCES, compare_defences, defended
from flowcore.robustness.attacks.threat import Threat
from flowcore.robustness.attacks.transfer import flow_shift, transfer_matrix
from flowcore.types import FramePair, PipelineConfig
from tests.benchmarks.kept_runs import Row, print_table
from tests.benchmarks.robustness.bench import EPSILON, Bench

QUERIES = 200  # of those attacks that only call a method


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


def budget(bench: Bench) -> None:
    """Towards zero flow at one epsilon."""
    threats = {
        "fgsm": (Threat.of("fgsm", EPSILON, target="zero"), 1),
        "ifgsm": (Threat.of("ifgsm", EPSILON, target="zero"), 1),
        "pgd": (Threat.of("pgd", EPSILON, target="zero"), bench.seeds),
        "pgd l2": (Threat.of("pgd", EPSILON, "l2", target="zero"), bench.seeds),
        "pcfa": (Threat.of("pcfa", EPSILON, target="zero", steps=bench.pcfa_steps), 1),
        "pcfa clip": (
            Threat.of("pcfa", EPSILON, target="zero", steps=bench.pcfa_steps, box="clip"),
            1,
        ),
    }
    for seed, name, pair in bench.rounds():
        for model, (way, (threat, seeds)) in product(bench.nets, threats.items()):
            if seed < seeds:
                used = replace(threat, seed=seed)
                bench.runs.get(
                    lambda pair=pair, model=model, used=used: numbers(
                        pair, attack(pair, PipelineConfig(model), used, threads=bench.threads)
                    ),
                    "budget", model, way, name, seed,
                )  # fmt: skip
    print_table(
        f"Towards zero flow at epsilon {EPSILON}: damage, px; after saving; distance to zero, px",
        ["lane", "EPE, px", "clean length, px", *threats],
        [
            [
                model,
                *(
                    bench.cells([column], "budget", model, "fgsm")
                    for column in ("epe", "clean_length")
                ),
                *(
                    bench.cells(["damage", "saved", "to_target"], "budget", model, way)
                    for way in threats
                ),
            ]
            for model in bench.nets
        ],
    )


def noise_of(pair: FramePair, seed: int) -> FramePair:
    """A pair with every value one of 255 levels up or down: what 8 bits hold of 5e-3."""
    signs = np.random.default_rng(seed).integers(0, 2, (2, *pair.first.shape)) * 2 - 1
    frames = zip((pair.first, pair.second), signs, strict=True)
    return FramePair(*(np.clip(frame + sign, 0, 255).astype(np.uint8) for frame, sign in frames))


def transfer(bench: Bench) -> None:
    """Made on one lane, measured on another."""
    lanes, key = bench.lanes, ("transfer", "+".join(bench.lanes))
    configs = [PipelineConfig(model) for model in lanes]
    for seed, name, pair in bench.rounds():

        def matrix(pair=pair, seed=seed) -> Row:
            threat = Threat.of("pgd", EPSILON, seed=seed)
            found = transfer_matrix(pair, configs, threat, queries=QUERIES, threads=bench.threads)
            noisy = noise_of(pair, seed)
            made_on = {
                f"{made} > {seen}": float(found.damage[row, column])
                for row, made in enumerate(lanes)
                for column, seen in enumerate(lanes)
            }
            by_noise = {
                f"noise > {config.model}": flow_shift(
                    noisy,
                    config,
                    run(pair, config, threads=bench.threads).flow,
                    threads=bench.threads,
                )
                for config in configs
            }
            return made_on | by_noise

        bench.runs.get(matrix, *key, name, seed)
    print_table(
        f"Made on (rows), measured on (columns): damage of saved frames, linf {EPSILON}, px",
        ["", *lanes],
        [
            [made, *(bench.cells([f"{made} > {seen}"], *key) for seen in lanes)]
            for made in (*lanes, "noise")
        ],
    )


def defence(bench: Bench) -> None:
    """With and without knowing."""
    for seed, name, pair in bench.rounds():
        for model in bench.nets:

            def compare(pair=pair, model=model, seed=seed) -> Row:
                config = PipelineConfig(model)
                rows = compare_defences(
                    pair,
                    config,
                    Threat.of("pgd", EPSILON, steps=20, seed=seed),
                    names=[way for way in DEFENCES if is_there(config, way)],
                    threads=bench.threads,
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

            bench.runs.get(compare, "defence", model, name, seed)
    for model in bench.nets:
        columns = ("epe", "cost", "unknowing", "knowing")
        print_table(
            f"Defences of {model}: EPE, px; cost, px; damage of the unknowing and of the knowing "
            "attack, px",
            ["defence", *columns],
            [
                [way, *(bench.cells([f"{column} {way}"], "defence", model) for column in columns)]
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


def times(bench: Bench) -> None:
    """A step of each attack, in plain forward passes."""
    threats = {
        "pgd": Threat.of("pgd", EPSILON, steps=20),
        "pcfa": Threat.of("pcfa", EPSILON, target="zero", steps=20),
        "patch": Threat.of("patch", 25, steps=20),
        "square": Threat.of("square", EPSILON, steps=20),
        "pixels": Threat.of("pixels", 1, steps=40),
    }
    _, name, pair = next(bench.rounds())
    for model, (way, threat) in product(bench.nets, threats.items()):

        def step(model=model, threat=threat) -> Row:
            config = PipelineConfig(model)
            plain = run(pair, config, threads=bench.threads, warm_up=True, runs=3).seconds
            with MemoryMeter() as meter:
                seconds = attack(pair, config, threat, threads=bench.threads).seconds
            peak = None if meter.peak_bytes is None else meter.peak_bytes / 1e6
            return {"ratio": seconds / threat.steps / plain, "peak_mb": peak}

        bench.runs.get(step, "time", model, way, name, 0)
    print_table(
        "A step in plain forward passes, all that goes around it included; peak memory, MB",
        ["lane", *threats],
        [
            [
                model,
                *(bench.cells(["ratio", "peak_mb"], "time", model, way) for way in threats),
            ]
            for model in bench.nets
        ],
    )
