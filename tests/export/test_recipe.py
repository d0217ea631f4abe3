"""The text that is copied gives bit for bit the flow that was shown."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flowcore.__main__ import main
from flowcore.data import samples
from flowcore.export.files import write_pair
from flowcore.export.recipe import as_command, as_python
from flowcore.io.flow_files import read_flow
from flowcore.lane import run_lane
from flowcore.types import ChunkGrid, FlowField, FramePair, PipelineConfig
from tests.patience import patient

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = [  # what the presets of Compare hold, and everything at once
    *(PipelineConfig(name) for name in ("dis_ultrafast", "dis_fast", "dis_medium", "farneback")),
    *(PipelineConfig("dis_medium", chunks=ChunkGrid(size, size)) for size in (2, 4)),
    PipelineConfig("dis_medium", scale=0.5),
    *(PipelineConfig("dis_medium", blur_sigma=sigma) for sigma in (1.0, 2.0, 4.0)),
    PipelineConfig("farneback", 0.5, 1.5, ChunkGrid(2, 3, 24, "linear", motion_aware=True)),
    PipelineConfig("dis_medium", chunks=ChunkGrid(overlap=0.07, chunk_size=(80, 90), halo=4)),
    PipelineConfig(
        "dis_fast", chunks=ChunkGrid(2, 2, 0, "winner", seam_blur=1.5, refine_share=0.5)
    ),
    PipelineConfig("dis_medium", chunks=ChunkGrid(overlap=8, blend="none", max_bytes=2_500_000)),
    PipelineConfig("scope_035.scenes", iterations=2),
]


@pytest.fixture(scope="module")
def pair():
    """The middle of a sample."""
    whole, middle = samples.load("occluder"), (slice(70, 230), slice(110, 334))
    truth = FlowField(whole.truth.uv[middle], whole.truth.valid[middle])
    return FramePair(whole.first[middle], whole.second[middle], truth)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pair):
    folder = tmp_path_factory.mktemp("recipes")
    write_pair(folder / "pair", pair)
    return folder


def in_a_process(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *arguments], env=environment, check=True, timeout=patient(120),
                   stdout=subprocess.DEVNULL)  # fmt: skip


def taken_flow():
    path = Path("flow.flo")
    flow = read_flow(path).uv
    path.unlink()
    return flow


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_copied_text_gives_the_same_flow(folder, pair, config, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    shown = run_lane(pair, config, threads=1).estimate.flow.uv
    start, *arguments = as_command(config, threads=1).split("python -m flowcore ")
    assert (start, main(shlex.split(arguments[0]))) == ("", 0)
    assert np.array_equal(taken_flow(), shown)
    exec(as_python(config, threads=1), {})
    assert np.array_equal(taken_flow(), shown)


def test_copied_text_runs_by_itself(folder, pair, monkeypatch):
    monkeypatch.chdir(folder)
    shown = run_lane(pair, CONFIGS[-2], threads=1).estimate.flow.uv
    in_a_process(*shlex.split(as_command(CONFIGS[-2], threads=1))[1:])
    assert np.array_equal(taken_flow(), shown)
    in_a_process("-c", as_python(CONFIGS[-2], threads=1))
    assert np.array_equal(taken_flow(), shown)
