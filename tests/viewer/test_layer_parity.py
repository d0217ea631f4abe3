"""The viewer and the exports draw one picture of each layer, to one level of each channel.

Python and JavaScript share palette and table of layers; the rules are written in both, and both
draw the same small made-up pair here. Warped frames too agree to one level: the viewer works in
double precision and the export in single, and each rounds once.
"""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from flowcore.export.panels import LAYERS, draw, draw_frames, draw_truth, viewer_lane
from flowcore.lane import Lane
from flowcore.types import Estimate, FlowField, FramePair, PipelineConfig
from flowcore.viz.palette import ARROW, ARROW_OUTLINE
from flowcore.viz.scale import Scale
from flowcore.viz.viewer_payload import ViewerMap, pack_viewer
from tests.patience import patient
from tests.programs import missing

NODE = shutil.which("node")
SCRIPT = Path(__file__).with_name("paint_layers.mjs")
HEIGHT, WIDTH = 40, 48
SCALE = Scale(6.0, 2.5, noise_floor=0.5)
STEP = 2.0**-6  # px; a payload holds whole steps exactly

FRAME_LAYERS = [key for key, layer in LAYERS.items() if "flow" not in layer.needs]
LANE_LAYERS = [key for key in LAYERS if key not in FRAME_LAYERS]
TRUTH_LAYERS = [key for key in LANE_LAYERS if LAYERS[key].needs == ("flow",)]


def made_flow(rng):
    """Vectors within and beyond the scale and the frame, axes, noise, rest, unknown pixels."""
    uv = rng.normal(0, 4, (HEIGHT, WIDTH, 2))
    uv[:3] *= 9
    uv[3, :9] = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    uv[4] *= 0.1
    uv[5:8] = 0
    uv = np.float32(np.rint(uv / STEP) * STEP)
    return FlowField(uv, rng.random((HEIGHT, WIDTH)) < 0.8)


def made_lane(flow, consistent=None, unsure=None):
    maps = {} if unsure is None else {"log_scale": np.log(unsure)[..., None]}
    return Lane(Estimate(flow, PipelineConfig("made"), maps=maps), consistent, {})


def made_pair(rng):
    first, second = rng.integers(0, 256, (2, HEIGHT, WIDTH, 3), np.uint8)
    labels = rng.integers(-300, 300, (HEIGHT, WIDTH), np.int32)
    labels[:9, :9] = 0
    occluded = np.zeros((HEIGHT, WIDTH), bool)
    occluded[10:30, 12:40] = True
    return FramePair(first, second, made_flow(rng), labels, occluded)


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(0)
    pair = made_pair(rng)
    lanes = {
        "near": made_lane(
            FlowField(pair.truth.uv + np.float32((0.5, -0.25)), rng.random((HEIGHT, WIDTH)) < 0.8),
            rng.random((HEIGHT, WIDTH)) < 0.6,
            np.float32(
                2 * STEP * (2 * rng.integers(0, 125, (HEIGHT, WIDTH)) + 1)
            ),  # no half levels
        ),
        "far": made_lane(made_flow(rng)),
    }
    values = np.float32(rng.uniform(0, 5, (HEIGHT, WIDTH)))
    return pair, lanes, ViewerMap("Entropy", values, 4.0, "bits")


@pytest.fixture(scope="module")
def painted(made, tmp_path_factory):
    """The folder of what the viewer's own functions paint."""
    if NODE is None:
        missing("node")
    pair, lanes, entropy = made
    folder = tmp_path_factory.mktemp("painted")
    payload = pack_viewer(
        pair,
        [viewer_lane(title, lane, (entropy,)) for title, lane in lanes.items()],
        max_magnitude=SCALE.max_magnitude,
        max_error=SCALE.max_error,
        noise_floor=SCALE.noise_floor,
    )
    (folder / "payload.bin").write_bytes(payload)
    for name in ("first", "second"):  # pixels: a JPEG would differ from them
        frame = np.dstack([getattr(pair, name), np.full((HEIGHT, WIDTH), 255, np.uint8)])
        (folder / f"{name}.rgba").write_bytes(frame.tobytes())
    run = subprocess.run(
        [NODE, SCRIPT, folder], capture_output=True, text=True, timeout=patient(60)
    )
    assert run.returncode == 0, run.stderr
    return folder


def assert_painted(folder, source, layer, drawn):
    file = folder / f"{source}|{layer}.rgba".replace(":", "-")
    seen = np.frombuffer(file.read_bytes(), np.uint8).reshape(HEIGHT, WIDTH, 4)
    assert (seen[..., 3] == 255).all()
    off = np.abs(seen[..., :3].astype(int) - drawn)
    assert off.max() <= 1, f"{(off > 1).sum()} channels differ, by up to {off.max()}"


@pytest.mark.parametrize("layer", FRAME_LAYERS)
def test_layers_of_the_pair(made, painted, layer):
    assert_painted(painted, "frames", layer, draw_frames(layer, made[0], SCALE))


@pytest.mark.parametrize("layer", [key for key in LANE_LAYERS if key != "arrows"])
def test_layers_of_a_lane(made, painted, layer):
    pair, lanes, entropy = made
    drawn = draw(layer, pair, lanes["near"], SCALE, opponent=lanes["far"], layer_map=entropy)
    name = {"wins": "wins:lane:far", "map": "map:Entropy"}.get(layer, layer)
    assert_painted(painted, "lane:near", name, drawn)


@pytest.mark.parametrize("layer", [key for key in TRUTH_LAYERS if key != "arrows"])
def test_layers_of_the_truth(made, painted, layer):
    assert_painted(painted, "truth", layer, draw_truth(made[0], SCALE, layer=layer))


def test_arrows_lie_on_the_same_photo_and_have_the_same_colors(made, painted):
    """How many there are follows the size of the screen there, and of the picture here."""
    still, moving = (
        draw("arrows", made[0], made_lane(FlowField(np.full((HEIGHT, WIDTH, 2), speed))), SCALE)
        for speed in np.float32([(0, 0), (9, 0)])
    )
    assert_painted(painted, "lane:near", "arrows", still)
    strokes = json.loads((painted / "strokes.json").read_text())
    assert strokes == [f"rgb({r} {g} {b})" for r, g, b in (ARROW_OUTLINE, ARROW)]
    for color in (ARROW_OUTLINE, ARROW):
        assert (moving == color).all(-1).any()


def test_the_viewer_paints_no_other_layers(painted):
    files = {file.name.split("|")[1].split("-")[0] for file in painted.glob("*|*")}
    assert {name.removesuffix(".rgba") for name in files} == set(LAYERS)
