"""Every field of a config has one knob, and every way of writing a lane reads back as the lane."""

import dataclasses
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from flowcore.commands.lane_options import config_of, lane_options
from flowcore.errors import ConfigError
from flowcore.export.recipe import as_command
from flowcore.knobs import KNOBS, WAYS_TO_CUT, caption, config_from, flags_of, values_of
from flowcore.types import ChunkGrid, PipelineConfig

SHARES = some.floats(0, 1)
GRIDS = some.builds(
    ChunkGrid,
    overlap=some.integers(0, 512) | some.floats(0, 0.99),
    blend=some.sampled_from(KNOBS["blend"].choices),
    motion_aware=some.booleans(),
    halo=some.integers(0, 99),
    seam_blur=some.floats(0, 20),
    refine_share=SHARES,
).flatmap(
    lambda grid: some.one_of(
        some.tuples(some.integers(1, 20), some.integers(1, 20)).map(
            lambda size: dataclasses.replace(grid, rows=size[0], cols=size[1])
        ),
        some.tuples(some.integers(1, 999), some.integers(1, 999)).map(
            lambda size: dataclasses.replace(grid, chunk_size=size)
        ),
        some.integers(1, 10**9).map(lambda size: dataclasses.replace(grid, max_bytes=size)),
    )
)
CONFIGS = some.builds(
    PipelineConfig,
    model=some.sampled_from(["dis_fast", "scope_070.scenes", "external:a folder/flow.flo"]),
    scale=some.floats(0.01, 8),
    blur_sigma=some.floats(0, 100),
    chunks=some.none() | GRIDS,
    iterations=some.none() | some.integers(1, 200),
    precision=some.sampled_from(["float32", "bfloat16"]),
)


def test_every_field_has_a_knob_and_every_knob_a_field():
    of_a_lane = {field.name for field in dataclasses.fields(PipelineConfig)}
    of_chunks = {field.name for field in dataclasses.fields(ChunkGrid)} - {"rows", "cols"}
    assert set(KNOBS) == of_a_lane | of_chunks
    words = [knob.word for knob in KNOBS.values()]
    assert len(set(words)) == len(words)
    assert all(knob.help and knob.label for knob in KNOBS.values())


@settings(deadline=None)
@given(CONFIGS)
def test_values_make_the_lane_again(config):
    assert config_from(values_of(config)) == config


@settings(deadline=None)
@given(CONFIGS)
def test_a_copied_command_makes_the_lane_again(config):
    words = shlex.split(as_command(config))
    start = words.index("--model")
    options = lane_options().parse_args(words[start : words.index("--out")])
    assert config_of(options) == config


@settings(deadline=None)
@given(CONFIGS)
def test_a_title_tells_lanes_apart(config):
    plain = PipelineConfig(config.model)
    assert (caption(config) == caption(plain)) == (config == plain)


def test_flags_say_what_differs_from_the_defaults():
    config = PipelineConfig(
        "dis_fast", 0.5, chunks=ChunkGrid(2, 3, 0.1, motion_aware=True), precision="bfloat16"
    )
    assert flags_of(config) == shlex.split(
        "--model dis_fast --chunks 2x3 --overlap 10% --motion-aware --scale 0.5 "
        "--precision bfloat16"
    )
    assert caption(config) == "dis_fast, 2x3, overlap 10%, motion-aware, scale 0.5, bfloat16"


@pytest.mark.parametrize("name", ["overlap", "halo", "blend", "motion_aware"])
def test_settings_of_chunks_need_chunks(name):
    value = {"overlap": 8, "halo": 8, "blend": "none", "motion_aware": True}[name]
    with pytest.raises(ConfigError, match=f"{KNOBS[name].flag}: of chunks, so --chunks is needed"):
        config_from({"model": "dis_fast", name: value})
    for way, size in zip(WAYS_TO_CUT, ((2, 2), (64, 64), 10**6), strict=True):
        assert getattr(config_from({"model": "x", name: value, way: size}).chunks, name) == value


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("chunks", "2", "two numbers such as 2x3"),
        ("chunk_size", "axb", "two numbers such as 2x3"),
        ("overlap", "much", "a whole number, got 'much'"),
        ("overlap", "x%", "a number, got 'x'"),
        ("max_bytes", "1GB", "a number, got '1gb'"),
        ("iterations", "2.5", "a whole number, got '2.5'"),
        ("scale", "half", "a number, got 'half'"),
    ],
)
def test_what_is_no_value_is_refused_with_what_is_expected(name, text, message):
    with pytest.raises(ConfigError, match=message):
        KNOBS[name].parse(text)
