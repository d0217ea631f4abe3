"""Several processes train one net: the same weights in each, one log, one checkpoint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from flowcore import models
from flowcore.training.config_file import load_config
from flowcore.training.distributed import Workers
from flowcore.training.log import read_log
from flowcore.training.loop import train
from tests.patience import patient

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("two_workers.py")


def torchrun(*arguments):
    """Two processes on one processor; whatever graphics cards there are stay out of sight."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        timeout=patient(200),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def test_alone_without_torchrun(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    net = nn.Linear(1, 1)
    with Workers.joined() as workers:
        assert workers == Workers(rank=0, count=1, local_rank=0)
        assert workers.is_first
        assert workers.wrap(net) is net
        assert workers.device("cpu") == torch.device("cpu")
    assert not torch.distributed.is_initialized()


def test_each_process_has_its_own_card():
    workers = Workers(rank=5, count=8, local_rank=1)
    assert workers.device("cuda") == torch.device("cuda", 1)
    assert not workers.is_first


@pytest.mark.slow
def test_two_processes_end_with_equal_weights(config_file, tmp_path):
    torchrun(SCRIPT, config_file, tmp_path)
    first, second = (torch.load(tmp_path / f"rank{rank}.pt") for rank in (0, 1))
    assert first["steps"] == second["steps"] == 3
    for part in ("weights", "averaged"):
        assert first[part].keys() == second[part].keys()
        for name, weight in first[part].items():
            assert torch.equal(weight, second[part][name]), name
    assert read_log(tmp_path / "run" / "log.csv").step.tolist() == [1, 2, 3]
    # The other process saw other scenes: alone the first one would have learnt something else.
    alone = dict(train(load_config(config_file), tmp_path / "alone").net.named_parameters())
    assert not all(torch.equal(alone[name], weight) for name, weight in first["weights"].items())


@pytest.mark.slow
def test_the_command_under_torchrun(config_file, tmp_path):
    done = torchrun(
        "-m", "flowcore", "train", config_file, "--out", tmp_path / "run", "--device", "cpu"
    )
    assert done.stdout.count("scope_035.test: 3 steps") == 1
    assert (tmp_path / "run" / "checkpoint.pt").is_file()
    assert models.create("scope_035.test")
