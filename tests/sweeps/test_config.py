"""What a sweep is told: combinations, what means nothing in one, and what is refused."""

import pytest

from flowcore.errors import ConfigError, InputError, UnknownModelError
from flowcore.sweeps.config import (
    SweepConfig,
    lanes_of,
    load_sweep,
    open_datasets,
    sweep_toml,
)
from flowcore.types import ChunkGrid, PipelineConfig


def test_every_combination_once():
    lanes = lanes_of({"model": ["dis_fast", "farneback"], "scale": [1, 0.5], "blur": 0})
    assert [lane.config for lane in lanes] == [
        PipelineConfig("dis_fast"), PipelineConfig("dis_fast", scale=0.5),
        PipelineConfig("farneback"), PipelineConfig("farneback", scale=0.5),
    ]  # fmt: skip


def test_what_means_nothing_in_a_combination_is_left_out():
    grid = {"model": "dis_fast", "chunks": ["whole", "2x3"], "overlap": [16, "10%"]}
    lanes = lanes_of(grid | {"iterations": [4, 8], "precision": "bfloat16", "motion-aware": False})
    assert [lane.config.chunks for lane in lanes] == [
        None, ChunkGrid(2, 3, overlap=16), ChunkGrid(2, 3, overlap=0.1)
    ]  # fmt: skip
    learnt = lanes_of({"model": "scope_035.scenes", "iterations": ["none", 4]})
    assert [lane.config.iterations for lane in learnt] == [None, 4]


def test_corruptions():
    plain, fog = lanes_of({"model": "dis_fast", "corruption": ["none", "fog:3"]})
    assert (plain.corruption, fog.corruption) == ("", "fog:3")
    assert (plain.title, fog.title) == ("dis_fast", "dis_fast, fog 3")


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"modle": "dis_fast"}, "no setting 'modle'; there are model, chunks"),
        ({"scale": "half"}, "scale in the grid: Expected a number, got 'half'"),
        ({"scale": 99}, "Scale must lie in"),
        ({"scale": True}, "expected a value, not true or false"),
        ({"blend": "soft"}, "choose from none, linear"),
        ({"motion-aware": "yes"}, "expected true or false"),
        ({"corruption": "fog"}, "KIND:SEVERITY such as fog:3"),
        ({"corruption": "fog:9"}, "severities 1 to 5"),
        ({"model": "external:flows"}, "scored by `evaluate`"),
        ({"model": "net.py:build"}, "FLOWCORE_MODELS"),
        ({"chunks": "2x2", "memory": "500"}, "not two of them"),
        ({"blur": [n / 1000 for n in range(10_001)]}, "more than 10,000 lanes"),
    ],
)
def test_what_a_grid_cannot_mean(grid, words):
    with pytest.raises(ConfigError, match=words):
        lanes_of({"model": "dis_fast", **grid})


def test_an_unknown_model():
    with pytest.raises(UnknownModelError, match="Did you mean dis_fast"):
        lanes_of({"model": "dis_fsat"})


def test_a_file(tmp_path, root):
    path = tmp_path / "all night.toml"
    path.write_text(f'data = ["{root}", "samples"]\nthreads = 2\n[grid]\nchunks = ["2x2"]\n')
    config = load_sweep(path)
    assert (config.name, config.threads, config.grid) == ("all night", 2, {"chunks": ["2x2"]})
    assert [len(dataset.pairs) for dataset in open_datasets(config)] == [2, 10]


def test_some_of_the_pairs(tmp_path, root):
    path = tmp_path / "some.toml"
    path.write_text(f'data = ["{root}"]\nfind = "SET/T"\n')
    (dataset,) = open_datasets(load_sweep(path))
    assert [pair.sequence for pair in dataset.pairs] == ["two"]
    assert load_sweep(path).title == "some, with SET/T"
    path.write_text(f'data = ["{root}"]\nmost = 1\n')
    (dataset,) = open_datasets(load_sweep(path))
    assert [pair.sequence for pair in dataset.pairs] == ["one"]
    assert load_sweep(path).title == "some, first 1"
    path.write_text(f'data = ["{root}"]\nfind = "nowhere"\n')
    with pytest.raises(ConfigError, match="No pair has 'nowhere' in its name"):
        open_datasets(load_sweep(path))


def test_a_config_is_written_as_it_is_read(tmp_path):
    config = SweepConfig(
        name="all night",
        data=("samples", "ROOT"),
        find='a "quoted" \x7f \U0001f600',
        most=3,
        grid={"model": ["dis_fast"], "scale": [1, 0.5], "motion-aware": [True, False]},
    )
    path = tmp_path / "sweep.toml"
    path.write_text(sweep_toml(config), encoding="utf-8")
    assert load_sweep(path) == config


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('data = ["samples"]\nmost = 0', "most: "),
        ("data = [", "cannot be read"),
        ('data = "samples"', "data: "),
        ("data = []", "at least 1"),
        ("", "the setting data is missing"),
        ('data = ["samples"]\nthread = 1', "there is no setting thread"),
        ('data = ["samples"]\n[grid]\nscale = []', "grid.scale"),
        ('data = ["samples"]\nname = "<b>"', "name: "),
    ],
)
def test_what_a_file_cannot_say(tmp_path, text, words):
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_sweep(path)
    with pytest.raises(ConfigError, match=r"The sweep config .* cannot be read"):
        load_sweep(tmp_path / "missing.toml")


def test_a_folder_that_is_no_data_set(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(f'data = ["{tmp_path}"]')
    with pytest.raises(InputError, match="No pair lies under"):
        open_datasets(load_sweep(path))
