"""From a run to a model: a half-precision file and a card, and the command that does it all."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from flowcore import models
from flowcore.__main__ import main
from flowcore.commands.stopping import stop_asked_for
from flowcore.cost import count_params
from flowcore.training import ship as shipping
from flowcore.training.config import CardConfig
from flowcore.training.log import read_log
from flowcore.training.loop import Trainer, train
from flowcore.training.ship import ship
from tests.patience import wait_until

counts = {}


@pytest.fixture(autouse=True)
def _operations_are_counted_once(monkeypatch):
    """Of each architecture."""

    def described(net, describe=shipping.describe_operations):
        size = count_params(net)
        if size not in counts:
            counts[size] = describe(net)
        return counts[size]

    monkeypatch.setattr(shipping, "describe_operations", described)


def test_what_ships_is_the_averaged_net(config, tmp_path, weights_folder):
    trainer = train(config, tmp_path / "run")
    weights = ship(trainer, command="python -m flowcore train x.toml")
    path = weights_folder / "scope_035.test.safetensors"
    assert path.stat().st_size == weights.num_bytes < 350_000
    assert all(tensor.dtype == torch.float16 for tensor in load_file(path).values())
    pair = torch.rand(2, 1, 3, 64, 96).unbind(0)
    with torch.inference_mode():
        expected = trainer.averaged.module.eval()(*pair).flow
        found = models.create("scope_035.test")(*pair).flow
    assert found.dtype == torch.float32
    assert (found - expected).abs().mean() < 0.01 * expected.abs().mean()


def test_nets_laid_out_for_a_gpu_ship(config, tmp_path):
    trainer = Trainer(config, tmp_path / "run")
    ship(trainer, command="", folder=tmp_path / "plain")
    trainer.averaged.to(memory_format=torch.channels_last)
    ship(trainer, command="", folder=tmp_path / "laid out")
    files = [tmp_path / name / "scope_035.test.safetensors" for name in ("plain", "laid out")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_shipping_leaves_the_run_as_it_is(config, tmp_path):
    trainer = train(config, tmp_path / "run")
    before = {key: tensor.clone() for key, tensor in trainer.averaged.state_dict().items()}
    ship(trainer, command="")
    after = trainer.averaged.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_the_card_tells_the_story(config, tmp_path):
    trainer = train(config, tmp_path / "run", stop_after=3)
    folder = tmp_path / "elsewhere"
    ship(trainer, command="python -m flowcore train x.toml", folder=folder)
    card = json.loads((folder / "scope_035.test.json").read_text())
    assert (
        card["recipe"]
        == "first: 2 steps of 2 pairs, 64x64 px; second: 1 steps of 1 pairs, 80x64 px"
    )
    assert card["data"] == "scenes made on the fly from 3 photos"
    training = card["training"]
    assert training["command"] == "python -m flowcore train x.toml"
    assert (training["seed"], training["steps"]) == (0, 3)
    assert "processor cores" in training["hardware"]
    assert "W per busy core" in training["energy"]
    assert training["operations"].endswith(" GMAC for a pair of 1024x448 px, 12 iterations")
    assert card["num_params"] == models.describe("scope_035").num_params


def test_the_card_counts_what_was_learnt_before(config, tmp_path):
    ship(train(config, tmp_path / "one", stop_after=2), command="", folder=tmp_path)
    begun = dataclasses.replace(config, init=str(tmp_path / "scope_035.test.safetensors"))
    ship(train(begun, tmp_path / "two", stop_after=1), command="", folder=tmp_path)
    card = json.loads((tmp_path / "scope_035.test.json").read_text())
    assert card["training"]["steps"] == 3
    assert card["recipe"].count("first") == 2


def test_the_card_of_a_grown_net_tells_of_the_smaller_one(config, tmp_path):
    ship(train(config, tmp_path / "one", stop_after=1), command="", folder=tmp_path)
    begun = dataclasses.replace(
        config,
        model="scope_070",
        init=str(tmp_path / "scope_035.test.safetensors"),
        init_model="scope_035",
    )
    ship(train(begun, tmp_path / "two", stop_after=1), command="", folder=tmp_path)
    card = json.loads((tmp_path / "scope_070.test.json").read_text())
    assert card["training"]["steps"] == 2
    assert card["recipe"].startswith("as scope_035: first")


def test_nets_with_whole_numbers_ship(config, tmp_path, monkeypatch):
    """The batch norms of RAFT count their batches."""
    monkeypatch.setattr(shipping, "describe_operations", lambda net: "")
    trainer = Trainer(dataclasses.replace(config, model="raft_large"), tmp_path / "run")
    ship(trainer, command="")
    created = models.create("raft_large.test").state_dict()
    for key, tensor in trainer.net.state_dict().items():
        expected = tensor.half().float() if tensor.is_floating_point() else tensor
        assert torch.equal(created[key], expected)


def test_the_command_trains_and_ships(config_file, tmp_path, capfd):
    """The standard output of all processes holds one JSON document and nothing else."""
    options = ["--out", str(tmp_path / "run"), "--device", "cpu", "--json"]
    assert main(["train", str(config_file), *options]) == 0
    done = capfd.readouterr()
    document = json.loads(done.out)
    assert (document["name"], document["steps"]) == ("scope_035.test", 3)
    assert document["available"]
    assert document["folder"] == str(tmp_path / "run")
    assert (tmp_path / "run" / "checkpoint.pt").is_file()
    assert read_log(tmp_path / "run" / "log.csv").step.tolist() == [1, 2, 3]
    assert "3/3" in done.err
    recorded = models.describe("scope_035.test").training["command"]
    assert recorded == f"python -m flowcore train {config_file.parent.name}/{config_file.name}"


def test_the_command_goes_on(config_file, tmp_path, run):
    options = ("train", config_file, "--out", tmp_path / "run", "--device", "cpu")
    status, out, _ = run(*options, "--stop-after", 1)
    assert (status, out.splitlines()[0][:23]) == (0, "scope_035.test: 1 steps")
    status, out, err = run(*options)
    assert (status, out) == (2, "")
    assert "go on with --resume" in err
    status, out, _ = run(*options, "--resume")
    assert status == 0
    assert "scope_035.test: 3 steps" in out
    assert models.describe("scope_035.test").training["steps"] == 3


def test_ctrl_c_ends_the_step_keeps_what_was_done_and_goes_on(
    config_file, tmp_path, run, monkeypatch
):
    options = ("train", config_file, "--out", tmp_path / "run", "--device", "cpu")
    advance = Trainer.advance

    def interrupted(trainer):
        signal.raise_signal(signal.SIGINT)
        return advance(trainer)

    monkeypatch.setattr(Trainer, "advance", interrupted)
    status, out, err = run(*options)
    assert status == 130
    assert "scope_035.test: 1 steps" in out
    assert err.splitlines()[-1] == "flowcore: stopped after step 1 of 3; --resume goes on."
    monkeypatch.setattr(Trainer, "advance", advance)
    assert run(*options, "--resume")[0] == 0
    assert models.describe("scope_035.test").training["steps"] == 3
    assert read_log(tmp_path / "run" / "log.csv").step.tolist() == [1, 2, 3]


@pytest.mark.slow
def test_a_signal_to_all_processes_of_a_run_ends_it_as_well(config_file, tmp_path):
    """Those that make scenes get it too."""
    config_file.write_text(config_file.read_text().replace("steps = 3", "steps = 100000"))
    command = [sys.executable, "-m", "flowcore", "train", str(config_file), "--loaders", "1"]
    options = ["--out", str(tmp_path / "run"), "--device", "cpu"]
    process = subprocess.Popen(
        [*command, *options], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with process, contextlib.suppress(ProcessLookupError):
        try:
            saved = tmp_path / "run" / "checkpoint.pt"
            wait_until(lambda: saved.is_file() or process.poll() is not None, seconds=120)
            os.killpg(process.pid, signal.SIGTERM)
            _, err = process.communicate()
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, err
    assert err.endswith("of 100000; --resume goes on.\n")


def test_the_second_signal_ends_the_work_as_ever():
    with stop_asked_for() as should_stop:
        assert not should_stop()
        signal.raise_signal(signal.SIGINT)
        assert should_stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_options_replace_settings(config_file, tmp_path, run):
    options = ("--seed", 5, "--stop-after", 1, "--out", tmp_path / "run", "--device", "cpu")
    assert run("train", config_file, *options)[0] == 0
    assert models.describe("scope_035.test").training["seed"] == 5


@pytest.mark.parametrize(
    ("addition", "options", "message"),
    [
        ("colour = 3\n", (), "there is no setting stages.0.colour."),
        ("", ("--photos", "nowhere"), "The photo folder nowhere does not exist."),
        ("", ("--stop-after", "0"), "Stop after 1 step or more, got 0."),
        (
            "",
            ("--init", "nothing.pth"),
            "The checkpoint cannot be read (No such file or directory).",
        ),
    ],
)
def test_errors_are_one_line(config_file, tmp_path, run, addition, options, message):
    config_file.write_text(config_file.read_text() + addition)
    status, out, err = run("train", config_file, "--out", tmp_path / "run", *options)
    assert (status, out) == (2, "")
    last = err.splitlines()[-1]
    assert last.startswith("flowcore: ")
    assert last.endswith(message)


def test_a_net_of_a_study_is_left_out_where_all_are_compared(config, tmp_path, weights_folder):
    config = dataclasses.replace(config, card=CardConfig(study="semantic loss"))
    ship(train(config, tmp_path / "run"), command="python -m flowcore train x.toml")
    assert "scope_035.test" in models.of_study("semantic loss")
    assert "scope_035.test" in models.available()
    assert "scope_035.test" not in models.distinct()
    assert "scope_035.scenes" in models.distinct()
