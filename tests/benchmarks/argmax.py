"""What the matching alone knows: argmax flow beside the refined flow, where the motion is known.

``python -m tests.benchmarks.argmax MODEL ... [--iterations N] [--threads N]``

The middles of the samples' photos, 384x288 px, each moved as a whole by every speed in two
directions. Over the pixels that stay visible: the share of which the argmax flow is right to one
cell (the cell of the true match or a neighbor of it), the share of which the refined flow is, and
the share of which the refined flow is right to 1 px; by speed, by texture, and by entropy. Texture
is the smaller eigenvalue of the structure tensor over 15x15 px, in thirds of all pixels; entropy is
that of the attention at the default temperature.
"""

import argparse
import math
from collections.abc import Iterator

import cv2
import numpy as np
import pandas as pd

from flowcore.data import samples
from flowcore.data.synthetic import make_pair
from flowcore.features.dense import DenseMatching, dense_matching
from flowcore.features.matching import look_inside
from flowcore.metrics.flow import epe
from flowcore.pipeline import run
from flowcore.types import FramePair, PipelineConfig, UInt8Array

PHOTOS = ("subpixel", "large", "rotation_zoom", "static", "motorcycle")
SPEEDS = (0.5, 2, 8, 16, 32, 64, 96)
DIRECTIONS = (20, 155)  # degrees
SIZE = (288, 384)  # (height, width) of the middle that is cut out of each photo
WINDOW = 15  # px
TEXTURES = ("least", "middle", "most")
COLUMNS = (
    "argmax, %", "refined to a cell, %", "refined to 1 px, %", "argmax where mutual, %",
    "mutual, %", "pixels",
)  # fmt: skip
BITS = {
    "sure, below 1 bit": (0, 1),
    "1 to 3 bits": (1, 3),
    "doubtful, 3 bits or more": (3, math.inf),
}


def texture(frame: UInt8Array) -> np.ndarray:
    """The smaller eigenvalue of the structure tensor of every pixel."""
    return cv2.cornerMinEigenVal(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), WINDOW)


def middle(photo: UInt8Array) -> UInt8Array:
    top, left = ((full - side) // 2 for full, side in zip(photo.shape, SIZE, strict=False))
    return photo[top : top + SIZE[0], left : left + SIZE[1]]


def moved(photo: UInt8Array) -> Iterator[tuple[float, FramePair]]:
    for speed in SPEEDS:
        for degrees in DIRECTIONS:
            angle = math.radians(degrees)
            yield speed, make_pair(photo, dx=speed * math.cos(angle), dy=speed * math.sin(angle))


def judged(pair: FramePair, config: PipelineConfig, threads: int | None) -> pd.DataFrame:
    """What is right at each visible pixel, and how sure the matching was."""
    maps: DenseMatching = dense_matching(look_inside(pair, config, threads=threads))
    refined = run(pair, config, threads=threads).flow
    visible = ~pair.occluded

    def miss(uv: np.ndarray) -> np.ndarray:
        """By how much the worse of u and v is off."""
        return np.abs(uv - pair.truth.uv).max(-1)[visible]

    return pd.DataFrame(
        {
            "texture": texture(pair.first)[visible],
            "bits": maps.entropy[visible],
            "mutual": maps.mutual[visible],
            "argmax": miss(maps.flow.uv) <= maps.cell,
            "refined": miss(refined.uv) <= maps.cell,
            "refined_1px": epe(refined.uv, pair.truth.uv)[visible] <= 1,
        }
    )


def shares(rows: pd.DataFrame, by: str | pd.Series) -> pd.DataFrame:
    groups = rows.groupby(by, observed=True)
    table = 100 * groups[["argmax", "refined", "refined_1px"]].mean()
    table["argmax_where_mutual"] = (
        100 * rows[rows["mutual"]].groupby(by, observed=True)["argmax"].mean()
    )
    table["mutual"] = 100 * groups["mutual"].mean()
    table["pixels"] = groups.size()
    return table


def show(title: str, table: pd.DataFrame) -> None:
    print(f"\n| {title} | {' | '.join(COLUMNS)} |\n" + "|---" * 7 + "|")
    for name, row in table.iterrows():
        cells = [f"{row[key]:.1f}" for key in table if key != "pixels"]
        print(f"| {name} | " + " | ".join([*cells, f"{row['pixels']:,.0f}"]) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    for model in options.models:
        config = PipelineConfig(model, iterations=options.iterations)
        parts = []
        for name in PHOTOS:
            for speed, pair in moved(middle(samples.load(name).first)):
                parts.append(judged(pair, config, options.threads).assign(speed=speed))
        rows = pd.concat(parts, ignore_index=True)
        print(f"\n{model}, iterations: {options.iterations or 'its own'}")
        show("speed, px", shares(rows, "speed"))
        show("texture", shares(rows, pd.qcut(rows["texture"], 3, labels=TEXTURES)))
        edges = [low for low, _ in BITS.values()] + [math.inf]
        show("entropy", shares(rows, pd.cut(rows["bits"], edges, right=False, labels=list(BITS))))


if __name__ == "__main__":
    main()
