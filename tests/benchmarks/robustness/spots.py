"""Changes of a few pixels, as large as may be: by search, by a patch."""

from itertools import product

from flowcore.io.frames import read_frame
from flowcore.pipeline import run
from flowcore.robustness.attacks.attack import attack
from flowcore.robustness.attacks.patch import place_patch
from flowcore.robustness.attacks.threat import Threat
from flowcore.types import PipelineConfig
from tests.benchmarks.kept_runs import Row, print_table
from tests.benchmarks.robustness.bench import Bench, reach

PIXELS = (1, 5, 25)
PATCHES = (25, 51, 102)
CALLS = 1000


def pixels(bench: Bench) -> None:
    """Few pixels by differential evolution."""
    for seed, name, pair in bench.rounds():
        for model, count in product(bench.lanes, PIXELS):

            def search(pair=pair, model=model, count=count, seed=seed) -> Row:
                threat = Threat.of("pixels", count, steps=CALLS, seed=seed)
                found = attack(pair, PipelineConfig(model), threat, threads=bench.threads)
                return reach(pair, found.pair, found.clean, found.saved_flow)

            bench.runs.get(search, "pixels", model, count, name, seed)
    print_table(
        f"Few pixels in both frames, {CALLS} calls: damage, px; within reach, px; changed, %",
        ["lane", *(f"{count} pixels" for count in PIXELS)],
        [
            [
                model,
                *(
                    bench.cells(["damage", "near", "share"], "pixels", model, count)
                    for count in PIXELS
                ),
            ]
            for model in bench.lanes
        ],
    )


def patch(bench: Bench) -> None:
    """Imported patches on every lane; trained ones on the lane they were trained for."""
    imported = {path.stem: read_frame(path) for path in bench.patches}
    for name, pair in bench.pairs.items():
        for model, (title, picture) in product(bench.lanes, imported.items()):

            def place(pair=pair, model=model, picture=picture) -> Row:
                height, width = pair.size
                placed = place_patch(pair, picture, width // 2, height // 2)
                config = PipelineConfig(model)
                clean, flow = (
                    run(one, config, threads=bench.threads).flow for one in (pair, placed)
                )
                return reach(pair, placed, clean, flow)

            bench.runs.get(place, "patch", model, title, name, 0)
    trained = {f"trained {side}": side for side in PATCHES}
    for seed, name, pair in bench.rounds():
        for model, (title, side) in product(bench.nets, trained.items()):

            def train(pair=pair, model=model, side=side, seed=seed) -> Row:
                threat = Threat.of("patch", side, seed=seed)
                found = attack(pair, PipelineConfig(model), threat, threads=bench.threads)
                return reach(pair, found.pair, found.clean, found.saved_flow)

            bench.runs.get(train, "patch", model, title, name, seed)
    print_table(
        "A patch in the middle of both frames: damage, px; reach, px; changed, %",
        ["lane", *imported, *trained],
        [
            [
                model,
                *(
                    bench.cells(["damage", "reach", "share"], "patch", model, title)
                    for title in (*imported, *trained)
                ),
            ]
            for model in bench.lanes
        ],
    )
