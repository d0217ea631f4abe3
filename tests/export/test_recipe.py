"""The text that is copied gives bit for bit the flow that was shown."""

import io
import json
import os
import shlex
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flowcore.__main__ import main
from flowcore.data import samples
from flowcore.export.files import write_pair
from flowcore.export.recipe import as_command, as_python
from flowcore.export.report import bundle
from flowcore.io.flow_files import read_flow
from flowcore.lane import external_lane, run_lane
from flowcore.metrics.definitions import describe
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
    command, *arguments = shlex.split(as_command(config, threads=1))
    assert (command, main(arguments)) == ("flowcore", 0)
    assert np.array_equal(taken_flow(), shown)
    exec(as_python(config, threads=1), {})
    assert np.array_equal(taken_flow(), shown)


RECORDER = """
import json, os, sys
print(json.dumps([os.getcwd(), sys.argv[1:]]))
"""


def test_a_bundle_repeats_its_table_from_anywhere(pair, tmp_path, monkeypatch, capsys):
    """With what is known of the motion, and the flow of another tool; titles are no commands.

    The script calls a command that tells how it was called, and that is done here.
    """
    third, half = np.arange(pair.size[1]) // 75, np.arange(pair.size[0])[:, None] < 80
    known = replace(
        pair,
        occluded=half & (third == 1),
        labels=np.broadcast_to(300 * third, pair.size),
        foreground=half & (third < 2),
    )
    lanes = {
        "a, b": run_lane(known, CONFIGS[0], threads=1),
        "a b\nexit 1": external_lane(known, pair.truth, name="external"),
    }
    lanes["a b"] = lanes["a, b"]
    with zipfile.ZipFile(io.BytesIO(bundle(known, lanes))) as archive:
        archive.extractall(tmp_path / "un packed")
    installed = tmp_path / "bin" / "flowcore"
    installed.parent.mkdir()
    recorder = tmp_path / "bin" / "recorder.py"
    recorder.write_text(RECORDER)
    command = shlex.join([sys.executable, "-I", str(recorder)])
    installed.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    installed.chmod(0o755)
    path = f"{installed.parent}{os.pathsep}{os.environ['PATH']}"
    calls = subprocess.run(
        ["sh", tmp_path / "un packed" / "repeat.sh"], cwd=tmp_path, check=True, text=True,
        env={**os.environ, "PATH": path}, timeout=patient(120), stdout=subprocess.PIPE,
    ).stdout  # fmt: skip
    for call in map(json.loads, calls.splitlines()):
        monkeypatch.chdir(call[0])
        assert main(call[1]) == 0
    told = capsys.readouterr().out
    numbers = [
        f"{describe(key).label} {item.value:.3f} {describe(key).unit} over {item.num_pixels:,} px"
        for lane in lanes.values()
        for key, item in lane.metrics.items()
    ]
    assert {"epe_unmatched", "epe_class_300", "fl_fg"} <= set(lanes["a, b"].metrics)
    assert [" ".join(line.split()) for line in told.splitlines() if " over " in line] == numbers
    for name in ("a_b.flo", "a_b_2.flo"):
        flow = read_flow(tmp_path / "un packed" / name)
        assert np.array_equal(flow.uv, lanes["a, b"].estimate.flow.uv)


@pytest.mark.slow
def test_copied_python_runs_by_itself(folder, pair, monkeypatch):
    monkeypatch.chdir(folder)
    shown = run_lane(pair, CONFIGS[-2], threads=1).estimate.flow.uv
    in_a_process("-c", as_python(CONFIGS[-2], threads=1))
    assert np.array_equal(taken_flow(), shown)
