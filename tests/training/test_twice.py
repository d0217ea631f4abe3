"""A net that learns to go over a pair twice, and does so when it is asked for by name."""

from dataclasses import replace

import pytest
import torch

from flowcore import models
from flowcore.errors import ConfigError
from flowcore.training.config_file import load_config
from flowcore.training.log import read_log
from flowcore.training.loop import train
from flowcore.training.ship import ship
from tests.training.conftest import TOML


def test_a_share_of_the_steps_goes_over_the_scenes_twice(config):
    stage = replace(config.stages[0], twice=0.75)
    assert [stage.passes_at(step) for step in range(8)] == [1, 2, 2, 2] * 2
    assert {config.stages[0].passes_at(step) for step in range(8)} == {1}


def test_a_run_that_learns_it_and_the_model_that_it_ships(config, tmp_path):
    stages = (replace(config.stages[0], twice=0.5),)
    trainer = train(replace(config, stages=stages), tmp_path / "run")
    log = read_log(tmp_path / "run" / "log.csv")
    assert log["epe_3"].notna().all()
    assert log["epe_4"].notna().tolist() == [False, True]  # the second step goes on
    weights = ship(trainer, command="")
    assert weights.passes == models.describe("scope_035.test").default_passes == 2
    assert "2 passes" in weights.training["operations"]
    net = models.create("scope_035.test")
    pair = torch.rand(2, 1, 3, 64, 64).unbind(0)
    with torch.inference_mode():
        assert torch.equal(net(*pair).flow, net(*pair, passes=2).flow)


def test_refused_of_a_net_that_cannot(tmp_path, photos):
    path = tmp_path / "config.toml"
    text = TOML.format(photos=photos, checkpoint_every=1, steps=1)
    path.write_text(text.replace("scope_035", "flownet2_small") + "twice = 1.0\n")
    with pytest.raises(ConfigError, match="flownet2_small goes over a pair only once"):
        load_config(path)
