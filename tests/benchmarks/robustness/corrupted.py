"""What weather, lenses and codecs do: accuracy against robustness."""

from itertools import product

import numpy as np

from flowcore.robustness.corruptions.kinds import CORRUPTIONS, MODES
from flowcore.robustness.corruptions.sweep import corruption_sweep
from flowcore.types import PipelineConfig
from tests.benchmarks.kept_runs import Row, print_table
from tests.benchmarks.robustness.bench import Bench


def corruptions(bench: Bench) -> None:
    """Accuracy against robustness."""
    for seed, name, pair in bench.rounds():
        for model, mode in product(bench.lanes, MODES):

            def sweep(pair=pair, model=model, mode=mode, seed=seed) -> Row:
                points = corruption_sweep(
                    pair,
                    PipelineConfig(model),
                    severities=[3],
                    mode=mode,
                    seed=seed,
                    threads=bench.threads,
                )
                return {
                    "epe": points[0].epe,
                    "corrupted_epe": float(np.mean([point.epe for point in points[1:]])),
                    "shift": float(np.mean([point.shift for point in points[1:]])),
                    **{point.kind: point.shift for point in points[1:]},
                }

            bench.runs.get(sweep, "corruptions", model, mode, name, seed)
    print_table(
        "Corruptions of severity 3: EPE and shift, the mean over all kinds, px",
        ["lane", "EPE", *MODES, *(f"{mode}, without fog" for mode in MODES)],
        [
            [
                model,
                bench.cells(["epe"], "corruptions", model, "same"),
                *(bench.cells(["shift"], "corruptions", model, mode) for mode in MODES),
                *(without_fog(bench, model, mode) for mode in MODES),
            ]
            for model in bench.lanes
        ],
    )
    for mode in MODES:
        print_table(
            f"Shift by each kind, {MODES[mode]}, px",
            ["kind", *bench.lanes],
            [
                [kind, *(bench.cells([kind], "corruptions", model, mode) for model in bench.lanes)]
                for kind in CORRUPTIONS
            ],
        )


def without_fog(bench: Bench, model: str, mode: str) -> str:
    """The mean shift by all other kinds: fog alone outweighs them."""
    shifts = [
        shift
        for kind in CORRUPTIONS
        if kind != "fog"
        for of_seed in bench.runs.by_seed(kind, "corruptions", model, mode).values()
        for shift in of_seed
    ]
    return f"{np.mean(shifts):.3f}" if shifts else "undecided"
