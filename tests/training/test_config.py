"""Training configs: read in full, and every mistake is named before the first step."""

import dataclasses
from pathlib import Path

import pytest

from flowcore.errors import ConfigError
from flowcore.training.burst_config import is_burst_config, load_burst_config
from flowcore.training.config_file import load_config

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "assets" / "training").glob("*.toml"))
STAGE = '[[stages]]\nname = "one"\nsteps = 5\n'
GOOD = f'model = "scope_035"\n{STAGE}'


@pytest.fixture
def load(tmp_path):
    def from_text(text, **changes):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return load_config(path, **changes)

    return from_text


def test_settings_arrive(load):
    config = load(
        f'seed = 7\nphotos = ["a", "b"]\n{GOOD}size = [64, 96]\n'
        "[stages.scenes]\nmax_objects = 3\n[stages.loss]\ncensus = 0.5\n"
        '[[stages]]\nname = "two"\nsteps = 3\n'
    )
    assert (config.model, config.seed, config.photos) == ("scope_035", 7, ("a", "b"))
    one, two = config.stages
    assert (one.name, one.steps, one.size) == ("one", 5, (64, 96))
    assert (one.scenes.max_objects, one.loss.census) == (3, 0.5)
    assert (two.scenes.max_objects, two.loss.census) == (7, 0.0)


def test_steps_belong_to_stages(load):
    config = load(f'{GOOD}[[stages]]\nname = "two"\nsteps = 3\n')
    assert config.steps == 8
    found = [(stage.name, step) for stage, step in map(config.stage_at, (0, 4, 5, 7))]
    assert found == [("one", 0), ("one", 4), ("two", 0), ("two", 2)]
    with pytest.raises(ValueError, match="no such step"):
        config.stage_at(8)


def test_changes_replace_what_the_file_says(load):
    config = load(f"seed = 7\n{GOOD}", seed=8, photos=["elsewhere"])
    assert (config.seed, config.photos) == (8, ("elsewhere",))


def test_the_digest_knows_every_setting(load):
    config = load(GOOD)
    assert config.digest == load(GOOD).digest
    stage = dataclasses.replace(config.stages[0], warm_up=3)
    for change in ({"seed": 1}, {"clip": 2.0}, {"stages": (stage,)}):
        assert dataclasses.replace(config, **change).digest != config.digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = ", "cannot be read"),
        (f"colour = 1\n{GOOD}", r"there is no setting colour\."),
        (f"{GOOD}stepps = 5\n", r"there is no setting stages\.0\.stepps\."),
        (f"{GOOD}[stages.scenes]\nspeed = 5\n", r"there is no setting stages\.0\.scenes\.speed"),
        (STAGE, "the setting model is missing"),
        ('model = "scope_035"\n', "the setting stages is missing"),
        ('model = "scope_035"\nstages = []\n', "stages: .*at least 1"),
        (f'{GOOD}batch = "many"\n', r"stages\.0\.batch: .*integer.* got 'many'"),
        (f"{GOOD}batch = 0\n", r"stages\.0\.batch: .*greater than 0, got 0"),
        (f"{GOOD}learning_rate = nan\n", r"stages\.0\.learning_rate"),
        (f"seed = -1\n{GOOD}", "seed: .*greater than or equal to 0, got -1"),
        (f"seed = 16777216\n{GOOD}", "seed: .*less than 16777216"),
        (f'tag = "Mine"\n{GOOD}', "tag: .*got 'Mine'"),
        (f'precision = "half"\n{GOOD}', "precision: .*got 'half'"),
        (f"{GOOD}[stages.scenes]\nmax_motion = inf\n", r"stages\.0\.scenes\.max_motion: .*finite"),
        (f"{GOOD}[stages.scenes]\nmin_objects = 9\n", r"stages\.0\.scenes.*below the most"),
        (f"colour = 1\nsize = 2\n{GOOD}", r"there is no setting colour \(1 more\)"),
        (f"{GOOD}{STAGE}", "Several stages are called one: each has a name of its own"),
        (f"{GOOD}size = [64, 72]\n", r"Stage one: scope_035 .*multiples of 16.* got \(64, 72\)"),
        (f"{GOOD}size = [64, 48]\n", r"at least 64, got \(64, 48\)"),
        (f"{GOOD}size = [64]\n", r"stages\.0\.size"),
        (f'init_model = "scope_035"\n{GOOD}', r"Name the file with weights of scope_035"),
        (f'init = "a"\ninit_model = "scope_070"\n{GOOD}', "scope_070 is larger than scope_035"),
        (
            f'init = "a"\ninit_model = "scope_070"\n{GOOD.replace("scope_035", "scope_070_near")}',
            "scope_070 is larger than scope_070_near, or looks farther or closer",
        ),
        (f'init = "a"\ninit_model = "raft_small"\n{GOOD}', "cannot be begun with .*raft_small"),
        (f'init = "a"\ninit_model = "scope_7"\n{GOOD}', "Cannot train scope_035: .*scope_7"),
        (GOOD.replace("scope_035", "scope_36"), "Cannot train scope_36: .*Did you mean scope_035"),
        (GOOD.replace("scope_035", "farneback"), "Cannot train farneback: .*nothing to train"),
    ],
)
def test_mistakes_are_named(load, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load(text)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read: .*No such file"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"binary\.toml cannot be read"):
        load_config(tmp_path / "binary.toml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_configs_that_ship(path):
    if is_burst_config(path):
        assert load_burst_config(path).name == path.stem.replace("_", ".")
        return
    config = load_config(path)
    assert config.model == path.stem.partition(".")[0]
    assert config.steps >= 1000


def test_one_pixel_has_no_statistics(tmp_path):
    """Of one pair of 64x64 px, FlowNet's coarsest grid is one pixel: a norm needs two."""
    path = tmp_path / "config.toml"
    stage = '[[stages]]\nname = "a"\nsteps = 1\nbatch = 1\nsize = [64, 64]\n'
    path.write_text(f'model = "flownet_s_thin"\n{stage}')
    with pytest.raises(ConfigError, match="one pixel on the coarsest grid"):
        load_config(path)
    path.write_text(f'model = "scope_035"\n{stage}')
    assert load_config(path).stages[0].batch == 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("flownet2_small", "flownet2_small has no part flownetx, it has flownetc, flownets_1"),
        ("scope_035", "scope_035 has no part flownetx, it has closer"),
        ("scope_035_4px", "scope_035_4px has no part flownetx, it learns as a whole"),
    ],
)
def test_networks_that_there_are_not(tmp_path, model, message):
    path = tmp_path / "config.toml"
    path.write_text(
        f'model = "{model}"\n[[stages]]\nname = "a"\nsteps = 1\nlearns = ["flownetx"]\n'
    )
    with pytest.raises(ConfigError, match=message):
        load_config(path)


def test_networks_are_named_of_stacks_alone(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('model = "scope_070"\n[[stages]]\nname = "a"\nsteps = 1\nlearns = ["closer"]\n')
    assert load_config(path).stages[0].learns == ("closer",)
    path.write_text('model = "scope_070"\n[[stages]]\nname = "a"\nsteps = 1\nheads = ["closer"]\n')
    with pytest.raises(ConfigError, match="scope_070 is no stack of networks"):
        load_config(path)
