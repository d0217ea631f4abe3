"""Time and peak memory of a 3840x2160 pair: ``python tests/benchmarks/large_frames.py``.

Each row is one ``python -m flowcore estimate`` in a process of its own; the peak is that of the
whole process, decoding, warm-up, backward flow and metrics included; the seconds are the forward
estimate alone. ``raft_small.things`` must have been imported (``weights import``).
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from flowcore.io.frames import write_frame

SIZE = (2160, 3840)
MOTION = (13, -7)  # px right, px down
RUNS = (
    ["--model", "dis_medium"],
    ["--model", "dis_medium", "--chunks", "4x4"],
    ["--model", "raft_small.things", "--chunks", "4x4"],
    ["--model", "raft_small.things", "--chunks", "6x6"],
    ["--model", "raft_small.things"],
)


def write_pair(folder: Path) -> list[str]:
    """A photo enlarged to 4K, and the same moved by ``MOTION``."""
    height, width = SIZE
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
    return paths


def run(arguments: list[str], truth: str, pair: list[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "flowcore", "estimate", *pair, *arguments]
    process = subprocess.Popen(
        [*command, "--truth", truth, "--json"], stdout=subprocess.PIPE, text=True
    )
    output = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        return {}
    result = json.loads(output)
    return {
        "seconds": result["seconds"],
        "threads": result["threads"],
        "epe": result["metrics"]["epe"],
        "peak_gib": usage.ru_maxrss / 2**20,
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pair = write_pair(Path(folder))
        truth = str(Path(folder) / "truth.npy")
        np.save(truth, np.broadcast_to(np.float32(MOTION), (*SIZE, 2)))
        print(f"{'settings':48} {'s':>7} {'peak GiB':>9} {'EPE px':>8}")
        for arguments in RUNS:
            row = run(arguments, truth, pair)
            numbers = (
                f"{row['seconds']:7.2f} {row['peak_gib']:9.2f} {row['epe']:8.3f}"
                f"  ({row['threads']} threads)"
                if row
                else "refused, see above"
            )
            print(f"{' '.join(arguments):48} {numbers}", flush=True)


if __name__ == "__main__":
    main()
