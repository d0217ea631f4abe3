"""Where the semantic losses look, and what they are of the true flow: nothing is trained.

``python -m tests.benchmarks.semantics_masks [--photos FOLDER ...] [--count N]``

Over generated scenes (192x256 px), slow, medium and fast. A mask that follows the motion counts
what is the same class there; the first version's counts what is the same class at the same pixel.
"""

import argparse

import torch

from flowcore.data.classes import kinds_of_shapes
from flowcore.data.scenes import SceneConfig, make_scenes
from flowcore.data.shapes import load_shapes, make_shapes
from flowcore.data.textures import load_textures, make_textures
from flowcore.losses import (
    border_sharpness,
    class_smoothness,
    masked_mean,
    same_class_along,
    same_class_here,
)
from tests.benchmarks.semantics_tables import markdown

SPEEDS = {"0.2 to 2 px": (0.2, 2.0), "2 to 16 px": (2.0, 16.0), "16 to 40 px": (16.0, 40.0)}


def percent(part: torch.Tensor, whole: torch.Tensor) -> str:
    return f"{100 * (part & whole).sum() / whole.sum().clamp(min=1):.2f}"


def row(name: str, scenes) -> list[str]:
    here = same_class_here(scenes.classes, scenes.second_classes)
    along = same_class_along(scenes.classes, scenes.second_classes, scenes.flow) & ~scenes.occluded
    everywhere = torch.ones_like(here)
    penalty = class_smoothness(scenes.flow, scenes.classes)
    return [
        name,
        percent(here, everywhere),
        percent(scenes.occluded, here),
        percent(~along, here),
        percent(~here, along),
        f"{masked_mean(penalty, here):.3f}",
        f"{masked_mean(penalty, along):.3f}",
        f"{masked_mean(border_sharpness(scenes.flow, scenes.classes), here):.3f}",
    ]


def blended(classes: torch.Tensor, factor: float) -> float:
    """Percent of pixels at a border that bilinear resizing gives a class none of the four has."""
    size = [round(factor * side) for side in classes.shape[-2:]]
    there = torch.nn.functional.one_hot(classes).permute(0, 3, 1, 2).float()

    def resized(values: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(values, size, mode="bilinear", align_corners=False)

    shares = resized(there)
    given = resized(classes[:, None].float()).round().long()
    at_border = (shares > 0).sum(1) > 1
    is_strange = shares.gather(1, given)[:, 0] == 0
    return 100 * (is_strange & at_border).sum().item() / at_border.sum().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", nargs="+", default=[])
    parser.add_argument("--count", type=int, default=48, help="scenes of each speed")
    options = parser.parse_args()
    made = make_shapes(256)
    loaded = load_shapes(options.photos) if options.photos else made[:0]
    textures = load_textures(options.photos).textures if options.photos else make_textures(32)
    kinds = torch.from_numpy(kinds_of_shapes(len(made), len(loaded))).long()
    generator = torch.Generator().manual_seed(2**33 + 3)
    rows = []
    for name, (slowest, fastest) in SPEEDS.items():
        scenes = make_scenes(
            textures,
            torch.cat([made, loaded]),
            batch=options.count,
            size=(192, 256),
            config=SceneConfig(min_motion=slowest, max_motion=fastest),
            generator=generator,
            kinds=kinds,
        )
        rows.append(row(name, scenes))
        strange = blended(scenes.classes, 0.75)
    header = [
        "speed", "first version counts, % of the frame", "of these occluded, %",
        "of these not the same class along the motion, %",
        "visible and the same class along it, but not counted, %",
        "its penalty of the true flow, px", "corrected: of the true flow, px",
        "new: of the true flow",
    ]  # fmt: skip
    print(markdown("Where the semantic losses look", header, rows))
    print(
        f"\nLabels resized by 0.75 bilinearly: {strange:.1f} % of the pixels at borders get a class"
    )
    print("that none of the pixels they are blended from has; by nearest none.")


if __name__ == "__main__":
    main()
