"""What every model that ships sees in one small pair, kept in ``golden.json``.

``python -m tests.models.golden NAME ...`` writes these rows anew, without names all of them; rows
whose model is gone are left out.
"""

import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np

from flowcore import models
from flowcore.data.synthetic import make_pair
from flowcore.pipeline import run
from flowcore.types import PipelineConfig

FILE = Path(__file__).with_suffix(".json")
POINTS = np.ix_((20, 47, 75), (14, 49, 82, 113))  # rows, columns


def golden_pair():
    """A smooth texture, 96x128, that turns, grows and shifts by some px."""
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5).astype(np.float32)
    photo = np.clip(128 + 5 * (smooth - smooth.mean()), 0, 255).astype(np.uint8)
    return make_pair(photo, dx=3.3, dy=-1.6, rotation=2, zoom=1.03)


def row_of(name):
    """The weights' hash, if any, and the flow in px: its mean, and u, v at twelve points."""
    flow = run(golden_pair(), PipelineConfig(name), threads=1, device="cpu").flow.uv
    vectors = np.concatenate([[flow.mean((0, 1), np.float64)], flow[POINTS].reshape(-1, 2)])
    mean, *points = vectors.astype(np.float64).round(3).tolist()
    return {"sha256": models.describe(name).sha256, "mean": mean, "points": points}


def read():
    """The rows by name."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def rewrite(names):
    """Write the rows of these models anew, one a line; the other rows stay."""
    known = {name: row for name, row in read().items() if name in models.available()}
    rows = known | {name: row_of(name) for name in names}
    lines = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(rows.items())]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ["FLOWCORE_WEIGHTS"] = os.devnull  # what ships, not what was imported
    rewrite(sys.argv[1:] or models.available())
