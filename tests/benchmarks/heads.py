"""What the heads of a net are worth on generated scenes that no run has seen, beside baselines.

``python -m tests.benchmarks.heads CONFIG.toml --photos FOLDER ... [--count N] [--card]``

CONFIG is that of the run: the scenes are cut from the photos that it keeps for validation, with
seeds of their own, ``--count`` of each speed, 256x192 px. ``--card`` writes the scores onto the
card of the weights.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from flowcore.data.classes import CLASS_SETS
from flowcore.data.scenes import SceneConfig, Scenes, make_scenes
from flowcore.hardware import use_threads
from flowcore.metrics.flow import epe, fl_all
from flowcore.metrics.labels import confusion, iou_by_class, mean_iou
from flowcore.metrics.masks import average_precision, mask_agreement
from flowcore.metrics.sparsification import ause
from flowcore.models.store import BUNDLED_FOLDER
from flowcore.ops.consistency import consistency_distance, consistency_mask
from flowcore.pipeline import load_model
from flowcore.training.config_file import load_config
from flowcore.training.source import SceneSource
from tests.benchmarks.semantics_tables import markdown

SPEEDS = {"0.05 to 1 px": (0.05, 1.0), "1 to 10 px": (1.0, 10.0), "10 to 60 px": (10.0, 60.0)}
SIZE = (192, 256)
CLASSES = CLASS_SETS["scenes"]
NUM = len(CLASSES.classes)
LATE = 4  # steps whose spread is an uncertainty
MAPS = frozenset({"classes", "occlusion", "log_scale", "iterates"})


def scenes_of(source: SceneSource, speed: tuple[float, float], count: int) -> Iterator[Scenes]:
    """Four at a time, the same each time."""
    generator = torch.Generator().manual_seed(2**33 + 7)
    for _ in range(count // 4):
        yield make_scenes(
            source.kept,
            source.shapes,
            batch=4,
            size=SIZE,
            config=SceneConfig(min_motion=speed[0], max_motion=speed[1]),
            generator=generator,
            kinds=source.kinds,
        )


@torch.inference_mode()
def told(net, scenes: Scenes) -> dict[str, np.ndarray]:
    """All that is said of a batch, pixel by pixel, and what is true."""
    found = net(scenes.first, scenes.second, keep=MAPS)
    back = net(scenes.second, scenes.first).flow
    on_pixels = {
        name: torch.nn.functional.interpolate(one.values.float(), SIZE, mode="bilinear")
        for name, one in found.maps.items()
    }
    late = torch.stack(found.iterates[-LATE:])
    numbers = {
        "error": epe(found.flow, scenes.flow),
        "fl": torch.tensor(fl_all(found.flow, scenes.flow)),
        "class": scenes.classes,
        "said class": 1 + on_pixels["classes"].argmax(1),
        "occluded": scenes.occluded,
        "occlusion head": on_pixels["occlusion"][:, 0],
        "disagree": ~consistency_mask(found.flow, back),
        "head": on_pixels["log_scale"][:, -1],
        "spread over the last refinement steps": late.var(0).sum(1).sqrt(),
        "round trip": consistency_distance(found.flow, back),
    }
    return {name: value.cpu().numpy().ravel() for name, value in numbers.items()}


def scores(parts: list[dict[str, np.ndarray]]) -> dict:
    """Over all pixels of some batches."""
    every = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    counts = confusion(every["said class"].astype(int), every["class"].astype(int), num_classes=32)
    head, check = every["occlusion head"] > 0, every["disagree"]
    hidden, error = every["occluded"], every["error"].astype(np.float32)
    by_chance = np.random.default_rng(0).random(error.size, np.float32)
    return {
        "epe": float(error.mean()),
        "fl_all": float(every["fl"].mean()),
        "miou": mean_iou(counts),
        "iou": iou_by_class(counts),
        "share": {n: float(100 * np.mean(every["class"] == n)) for n in range(1, NUM + 1)},
        "occluded": float(100 * hidden.mean()),
        "occlusion": {
            "head": (*mask_agreement(head, hidden), mask_agreement(head, hidden).f1,
                     average_precision(every["occlusion head"], hidden)),
            "forward-backward": (*mask_agreement(check, hidden), mask_agreement(check, hidden).f1,
                                 average_precision(every["round trip"], hidden)),
        },
        "ause": {
            name: ause(error, every[name].astype(np.float32))
            for name in ("head", "spread over the last refinement steps", "round trip")
        } | {"by chance": ause(error, by_chance)},
    }  # fmt: skip


def show(found: dict[str, dict]) -> str:
    names = list(found)
    classes = [
        [name, *(f"{one['iou'].get(number, float('nan')):.1f}" for one in found.values()),
         f"{found[names[-1]]['share'][number]:.1f}"]
        for number, name in enumerate(CLASSES.names) if number
    ]  # fmt: skip
    classes.append(["mean", *(f"{one['miou']:.1f}" for one in found.values()), ""])
    hidden = [
        [speed, who, *(f"{value:.1f}" for value in (*row[:2], *row[3:])), f"{one['occluded']:.1f}"]
        for speed, one in found.items()
        for who, row in one["occlusion"].items()
    ]
    unsure = [
        [name, *(f"{one['ause'][name]:.3f}" for one in found.values())]
        for name in found[names[0]]["ause"]
    ]
    unsure.append(["EPE of the flow, px", *(f"{one['epe']:.3f}" for one in found.values())])
    return "\n\n".join(
        [
            markdown("Classes: intersection over union, %", ["", *names, "pixels, %"], classes),
            markdown(
                "Occlusion, %",
                ["", "by", "found", "right", "F1", "average precision", "occluded"],
                hidden,
            ),
            markdown("AUSE, 0 is the oracle", ["", *names], unsure),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--photos", nargs="+", default=[])
    parser.add_argument("--count", type=int, default=32, help="scenes of each speed")
    parser.add_argument("--card", action="store_true")
    options = parser.parse_args()
    config = load_config(options.config, photos=options.photos)
    source = SceneSource(config, device=torch.device("cpu"))
    name = f"{config.model}.{config.tag}"
    net, parts = load_model(name, "cpu"), {}
    with use_threads(1):
        for speed, bounds in SPEEDS.items():
            parts[speed] = [told(net, one) for one in scenes_of(source, bounds, options.count)]
    found = {speed: scores(rows) for speed, rows in parts.items()}
    found["all"] = scores([row for rows in parts.values() for row in rows])
    print(show(found))
    if options.card:
        every = found["all"]
        of_head = every["occlusion"]["head"]
        path = BUNDLED_FOLDER / f"{name}.json"
        card = json.loads(path.read_bytes())
        card["scores"] = card.get("scores", {}) | {
            "held-out generated scenes": {
                "epe": round(every["epe"], 3),
                "fl_all": round(every["fl_all"], 2),
                "miou": round(every["miou"], 1),
                "occlusion_f1": round(of_head[3], 1),
                "occlusion_ap": round(of_head[4], 1),
                "ause": round(every["ause"]["head"], 3),
            }
        }
        path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
