"""Fixtures for training: a few photos, a run of four steps, weights in a folder of the test's."""

import functools

import cv2
import numpy as np
import pytest

from flowcore.io.frames import write_frame
from flowcore.training import source
from flowcore.training.config import Stage, TrainingConfig


@pytest.fixture(autouse=True)
def weights_folder(tmp_path, monkeypatch):
    """A user's weights folder of the test's own."""
    folder = tmp_path / "weights"
    monkeypatch.setenv("FLOWCORE_WEIGHTS", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _few_shapes(monkeypatch):
    """So that a run begins quickly."""
    monkeypatch.setattr(source, "_NUM_SHAPES", 16)


read_once = {
    name: functools.cache(getattr(source, name)) for name in ("load_textures", "load_shapes")
}


@pytest.fixture(autouse=True)
def _photos_are_read_once(monkeypatch):
    for name, read in read_once.items():
        monkeypatch.setattr(source, name, read)


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """A folder with three small photos."""
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(0).integers(0, 256, (3, 12, 18, 3), np.uint8)
    for number, cells in enumerate(noise):
        write_frame(folder / f"{number}.png", cv2.resize(cells, (360, 240)))
    return folder


@pytest.fixture
def config(photos):
    """Two stages of two steps; every step is a row of the log."""
    stages = (
        Stage(name="first", steps=2, batch=2, size=(64, 64), iterations=3, warm_up=1),
        Stage(name="second", steps=2, batch=1, size=(64, 80), iterations=4, frozen_norm=True),
    )
    return TrainingConfig(
        model="scope_035",
        tag="test",
        stages=stages,
        photos=(str(photos),),
        precision="float32",
        ema=0.5,
        log_every=1,
        validate_every=100,
    )


TOML = """
model = "scope_035"
tag = "test"
photos = ["{photos}"]
log_every = 1
checkpoint_every = {checkpoint_every}

[[stages]]
name = "first"
steps = {steps}
batch = 1
size = [64, 64]
iterations = 3
"""


@pytest.fixture
def config_file(tmp_path, photos):
    """A config as a file, for the command line."""
    path = tmp_path / "config.toml"
    path.write_text(TOML.format(photos=photos, steps=3, checkpoint_every=2))
    return path
