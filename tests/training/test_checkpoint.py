"""Checkpoints: written in one piece, and taken back by the run that wrote them alone."""

import dataclasses

import pytest
import torch

from flowcore.errors import ConfigError
from flowcore.training.checkpoint import load_checkpoint, save_checkpoint
from flowcore.training.loop import Trainer


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.pt"


def test_round_trip(config, path):
    state = {"net": {"a": torch.rand(2, 3)}, "step": 7, "pending": [(1.5, [2.0, 1.0], 0.5)]}
    save_checkpoint(path, config, state)
    found = load_checkpoint(path, config)
    assert torch.equal(found["net"]["a"], state["net"]["a"])
    assert (found["step"], found["pending"]) == (7, state["pending"])


def test_of_another_model(config, path):
    save_checkpoint(path, config, {})
    with pytest.raises(ConfigError, match="is of scope_035, the config is for scope_070"):
        load_checkpoint(path, dataclasses.replace(config, model="scope_070"))


@pytest.mark.parametrize("change", [{"seed": 1}, {"clip": 2.0}, {"tag": "other"}])
def test_of_other_settings(config, path, change):
    save_checkpoint(path, config, {})
    with pytest.raises(ConfigError, match=r"under other settings.*--init"):
        load_checkpoint(path, dataclasses.replace(config, **change))


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"PK\x03\x04", b"\x80\x02}q\x00.", bytes(range(256)) * 40]
)
def test_garbage(config, path, content):
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"checkpoint\.pt (cannot be read|is not a checkpoint)"):
        load_checkpoint(path, config)


@pytest.mark.parametrize("length", [1, 200, -1])
def test_cut_short(config, path, length):
    save_checkpoint(path, config, {"net": {"a": torch.rand(100)}})
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ConfigError, match="cannot be read"):
        load_checkpoint(path, config)


@pytest.mark.parametrize("content", [[1], {"step": 3}, {"config": "0"}, torch.zeros(3)])
def test_other_files_of_torch(config, path, content):
    torch.save(content, path)
    with pytest.raises(ConfigError, match="is not a checkpoint of a training run"):
        load_checkpoint(path, config)


def test_code_in_a_checkpoint_is_not_run(config, path, tmp_path):
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    torch.save({"config": Harm()}, path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_checkpoint(path, config)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("state", [{}, {"net": {"a": torch.zeros(1)}}])
def test_a_net_that_has_changed_since(config, path, state):
    """The settings are the same, the architecture behind the name is not."""
    save_checkpoint(path, config, state)
    with pytest.raises(ConfigError, match="does not fit scope_035 as it is now"):
        Trainer(config, path.parent, resume=True)


def test_a_folder_that_is_gone(config, tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be written.*the one from before is kept"):
        save_checkpoint(tmp_path / "gone" / "checkpoint.pt", config, {})
