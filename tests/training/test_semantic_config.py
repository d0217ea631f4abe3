"""The table of a config that says what a run learns of classes."""

import dataclasses

import pytest

from flowcore.errors import ConfigError
from flowcore.models.scope_net import ScopeNet
from flowcore.models.scope_semantic import SemanticScopeNet
from flowcore.places import ASSETS
from flowcore.training.config import Stage, TrainingConfig
from flowcore.training.config_file import load_config
from flowcore.training.recipe import as_toml
from flowcore.training.semantic_config import SemanticConfig


def test_configs_without_the_table_keep_their_digest():
    """That of a run begun before there was one, or before heads learnt alone: it must go on."""
    config = TrainingConfig(model="scope_035", stages=(Stage(name="a", steps=3),))
    told = dataclasses.replace(config, semantic=SemanticConfig(scale=1.0))
    assert [one.digest[:8] for one in (config, told)] == ["b854fe21", "4defa77c"]
    assert dataclasses.replace(told, semantic=SemanticConfig(scale=1.0, heads_alone=True)) != told


TOML = """
model = "{model}"
[semantic]
{settings}
[[semantic.labelled]]
kind = "vkitti2"
folder = "vkitti"
weight = 0.5
[[stages]]
name = "a"
steps = 3
"""


def test_the_config_that_ships_is_sound():
    config = load_config(ASSETS / "training" / "scope_035_semantic.toml")
    assert config.semantic.parts == ("semantic", "decoder", "temporal", "occlusion", "scale")
    assert config.semantic.maps == SemanticScopeNet.maps.keys() - ScopeNet.maps.keys()
    assert load_config(ASSETS / "training" / "scope_070_semantic.toml").semantic.heads_alone


def test_the_table_of_a_file_goes_there_and_back(tmp_path):
    path = tmp_path / "config.toml"
    settings = 'kind = "corrected"\nweight = 2.0\nstep_weights = [0.0, 1.0]'
    path.write_text(TOML.format(model="scope_035", settings=settings))
    config = load_config(path)
    assert config.semantic.labelled[0].kind == "vkitti2"
    assert config.semantic.step_weights == (0.0, 1.0)
    path.write_text(as_toml(config))
    assert load_config(path) == config


@pytest.mark.parametrize(
    ("model", "settings", "complaint"),
    [
        ("scope_035", 'kind = "v2"', "semantic.kind"),
        ("scope_035", "occlusion = 1.0", "has no heads for occlusion"),
        ("scope_035_semantic", "decoder = 1.0", "these have different ones: scenes, vkitti2"),
        ("scope_035", "temporal = 1.0", "set decoder too"),
        ("scope_035_semantic", "heads_alone = true", "no head learns"),
        ("scope_035_semantic", 'heads_alone = true\nscale = 1.0\nkind = "v1"', "leave kind out"),
        ("scope_035_semantic", "heads_alone = true\nscale = 1.0", "name its weights"),
        ("scope_035", 'visible = "predicted"', "set occlusion too"),
        ("scope_035", "zoom = [2.0, 1.0]", "least zoom is below the most"),
    ],
)
def test_a_table_that_cannot_be(tmp_path, model, settings, complaint):
    path = tmp_path / "config.toml"
    path.write_text(TOML.format(model=model, settings=settings))
    with pytest.raises(ConfigError, match=complaint):
        load_config(path)


def test_furniture_has_no_class(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(TOML.format(model="scope_035", settings=""))
    assert load_config(path).furniture == 0
    with pytest.raises(ConfigError, match="Furniture has no class"):
        load_config(path, furniture=9)
