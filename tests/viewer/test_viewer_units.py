"""The viewer's modules by themselves, run by node; what they must find is worked out here."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from flowcore.metrics.flow import epe
from flowcore.types import FlowField, FramePair
from flowcore.viz.error import error_to_color, kitti_error_color, who_wins
from flowcore.viz.flow_color import flow_to_color
from flowcore.viz.viewer_payload import ViewerLane, ViewerMap, cut_viewer, pack_viewer
from tests.patience import patient
from tests.programs import missing

FOLDER = Path(__file__).parent
NODE = shutil.which("node")
HEIGHT, WIDTH = 31, 45
SCALES = ((8.0, 0.05), (0.7, 0.5), (40.0, 0.0))  # full color and noise floor, px
MAX_ERRORS = (1.0, 5.0, 37.0)  # px


def steps(rng, largest, step):
    """A flow whose numbers are whole steps, so that a payload holds it exactly."""
    flow = rng.integers(-largest / step, largest / step, (HEIGHT, WIDTH, 2), endpoint=True)
    flow[0, :9] = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]  # every axis and diagonal
    flow[1, :2] = largest / step, -largest / step
    return np.float32(flow * step)


def colors(picture):
    return picture.reshape(-1).tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A payload, and what is in it."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    masks = {name: rng.random((HEIGHT, WIDTH)) < 0.7 for name in ("valid", "consistent", "seen")}
    labels = rng.integers(-70_000, 70_000, (HEIGHT, WIDTH), np.int32)
    levels = rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    truth = FlowField(steps(rng, 12, 2**-8))
    small = FlowField(steps(rng, 10, 2**-8), masks["valid"])
    large = FlowField(steps(rng, 5000, 2**-2))
    pair = FramePair(first, first, truth, labels=labels, occluded=~masks["seen"])
    sureness = ViewerMap("Sureness", np.float32(levels / 255 * 3), 3.0, "bits")
    payload = pack_viewer(
        pair,
        [ViewerLane("small", small, masks["consistent"], (sureness,)), ViewerLane("large", large)],
        class_names={7: "tree"},
        marked=("unseen", ~masks["seen"]),
    )
    errors = epe(small.uv, truth.uv)
    expected = {
        "width": WIDTH,
        "height": HEIGHT,
        "flows": [flow.uv.astype(float).ravel().tolist() for flow in (truth, small, large)],
        "masks": {name: mask.ravel().tolist() for name, mask in masks.items()},
        "labels": labels.ravel().tolist(),
        "levels": levels.ravel().tolist(),
        "flowColors": [
            {"maxMagnitude": m, "noiseFloor": n,
             "rgb": colors(flow_to_color(small, max_magnitude=m, noise_floor=n))}
            for m, n in SCALES
        ],
        "errorColors": [
            {"maxError": m, "rgb": colors(error_to_color(errors, max_error=m, valid=small.valid))}
            for m in MAX_ERRORS
        ],
        "kittiColors": colors(kitti_error_color(small, truth)),
        "winsColors": [
            {"maxError": m, "rgb": colors(who_wins(
                errors, epe(large.uv, truth.uv), max_difference=m, valid=small.valid))}
            for m in MAX_ERRORS
        ],
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("viewer")
    (folder / "payload.bin").write_bytes(payload)
    (folder / "expected.json").write_text(json.dumps(expected))
    write_large(folder)
    return folder


def write_large(folder):
    """A frame larger than a pane, in whose lane every vector tells its pixel; its flows apart."""
    height, width = 520, 601
    y, x = np.indices((height, width), np.float32)
    still = np.zeros((height, width, 3), np.uint8)
    pair = FramePair(still, still, FlowField(np.zeros((height, width, 2), np.float32)))
    lanes = [ViewerLane("place", FlowField(np.stack([x / 4, -y / 4], -1)))]
    tiles = cut_viewer(pair, lanes)
    (folder / "large.bin").write_bytes(pack_viewer(pair, lanes, tiles=tiles))
    (folder / "tiles.bin").write_bytes(tiles.content)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.test.mjs")), ids=lambda file: file.stem)
def test_units(file, folder):
    if NODE is None:
        missing("node")
    run = subprocess.run(
        [NODE, "--test", file],
        env={**os.environ, "VIEWER_FIXTURE": str(folder)},
        capture_output=True,
        text=True,
        timeout=patient(60),
    )
    assert run.returncode == 0, run.stdout + run.stderr
