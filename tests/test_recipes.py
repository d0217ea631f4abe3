"""The text that is copied gives bit for bit the flow that was shown."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flowcore.comparison import run_lane
from flowcore.data import samples
from flowcore.io.flow_files import read_flow
from flowcore.recipes import as_command, as_python
from flowcore.report import write_pair
from flowcore.types import ChunkGrid, PipelineConfig

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = [  # what the presets of Compare hold, and everything at once
    *(PipelineConfig(name) for name in ("dis_ultrafast", "dis_fast", "dis_medium", "farneback")),
    *(PipelineConfig("dis_medium", chunks=ChunkGrid(size, size)) for size in (2, 4)),
    PipelineConfig("dis_medium", scale=0.5),
    *(PipelineConfig("dis_medium", blur_sigma=sigma) for sigma in (1.0, 2.0, 4.0)),
    PipelineConfig("farneback", 0.5, 1.5, ChunkGrid(2, 3, 24, "linear", motion_aware=True)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes")
    write_pair(folder / "pair", samples.load("occluder"))
    return folder


def run_text(arguments, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(arguments, cwd=folder, env=environment, check=True, timeout=120,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    return read_flow(folder / "flow.flo").uv


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_copied_text_gives_the_same_flow(folder, config):
    shown = run_lane(samples.load("occluder"), config, threads=1).estimate.flow.uv
    command = shlex.split(as_command(config, threads=1))
    assert np.array_equal(run_text([sys.executable, *command[1:]], folder), shown)
    (folder / "flow.flo").unlink()
    code = as_python(config, threads=1)
    assert np.array_equal(run_text([sys.executable, "-c", code], folder), shown)
