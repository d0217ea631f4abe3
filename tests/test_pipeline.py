"""The pipeline around a model: any size in, a finite flow of that size out, and honest refusals."""

from typing import ClassVar

import numpy as np
import pytest
import torch

from flowcore import models, pipeline
from flowcore.errors import ConfigError, DivergedError, ShapeMismatchError
from flowcore.hardware import use_threads
from flowcore.ops.convert import as_float, frame_to_levels, frame_to_tensor
from flowcore.types import ChunkGrid, FeatureMap, FlowField, FramePair, PipelineConfig, Prediction


class Shifted:
    """A model of stride 8 that finds the one integer translation of its crop exactly."""

    stride, min_size, default_iterations = 8, 32, None

    def __init__(self, reach=12):
        self.reach = reach
        self.seen = []

    def __call__(self, first, second, *, iterations=None, keep=frozenset()):
        self.seen.append(tuple(first.shape[-2:]))
        height, width = first.shape[-2:]
        assert height % 8 == 0
        assert width % 8 == 0
        assert min(height, width) >= 32
        inner = (..., slice(self.reach, -self.reach), slice(self.reach, -self.reach))
        errors = {
            dx: (first - second.roll(-dx, -1))[inner].square().mean()
            for dx in range(-self.reach, self.reach + 1)
        }
        flow = first.new_zeros(1, 2, height, width)
        flow[:, 0] = min(errors, key=errors.get)
        return Prediction(flow, (flow / 2, flow) if "iterates" in keep else ())

    def memory_bytes(self, height, width):
        return height * width * 1000


class Staged(Shifted):
    def __call__(self, first, second, **settings):
        whole = super().__call__(first, second, **settings)
        names = ("half way", "there") if whole.iterates else ()
        return Prediction(whole.flow, whole.iterates, stages=names)


class Mapped(Shifted):
    """Shows the mean of each cell of the first frame."""

    maps: ClassVar = {"cells": "mean color, on cells 8 px wide"}

    def __call__(self, first, second, *, keep=frozenset(), **settings):
        whole = super().__call__(first, second, **settings)
        cells = FeatureMap(torch.nn.functional.avg_pool2d(first, 8), 8, self.maps["cells"])
        return Prediction(whole.flow, maps={"cells": cells} if "cells" in keep else {})


class Broken(Shifted):
    def __call__(self, first, second, **_):
        return Prediction(torch.full((1, 2, *first.shape[-2:]), torch.nan))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scale": 0.5},
        {"chunks": ChunkGrid(2, 2, 16)},
        {"chunks": ChunkGrid(1, 3, 16, halo=8), "scale": 1.5},
    ],
    ids=str,
)
def test_a_map_is_brought_back_to_the_pixels_it_belongs_to(settings):
    """The cells of a ramp, brought back, are the ramp."""
    ramp = torch.linspace(0, 1, 141).expand(1, 3, 101, 141)
    config = PipelineConfig("mapped", **settings)
    found = pipeline.predict(Mapped(), ramp, ramp, config, keep=frozenset({"cells"})).maps
    assert (found["cells"].stride, found["cells"].meaning) == (1, Mapped.maps["cells"])
    inner = (..., slice(16, -16), slice(16, -16))
    assert torch.allclose(found["cells"].values[inner], ramp[inner], atol=0.01)


def test_maps_that_a_model_has_not_are_refused():
    frame = torch.zeros(1, 3, 64, 64)
    with pytest.raises(ConfigError, match="mapped has no map 'dots'; it has cells"):
        pipeline.predict(Mapped(), frame, frame, PipelineConfig("mapped"), keep=frozenset({"dots"}))
    chosen = PipelineConfig("mapped", chunks=ChunkGrid(2, 2, 16, refine_share=0.5))
    large = torch.rand(1, 3, 256, 256)
    with pytest.raises(ConfigError, match="Maps need every chunk"):
        pipeline.predict(Mapped(), large, large, chosen, keep=frozenset({"cells"}))


def translated_pair(height, width, dx, seed=0):
    """Content that moves ``dx`` px to the right between two crops of one texture."""
    rng = np.random.default_rng(seed)
    texture = rng.integers(0, 256, (height // 4 + 1, (width + 2 * abs(dx)) // 4 + 2, 3), np.uint8)
    texture = texture.repeat(4, 0).repeat(4, 1)
    start = abs(dx)
    first = texture[:height, start : start + width]
    second = texture[:height, start - dx : start - dx + width]
    return FramePair(first, second)


def predict(model, pair, **settings):
    first, second = (frame_to_tensor(frame) for frame in (pair.first, pair.second))
    return pipeline.predict(model, first, second, PipelineConfig("any", **settings))


@pytest.mark.parametrize("size", [(64, 64), (33, 90), (61, 47)])
def test_pads_to_the_stride_and_gives_back_the_size(size):
    prediction = predict(Shifted(), translated_pair(*size, 5))
    assert prediction.flow.shape == (1, 2, *size)
    assert torch.allclose(prediction.flow[:, 0], torch.tensor(5.0))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (16, 16), (3, 2000)])
def test_tiny_frames_are_enlarged_and_padded(size):
    prediction = predict(Shifted(), translated_pair(*size, 0))
    assert prediction.flow.shape == (1, 2, *size)
    assert torch.isfinite(prediction.flow).all()


def test_vectors_survive_the_resize():
    model = Shifted()
    prediction = predict(model, translated_pair(80, 160, 8), scale=0.5)
    assert model.seen == [(40, 80)]
    assert torch.allclose(prediction.flow[:, 0], torch.tensor(8.0))


def test_chunks_are_stitched_and_each_padded_by_itself():
    model = Shifted()
    progress = []
    pair = translated_pair(100, 200, 4)
    first, second = (frame_to_tensor(frame) for frame in (pair.first, pair.second))
    config = PipelineConfig("any", chunks=ChunkGrid(2, 2, overlap=20))
    prediction = pipeline.predict(
        model, first, second, config, keep=frozenset({"iterates"}), progress=progress.append
    )
    assert model.seen == [(64, 112)] * 4
    assert torch.allclose(prediction.flow[:, 0], torch.tensor(4.0))
    assert torch.allclose(prediction.iterates[0][:, 0], torch.tensor(2.0))
    assert progress == [0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("size", [(100, 200), (64, 300)])
def test_workers_and_batches_change_nothing(size):
    """Crops of one shape are stacked or given to threads; the flow is the same."""
    pair = translated_pair(*size, 4)
    frames = [frame_to_levels(frame) for frame in (pair.first, pair.second)]
    config = PipelineConfig("any", chunks=ChunkGrid(1, 3, overlap=8))
    net = models.create("scope_035.scenes")
    with torch.inference_mode(), use_threads(1):
        alone, threaded, stacked = (
            pipeline.predict(net, *frames, config, workers=workers, batch=batch).flow
            for workers, batch in ((1, 1), (2, 1), (1, 3))
        )
    assert torch.equal(alone, threaded)
    torch.testing.assert_close(alone, stacked, atol=1e-4, rtol=0)


def test_eight_bits_are_as_good_as_floats():
    pair = translated_pair(64, 200, 4)
    levels = [frame_to_levels(frame) for frame in (pair.first, pair.second)]
    for chunks in (None, ChunkGrid(1, 3, overlap=8)):
        config = PipelineConfig("any", chunks=chunks)
        flows = [
            pipeline.predict(Shifted(), *frames, config).flow
            for frames in (levels, [as_float(frame) for frame in levels])
        ]
        assert torch.equal(*flows)


def test_gradients_reach_the_frames():
    class Linear(Shifted):
        def __call__(self, first, second, **_):
            return Prediction((first - second)[:, :2])

    frames = torch.rand(2, 1, 3, 160, 260).requires_grad_()
    config = PipelineConfig("any", scale=0.5, blur_sigma=1, chunks=ChunkGrid(1, 2, 4))
    pipeline.predict(Linear(), *frames, config).flow.square().sum().backward()
    assert frames.grad[:, :, :2].abs().sum() > 0
    assert frames.grad[:, :, 2].abs().sum() == 0


def test_iterations_are_refused_by_a_model_that_does_not_refine():
    with pytest.raises(ConfigError, match="takes no iterations"):
        predict(Shifted(), translated_pair(40, 40, 0), iterations=3)


def test_a_flow_that_is_not_finite_is_named(monkeypatch):
    monkeypatch.setattr(pipeline, "load_model", lambda name, device: Broken())
    with pytest.raises(DivergedError, match="not finite"):
        pipeline.run(translated_pair(40, 40, 0), PipelineConfig("broken"))


def test_an_external_flow_must_fit():
    pair = translated_pair(40, 50, 0)
    estimate = pipeline.external_estimate(pair, FlowField(np.zeros((40, 50, 2), np.float32)))
    assert estimate.flow.valid.all()
    with pytest.raises(ShapeMismatchError, match="40x50"):
        pipeline.external_estimate(pair, FlowField(np.zeros((50, 40, 2), np.float32)))


def test_threads_are_recorded_and_put_back():
    before = torch.get_num_threads()
    for threads, chunks in ((1, None), (2, ChunkGrid(1, 2, overlap=8))):
        config = PipelineConfig("dis_medium", chunks=chunks)
        estimate = pipeline.run(translated_pair(40, 60, 2), config, threads=threads)
        assert estimate.threads == threads
        assert torch.get_num_threads() == before
    with pytest.raises(ConfigError, match="1 or more"):
        pipeline.run(translated_pair(40, 60, 2), PipelineConfig("dis_medium"), threads=0)


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (50, 31)])
def test_a_small_translated_texture_is_recovered(size):
    estimate = pipeline.run(translated_pair(*size, 1), PipelineConfig("dis_medium"))
    error = np.abs(estimate.flow.uv - [1, 0])[2:-2, 2:-2]
    assert error.mean() < 0.2


@pytest.mark.parametrize("chunks", [None, ChunkGrid(1, 2, 16)])
def test_stages_keep_their_names_on_every_way(chunks):
    pair = translated_pair(70, 150, 5)
    first, second = (frame_to_tensor(frame) for frame in (pair.first, pair.second))
    config = PipelineConfig("any", scale=0.9, chunks=chunks)
    kept = pipeline.predict(Staged(), first, second, config, keep=frozenset({"iterates"}))
    assert kept.stages == ("half way", "there")
    assert [flow.shape for flow in kept.iterates] == [(1, 2, 70, 150)] * 2
    assert pipeline.predict(Staged(), first, second, config).stages == ()


def test_bytes_moved_by_hand(monkeypatch):
    monkeypatch.setattr(pipeline, "load_model", lambda *_: Shifted())
    pair = translated_pair(100, 200, 0)

    def moved(chunks=None, scale=1.0):
        return pipeline.run(pair, PipelineConfig("any", scale, chunks=chunks)).bytes_moved

    assert moved() == 32 * 100 * 200
    assert moved(scale=0.5) == 32 * 50 * 100
    assert moved(ChunkGrid(1, 2, 20)) == 32 * 2 * 100 * 110
    assert moved(ChunkGrid(1, 2, 20, halo=10)) == 32 * 2 * 100 * 130
    quick = 74 * 148  # as many px as a chunk, 110/200 of the frame
    grown = 110 + 3  # by 2 px of the quick pass, on the inner side
    assert moved(ChunkGrid(1, 2, 20, motion_aware=True)) == 32 * (quick + 2 * 100 * grown)
    assert moved(ChunkGrid(1, 2, 20, refine_share=0.5)) == 32 * (2 * quick + 100 * 110)
