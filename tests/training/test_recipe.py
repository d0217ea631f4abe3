"""A config as TOML is read back as the same config."""

import pytest

from flowcore.data.scenes import SceneConfig
from flowcore.training.config import LossConfig, Stage, TrainingConfig
from flowcore.training.config_file import load_config
from flowcore.training.recipe import as_toml

CONFIGS = [
    TrainingConfig(model="scope_035", stages=(Stage(name="only", steps=3),)),
    TrainingConfig(
        model="scope_070",
        tag="two",
        stages=(
            Stage(name='a "quoted" \\ name', steps=3, size=(96, 128), learning_rate=1e-5),
            Stage(
                name="ä",
                steps=4,
                frozen_norm=True,
                scenes=SceneConfig(max_motion=9.5, bending=0.0),
                loss=LossConfig(census=0.1),
            ),
        ),
        photos=("a folder/fotos", "b"),
        seed=7,
        precision="float32",
    ),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_round_trip(config, tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(as_toml(config), encoding="utf-8")
    assert load_config(path) == config
