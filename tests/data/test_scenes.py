"""Scenes: exact motions, labels and occlusion, and the same again from the same state."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flowcore.data.scenes import SceneConfig, make_scenes
from flowcore.data.shapes import make_shapes
from flowcore.data.textures import make_textures
from flowcore.losses import same_class_along
from flowcore.ops.blur import gaussian_blur
from flowcore.ops.warp import lands_inside, warp

TEXTURES = gaussian_blur(make_textures(3).float(), 2).byte()  # smooth: samples lose little
SHAPES = make_shapes(8)
STRAIGHT = {"turning": 0.0, "bending": 0.0, "still_camera": 0.0}
NO_OBJECTS = {"min_objects": 0, "max_objects": 0}


def scenes(seed=0, batch=4, size=(64, 80), textures=TEXTURES, kinds=None, **config):
    return make_scenes(
        textures,
        SHAPES,
        batch=batch,
        size=size,
        config=SceneConfig(**config),
        generator=torch.Generator().manual_seed(seed),
        kinds=kinds,
    )


def tensors(made):
    values = [getattr(made, field.name) for field in dataclasses.fields(made)]
    return [value for value in values if value is not None]


def test_shapes_and_types():
    made = scenes(batch=2)
    assert made.first.shape == made.second.shape == (2, 3, 64, 80)
    assert made.flow.shape == (2, 2, 64, 80)
    assert made.occluded.shape == made.labels.shape == (2, 64, 80)
    assert [tensor.dtype for tensor in tensors(made)] == [
        torch.float32, torch.float32, torch.float32, torch.bool, torch.int64,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kind", [{"bending": 0.0}, {"bending": 1.0}, {"rigid": 1.0, "size": (160, 240)}]
)
def test_the_flow_fetches_the_second_frame(kind):
    made = scenes(min_motion=5.0, max_motion=20.0, turning=1.0, **kind)
    error = (warp(made.second, made.flow) - made.first).abs().mean(1)
    still = (made.second - made.first).abs().mean(1)
    visible = ~made.occluded
    assert 0.3 < visible.float().mean() < 1
    assert error[visible].mean() < 0.01
    assert error[visible].mean() < 0.1 * still[visible].mean()


def test_a_translation_is_one_vector():
    made = scenes(**STRAIGHT, **NO_OBJECTS, min_motion=8.0, max_motion=8.0)
    vectors = made.flow[:, :, :1, :1]
    assert torch.allclose(made.flow, vectors.expand_as(made.flow), atol=1e-4)
    speed = vectors.norm(dim=1)
    assert (speed > 0.2 * 8 - 1e-3).all()
    assert (speed < 8 + 1e-3).all()
    assert torch.equal(made.occluded, ~lands_inside(made.flow))
    assert made.occluded.any()


def test_speeds_are_log_uniform_in_their_range():
    made = scenes(
        batch=400, size=(8, 8), textures=TEXTURES[..., :9, :9],
        **STRAIGHT, **NO_OBJECTS, min_motion=0.1, max_motion=10.0,
    )  # fmt: skip
    speed = made.flow[:, :, 0, 0].norm(dim=1)
    assert speed.min() > 0.2 * 0.1 - 1e-3
    assert speed.max() < 10
    # The median of log-uniform numbers is sqrt(0.1 * 10) = 1; a share of 0.2..1 is left of it.
    assert 0.3 < speed.median() < 1


def test_each_layer_moves_as_a_whole():
    made = scenes(batch=1, **STRAIGHT, min_objects=3, max_objects=3, resting=0.0)
    labels = made.labels.unique().tolist()
    assert len(labels) > 2
    assert set(labels) <= {0, 1, 2, 3}
    for label in labels:
        vectors = made.flow[0][:, made.labels[0] == label]
        assert torch.allclose(vectors, vectors[:, :1].expand_as(vectors), atol=1e-3)


def test_what_rests_moves_with_the_camera():
    made = scenes(**STRAIGHT, resting=1.0)
    assert made.labels.any()
    assert torch.allclose(made.flow, made.flow[:, :, :1, :1].expand_as(made.flow), atol=1e-3)


@pytest.mark.parametrize("rigid", [0.0, 1.0])
def test_nothing_moves(rigid):
    made = scenes(still_camera=1.0, resting=1.0, rigid=rigid)
    assert (made.flow.abs() < 1e-4).all()
    assert (made.second - made.first).abs().max() < 1e-3
    inner = made.occluded[:, 1:-1, 1:-1]  # on the border a rounding error may leave the frame
    assert not inner.any()


def test_uniform_speeds_are_as_often_fast_as_slow():
    """Of speeds up to 64 px the mean is 32; drawn log-uniformly from 1 px, 15."""
    alone = {"resting": 0.0, "turning": 0.0, "bending": 0.0, "still_camera": 1.0}
    usual, even = (
        scenes(batch=64, min_motion=1.0, max_motion=64.0, uniform_speed=share, **alone)
        for share in (0.0, 1.0)
    )
    means = [made.flow.norm(dim=1)[made.labels > 0].mean() for made in (usual, even)]
    assert 1.6 < means[1] / means[0] < 2.8


@pytest.mark.parametrize("rigid", [0.0, 1.0])
def test_uniform_cameras_are_as_often_fast_as_slow(rigid):
    """In a room a camera goes no nearer than it can, however fast."""
    alone = {"min_objects": 0, "max_objects": 0, "turning": 0.0, "bending": 0.0}
    usual, even = (
        scenes(
            batch=64, min_motion=1.0, max_motion=64.0, still_camera=0.0, rigid=rigid,
            uniform_camera=share, **alone,
        )
        for share in (0.0, 1.0)
    )  # fmt: skip
    means = [made.flow.norm(dim=1).mean() for made in (usual, even)]
    assert 1.4 < means[1] / means[0] < 2.8


def test_what_an_object_covers_is_occluded():
    made = scenes(
        batch=8, min_objects=1, max_objects=1, min_motion=10.0, max_motion=10.0,
        turning=0.0, bending=0.0, resting=0.0, still_camera=1.0,
    )  # fmt: skip
    background = made.labels == 0
    change = (made.second - made.first).abs().mean(1)
    covered = background & made.occluded
    assert covered.any()
    assert change[covered].mean() > 0.1
    assert change[background & ~made.occluded].mean() < 0.05 * change[covered].mean() + 0.01


def test_numbers_of_objects():
    most = scenes(batch=16, min_objects=0, max_objects=2).labels.flatten(1).amax(1)
    assert (most.min(), most.max()) == (0, 2)
    assert not scenes(**NO_OBJECTS).labels.any()


def test_plain_layers_have_no_texture():
    """A gradient between four colors: neighbors differ by little, however rough the photo."""
    rough = make_textures(3)
    roughness = [
        scenes(textures=rough, plain=plain, **NO_OBJECTS).first.diff(dim=3).abs().amax()
        for plain in (0.0, 1.0)
    ]
    assert roughness[1] < 0.02 < roughness[0]


def test_faint_objects_have_little_texture():
    """At most half of what their photo has; the background keeps all of its own."""
    alone = {"textures": make_textures(3), "resting": 1.0, "still_camera": 1.0, "batch": 8}
    usual, faint = (scenes(faint=share, **alone) for share in (0.0, 1.0))
    of_usual, of_faint = _roughness(usual), _roughness(faint)
    assert of_faint["objects"] < 0.5 * of_usual["objects"]
    assert of_faint["background"] > 0.7 * of_usual["background"]


def test_small_objects_are_smaller_than_the_usual():
    """Within a square whose half side is 0.08 of the frame's shorter side, 64 px."""
    alone = {"min_objects": 1, "max_objects": 1, "turning": 0.0, "batch": 32}
    usual, small = ((scenes(small=share, **alone).labels == 1).sum((1, 2)) for share in (0.0, 1.0))
    assert small.sum() > 0
    assert small.max() <= (2 * 0.08 * 64) ** 2 < usual.float().mean()


def test_faint_planes_have_little_texture():
    """At most half of what their photo has, and the same room without them all of it."""
    room = {"textures": make_textures(3), "rigid": 1.0, "batch": 8, **NO_OBJECTS}
    usual, faint = (scenes(faint_planes=share, **room) for share in (0.0, 1.0))
    assert _roughness(faint)["background"] < 0.5 * _roughness(usual)["background"]


def _roughness(made):
    """Mean difference of neighbors within one object, and within the background."""
    left, right = made.labels[:, :, :-1], made.labels[:, :, 1:]
    change = made.first.diff(dim=3).abs().mean(1)
    inside = {"objects": right > 0, "background": right == 0}
    return {name: change[is_inside & (left == right)].mean() for name, is_inside in inside.items()}


def test_the_state_of_the_generator_decides():
    for one, again in zip(tensors(scenes(seed=3)), tensors(scenes(seed=3)), strict=True):
        assert torch.equal(one, again)
    assert not torch.equal(scenes(seed=3).first, scenes(seed=4).first)


any_config = given(
    objects=st.tuples(st.integers(0, 8), st.integers(0, 8)).map(sorted),
    motion=st.tuples(st.floats(0.01, 300), st.floats(0.01, 300)).map(sorted),
    shares=st.tuples(*[st.floats(0, 1)] * 11),
    size=st.tuples(st.integers(8, 48), st.integers(8, 48)),
    seed=st.integers(0, 2**20),
)


@settings(max_examples=12, deadline=None, derandomize=True)
@any_config
def test_any_config_gives_sound_scenes(**config):
    assert_sound(**config)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@any_config
def test_many_configs_give_sound_scenes(**config):
    assert_sound(**config)


def assert_sound(objects, motion, shares, size, seed):
    names = (
        "turning", "bending", "resting", "still_camera", "plain", "rigid", "uniform_speed",
        "faint", "uniform_camera", "small", "faint_planes",
    )  # fmt: skip
    made = scenes(
        seed, 2, size,
        min_objects=objects[0], max_objects=objects[1], min_motion=motion[0], max_motion=motion[1],
        **dict(zip(names, shares, strict=True)),
    )  # fmt: skip
    for frame in (made.first, made.second):
        assert frame.isfinite().all()
        assert frame.min() >= 0
        assert frame.max() <= 1
    assert made.flow.isfinite().all()
    assert made.labels.max() <= objects[1]


@pytest.mark.parametrize(
    "wrong",
    [{"min_objects": 3, "max_objects": 2}, {"min_motion": 2.0, "max_motion": math.sqrt(3)}],
)
def test_the_least_is_below_the_most(wrong):
    with pytest.raises(ValueError, match="below the most"):
        SceneConfig(**wrong)


@pytest.mark.parametrize("config", [{}, {"rigid": 1.0, "size": (160, 240)}])
def test_classes_are_those_of_the_layers(config):
    """Every layer has one class in both frames; the scenes are what they are without classes."""
    kinds = torch.arange(len(SHAPES)) % 4 + 2
    plain = scenes(max_motion=3.0, **config)
    made = scenes(max_motion=3.0, kinds=kinds, **config)
    assert torch.equal(made.second, plain.second)
    assert torch.equal(made.classes == 1, made.labels == 0)
    assert made.classes.unique().tolist() == [1, 2, 3, 4, 5]
    for labels, classes in zip(made.labels, made.classes, strict=True):
        assert all(len(classes[labels == layer].unique()) == 1 for layer in labels.unique())
    visible = ~made.occluded
    assert (same_class_along(made.classes, made.second_classes, made.flow) | ~visible).all()
