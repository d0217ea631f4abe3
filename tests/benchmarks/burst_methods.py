"""The burst nets that ship beside the baselines, on bursts made from held-out photos.

``python -m tests.benchmarks.burst_methods PHOTOS [--count N] [--method NAME ...]
[--strengths H ...] [--runs FILE]``

From each of N photos, evenly spread over the folder, the middle 144x144 px become a burst that
moves by 5 px in all, and one that stands still; Gaussian noise of 25 gray levels on every frame.
"NAME:PX" is a net whose target patches lie PX apart; "nlm:H" non-local means of strength H.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

import numpy as np

from flowcore.bursts.baselines import non_local_means
from flowcore.bursts.restore import EDGE_BLOCK, burst_methods, restore, scores_of
from flowcore.data.bursts import make_burst
from flowcore.data.textures import photo_files
from flowcore.io.frames import read_frame
from flowcore.types import Burst

SIDE, NOISE = 144, 25.0
MOTIONS = {"dynamic": 5.0, "static": 0.0}


def burst_of(path: Path, index: int, motion: float) -> Burst:
    """The burst from the middle of a photo; each photo moves in a direction of its own."""
    picture = read_frame(path)
    side = SIDE + 2 * (int(np.ceil(motion / 2)) + 3)
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    cut = np.ascontiguousarray(picture[top : top + side, left : left + side])
    return make_burst(cut, motion=motion, angle=137.5 * index, noise=NOISE, seed=index)


def scores(burst: Burst, method: str) -> dict[str, float]:
    name, _, knob = method.partition(":")
    if name == "nlm":
        return scores_of(burst, non_local_means(burst, strength=float(knob)), EDGE_BLOCK)
    found = restore(burst, name, stride=int(knob) if knob else None)
    return {**found.scores, "seconds": found.seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--method", nargs="+", default=burst_methods())
    parser.add_argument("--runs", type=Path, help="JSON file that keeps what was measured")
    options = parser.parse_args()
    known = json.loads(options.runs.read_text()) if options.runs and options.runs.is_file() else {}
    files = photo_files([options.photos])
    chosen = files[:: max(1, len(files) // options.count)][: options.count]
    for kind, motion in MOTIONS.items():
        for index, path in enumerate(chosen):
            burst = burst_of(path, index, motion)
            for method in options.method:
                key = f"{kind} {path.name} {method}"
                if key not in known:
                    known[key] = scores(burst, method)
                    print(key, known[key], file=sys.stderr, flush=True)
            if options.runs:
                options.runs.write_text(json.dumps(known, indent=1))
        for method in options.method:
            rows = [known[f"{kind} {path.name} {method}"] for path in chosen]
            means = [
                statistics.mean(row[key] for row in rows) for key in ("psnr", "ssim", "edge_ratio")
            ]
            print(f"| {kind} | {method} | {means[0]:.2f} | {means[1]:.3f} | {means[2]:.3f} |")


if __name__ == "__main__":
    main()
