"""Time and peak memory of large pairs: ``python -m tests.benchmarks.large_frames [WORD ...]``.

Each row is one ``python -m flowcore estimate`` in a process of its own, on 3840x2160, 7680x4320 or
7680x5208; "external" takes the true flow for that of another tool. With words only the rows that
have them all. The peak is that of the whole process, decoding and warm-up included, and without
``--flow-only`` the backward flow and metrics as well; the seconds are the forward estimate alone.
``raft_small.things`` must have been imported (``weights import``).

Last, the time that metrics take in bands of rows, as a share of that with one band for the whole
frame, both in one process.
"""

import json
import math
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from flowcore.io.frames import write_frame
from flowcore.metrics.summary import measure
from flowcore.ops import bands
from flowcore.types import FlowField, FramePair

SIZES = {"4K": (2160, 3840), "8K": (4320, 7680), "40Mpx": (5208, 7680)}
MOTION = (13, -7)  # px right, px down
RUNS = (
    ("4K", ["--model", "dis_medium"]),
    ("4K", ["--model", "dis_medium", "--chunks", "4x4"]),
    ("4K", ["--model", "scope_070.scenes", "--flow-only"]),
    ("4K", ["--model", "scope_070.scenes", "--flow-only", "--chunks", "4x4"]),
    ("4K", ["--model", "scope_070.scenes", "--flow-only", "--chunks", "4x4", "--threads", "1"]),
    ("4K", ["--model", "scope_070.scenes", "--chunks", "4x4"]),
    ("4K", ["--model", "scope_070.scenes", "--memory", "800"]),
    ("4K", ["--model", "raft_small.things", "--chunks", "4x4"]),
    ("4K", ["--model", "raft_small.things", "--chunks", "6x6"]),
    ("4K", ["--model", "raft_small.things"]),
    ("8K", ["--model", "scope_070.scenes", "--chunks", "8x8"]),
    ("40Mpx", ["--model", "external"]),
)
MEASURED = ((436, 1024), (1080, 1920))  # sizes on which bands are timed


def write_pair(folder: Path, size: tuple[int, int]) -> list[str]:
    """A photo enlarged to a size, the same moved by ``MOTION``, and the true flow."""
    height, width = size
    photo = cv2.resize(
        skimage.data.coffee(), (width + 64, height + 64), interpolation=cv2.INTER_CUBIC
    )
    grain = np.random.default_rng(0).normal(0, 6, photo.shape)
    photo = np.clip(photo + cv2.GaussianBlur(grain, (0, 0), 1.0) * 3, 0, 255).astype(np.uint8)
    dx, dy = MOTION
    paths = []
    for name, (top, left) in {"first": (32, 32), "second": (32 - dy, 32 - dx)}.items():
        paths.append(str(folder / f"{name}.png"))
        write_frame(paths[-1], photo[top : top + height, left : left + width])
    truth = str(folder / "truth.npy")
    np.save(truth, np.broadcast_to(np.float32(MOTION), (*size, 2)))
    return [*paths, "--truth", truth]


def run(arguments: list[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "flowcore", "estimate", *arguments, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        return {}
    result = json.loads(output)
    return {
        "seconds": result["seconds"] or math.nan,
        "threads": result["threads"] or 0,
        "epe": result["metrics"].get("epe", math.nan),
        "peak_gib": usage.ru_maxrss / 2**20,
    }


def bands_share(size: tuple[int, int], runs: int = 9) -> float:
    """Seconds of the metrics in bands over those in one band: the least of some runs in turns."""
    generator = np.random.default_rng(0)
    first = generator.integers(0, 256, (*size, 3), np.uint8)
    noise = generator.normal(0, 0.3, (*size, 2)).astype(np.float32)
    there, back, truth = (FlowField(noise + np.float32(motion)) for motion in (3, -3, 2))
    pair = FramePair(first, np.roll(first, 3, (0, 1)), truth)
    usual, best = bands._PIXELS, {}
    for _ in range(runs):
        for pixels in (usual, math.prod(size)):
            bands._PIXELS = pixels
            start = time.perf_counter()
            measure(there, pair, backward=back)
            best[pixels] = min(best.get(pixels, math.inf), time.perf_counter() - start)
    bands._PIXELS = usual
    return best[usual] / best[math.prod(size)]


def main() -> None:
    rows = [row for row in RUNS if all(word in [row[0], *row[1]] for word in sys.argv[1:])]
    print(f"{'settings':60} {'s':>7} {'peak GiB':>9} {'EPE px':>8}")
    for name in dict.fromkeys(name for name, _ in rows):
        with tempfile.TemporaryDirectory() as folder:
            # Aside: a child begins with the peak of its parent, which has to stay small.
            with multiprocessing.get_context("spawn").Pool(1) as aside:
                pair = aside.apply(write_pair, (Path(folder), SIZES[name]))
            for arguments in (arguments for size, arguments in rows if size == name):
                truth = f"external:{pair[-1]}"
                row = run([*pair, *(truth if it == "external" else it for it in arguments)])
                numbers = (
                    f"{row['seconds']:7.2f} {row['peak_gib']:9.2f} {row['epe']:8.3f}"
                    f"  ({row['threads']} threads)"
                    if row
                    else "refused, see above"
                )
                print(f"{' '.join([name, *arguments]):60} {numbers}", flush=True)
    for height, width in MEASURED:
        share = bands_share((height, width))
        print(f"metrics of {width}x{height} px in bands: {share:.2f} of the time in one band")


if __name__ == "__main__":
    main()
