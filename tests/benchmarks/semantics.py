"""What a loss that knows the classes does to a flow net: better, worse, or diverged, and why.

``python -m tests.benchmarks.semantics RUNS.json [--photos FOLDER ...] [--real FOLDER]
[--only TABLE ...] [--steps N] [--seeds N] [--threads N]``

Trains the smallest net of the ladder under one short schedule on small crops, once for each row of
each table and seed, and prints the tables. Every finished run is kept in RUNS.json, its log and
weights in the folder RUNS beside it: called again, it goes on where it was stopped, amid a run too.
A run takes 84 to 181 CPU seconds, the 89 runs of three seeds two and a half hours.
"""

import argparse
import dataclasses
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from flowcore.data.augment import AugmentConfig
from flowcore.data.scenes import SceneConfig
from flowcore.errors import DivergedError
from flowcore.hardware import use_threads
from flowcore.io.atomic import write_bytes
from flowcore.training.config import Stage, TrainingConfig
from flowcore.training.curves import divergences, smoothed
from flowcore.training.log import read_log
from flowcore.training.loop import train
from flowcore.training.semantic_config import SemanticConfig
from tests.benchmarks.semantics_scores import (
    folder_of,
    held_out,
    real_scores,
    scores,
    still,
    uncertainties,
)
from tests.benchmarks.semantics_tables import tables
from tests.benchmarks.shared_scenes import read_photos_once

STAGE = Stage(
    name="only",
    steps=600,
    size=(96, 128),
    iterations=6,
    warm_up=100,
    final=0.2,
    scenes=SceneConfig(max_objects=5, min_motion=0.5, max_motion=16),
    augment=AugmentConfig(noise=0, difference=0, shading=0),
)
NONE = {"measure_every": 20}
V1 = {"kind": "v1", "measure_every": 20}
CORRECTED = {"kind": "corrected", "visible": "truth", "measure_every": 20}
CONSISTENCY = {"kind": "consistency", "weight": 0.2, "blur": 2.0, "measure_every": 20}
DECODER = {"decoder": 0.5, "temporal": 0.05, "measure_every": 20}
HEADED, DEEP = "scope_035_semantic", "scope_035_semantic_deep"
LAST_ONLY = {"step_weights": (0.0,) * 11 + (4.0,)}  # what the six steps weigh in all
PLAIN = {"augment": AugmentConfig(color=0, difference=0, shading=0, gray=0, noise=0, eraser=0)}
LONGER = {"methods": 800, "uncertainty": 800}  # steps; the other tables take those of STAGE
FAST, QUICK = {"learning_rate": 8e-3}, {"learning_rate": 4e-3}
MIXED = {"precision": "bfloat16"}
LEARNT = {"init": "assets/weights/scope_035_4px.flow_loss.safetensors"}


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table: what of the run differs from the baseline, and how many seeds it takes."""

    semantic: dict
    stage: dict = dataclasses.field(default_factory=dict)
    model: str = "scope_035_4px"
    seeds: int = 3
    changes: dict = dataclasses.field(default_factory=dict)


TABLES = {
    "overfit": {
        "base": Row({"samples": 100, **NONE}, PLAIN, seeds=1),
        "v1": Row({"samples": 100, **V1}, PLAIN, seeds=1),
    },
    "methods": {
        "base": Row(NONE),
        "v1": Row(V1),
        "corrected": Row(CORRECTED),
        "consistency": Row(CONSISTENCY),
        "decoder": Row(DECODER, model=HEADED),
        "decoder, deeper": Row(DECODER, model=DEEP, seeds=1),
        "new": Row({**V1, "kind": "new"}, seeds=1),
        "corrected, forward-backward": Row({**CORRECTED, "visible": "forward_backward"}, seeds=1),
        "corrected, predicted": Row(
            {**CORRECTED, "visible": "predicted", "occlusion": 0.2}, model=HEADED, seeds=1
        ),
        "base, mixed precision": Row(NONE, changes=MIXED),
        "v1, mixed precision": Row(V1, changes=MIXED),
    },
    "divergence": {
        "v1, rate x8": Row(V1, FAST),
        "base, rate x8": Row(NONE, FAST),
        "v1, weight x20": Row({**V1, "weight": 10.0}),
        "corrected, weight x20": Row({**CORRECTED, "weight": 10.0}),
        "v1, truth where visible": Row({**V1, "truth": "visible"}),
        "v1, truth where visible, fixed denominator": Row(
            {**V1, "truth": "visible", "denominator": "all"}
        ),
        "v1, last step only": Row({**V1, **LAST_ONLY}),
        "v1, 12 steps": Row(V1, {"iterations": 12}, seeds=1),
        "v1, gradient not clipped": Row(V1, changes={"clip": 1e6}),
        "v1, rate x8, not clipped": Row(V1, FAST, changes={"clip": 1e6}),
        "corrected, rate x8, not clipped": Row(CORRECTED, FAST, changes={"clip": 1e6}),
    },
    "learnt": {
        name + changed: Row(semantic | more, stage, changes=LEARNT)
        for changed, more, stage in (
            ("", {}, {}),
            (", rate x4", {}, QUICK),
            (", weight x20", {"weight": 10.0}, {}),
        )
        for name, semantic in (("base", NONE), ("v1", V1), ("corrected", CORRECTED))
        if semantic is not NONE or not more  # the baseline has no such weight
    },
    "steps": {
        f"{name}, {count} steps": Row(semantic, {"iterations": count}, seeds=1)
        for name, semantic in (("base", NONE), ("v1", V1))
        for count in (4, 8, 12)
    },
    "uncertainty": {"scale": Row({"scale": 0.2, **NONE}, model=HEADED, seeds=1)},
}


def configs(options: argparse.Namespace) -> Iterator[tuple[str, str, TrainingConfig]]:
    """Table, key and config of every run, those that others wait for first."""
    for table, rows in TABLES.items():
        if options.only and table not in options.only:
            continue
        for name, row in rows.items():
            for seed in range(min(row.seeds, options.seeds)):
                steps = options.steps or LONGER.get(table, STAGE.steps)
                stage = dataclasses.replace(STAGE, steps=steps, **row.stage)
                yield (
                    table,
                    f"{table}/{name}/{seed}",
                    TrainingConfig(
                        model=row.model,
                        stages=(stage,),
                        photos=tuple(options.photos),
                        seed=seed,
                        ema=0.99,
                        checkpoint_every=200,
                        validate_every=10**6,
                        log_every=10,
                        semantic=SemanticConfig(**row.semantic),
                        **{"precision": "float32", **row.changes},
                    ),
                )


def result_of(config: TrainingConfig, folder: Path, table: str, options) -> dict:
    """Train, or go on, and measure."""
    try:
        trainer = train(config, folder, resume=True, progress=_show)
        message = ""
    except DivergedError as error:
        trainer, message = None, str(error)
    found = {"digest": config.digest, "message": message, **of_log(folder, message)}
    if trainer is None:
        return found
    net = trainer.averaged.module.eval()
    torch.save(net.state_dict(), folder / "weights.pt")
    samples = list(held_out(trainer.source))
    if table == "overfit":
        batches = min(config.semantic.samples // config.stages[0].batch, config.steps)
        samples = [trainer.source.batch(step).scenes for step in range(batches)]
    found |= scores(net, samples, config.semantic)
    found["seconds"] = trainer.seconds
    if table == "steps":
        counts = (4, 8, 12, 16, 24, 32)
        found["epe_at"] = {
            n: scores(net, samples, SemanticConfig(), iterations=n)["epe"] for n in counts
        }
    if table in ("methods", "learnt") and options.real:
        found["real"] = real_scores(net, Path(options.real))
    return found


def of_log(folder: Path, message: str) -> dict:
    """What the run's log tells: whether and where it diverged, gradients, angle, first losses."""
    path = folder / "log.csv"
    log = read_log(path) if path.is_file() else None
    if log is None or log.empty:
        return {"diverged_at": None}
    steps, errors = (log[name].to_numpy(float) for name in ("step", "epe"))
    line = smoothed(errors, steps, 100)
    rose = line[-1] > 1.25 * line.min()
    known = [one.step for one in divergences(log)]
    late = log.tail(max(1, len(log) // 5))
    columns = [name for name in log if name.endswith(("_loss", "_gradient")) or name == "angle"]
    early = log.head(1)[columns].mean().to_dict()
    if not known and (rose or message):
        known = [int(steps[line.argmin()])]
    return {
        "diverged_at": known[0] if known else None,
        "train_epe": float(line[-1]),
        "gradient_norm": float(late["gradient_norm"].mean()),
        "early": {name: value for name, value in early.items() if math.isfinite(value)},
        "late": {
            name: value for name, value in late[columns].mean().to_dict().items()
            if math.isfinite(value)
        },
    }  # fmt: skip


def _show(progress) -> None:
    if progress.step % 200 == 0:
        print(f"  {progress.step} {progress.epe:.2f} px", file=sys.stderr, flush=True)


def _read(path: Path) -> dict:
    return json.loads(path.read_text()) if path.is_file() else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--photos", nargs="+", default=[], help="scenes are cut from these")
    parser.add_argument("--real", help="pairs with truth, <dataset>/<sequence>/, to score on")
    parser.add_argument("--only", nargs="+", default=[], choices=TABLES)
    parser.add_argument("--steps", type=int, help="of every run, to try with a few")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    kept = _read(options.runs)
    read_photos_once()
    with use_threads(options.threads):
        for table, key, config in configs(options):
            if kept.get(key, {}).get("digest") == config.digest:
                continue
            print(key, file=sys.stderr, flush=True)
            started = time.process_time()
            folder = folder_of(options.runs.with_suffix(""), key, config)
            kept[key] = result_of(config, folder, table, options)
            kept[key]["cpu_seconds"] = time.process_time() - started
            write_bytes(options.runs, json.dumps(kept, indent=1).encode())
        every = list(configs(argparse.Namespace(**vars(options) | {"only": []})))
        kept["still"] = {"epe": still(every[0][-1])}
        if not options.only or "uncertainty" in options.only:
            found = uncertainties(options.runs.with_suffix(""), every)
            if len(found) > 1 or "uncertainties" not in kept:  # the weights may be gone since
                kept["uncertainties"] = found
        write_bytes(options.runs, json.dumps(kept, indent=1).encode())
    print(tables(kept))


if __name__ == "__main__":
    main()
