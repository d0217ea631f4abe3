"""What a model shows of its matching is what it looked up, level by level."""

import pytest
import torch

from flowcore import models
from flowcore.errors import ConfigError, ShapeMismatchError
from flowcore.models import Matcher, flownet, flownet_parts, raft, scope, scope_parts
from flowcore.ops.correlation import (
    CorrelationPyramid,
    spaced_correlation,
    window_correlation,
)


@pytest.fixture
def frames():
    first = torch.rand(1, 3, 16, 20).repeat_interleave(8, 2).repeat_interleave(8, 3)  # 128x160
    return first, first.roll((5, -3), (2, 3))


def every_cell(level):
    rows, cols = torch.meshgrid(*map(torch.arange, level.size), indexing="ij")
    return level.scores(rows.flatten(), cols.flatten())


def recorded(monkeypatch, module):
    """The pyramids that the module's nets build from now on."""
    pyramids = []

    class Recording(CorrelationPyramid):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            pyramids.append(self)

    monkeypatch.setattr(module, "CorrelationPyramid", Recording)
    return pyramids


def assert_same_volumes(levels, pyramid):
    for level, volume in zip(levels, pyramid.levels, strict=True):
        ringed = volume.values.view(-1, volume.height + 2, volume.width + 2)
        scores = every_cell(level)
        torch.testing.assert_close(scores, ringed[:, 1:-1, 1:-1], rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_raft_shows_the_volumes_of_its_own_lookups(monkeypatch, frames):
    model = raft.raft_small().eval()
    pyramids = recorded(monkeypatch, raft)
    model(*frames, iterations=2)
    (pyramid,) = pyramids
    levels = model.matching(*frames)
    assert [level.key_stride for level in levels] == [8, 16, 32, 64]
    assert_same_volumes(levels, pyramid)


@torch.inference_mode()
@pytest.mark.parametrize("iterations", [1, 2, 3, 12])
def test_scope_shows_volumes_and_the_last_window_on_each_width(monkeypatch, frames, iterations):
    model = models.build_untrained("scope_070_near").eval()
    pyramids = recorded(monkeypatch, scope_parts)
    windows = {}

    def recording(first, second, radius):
        volume = window_correlation(first, second, radius)
        windows[128 // volume.shape[-2]] = volume
        return volume

    monkeypatch.setattr(scope_parts, "window_correlation", recording)
    model(*frames, iterations=iterations)
    looked_up = dict(windows)
    levels = model.matching(*frames, iterations=iterations)
    assert_same_volumes(levels[:3], pyramids[0])
    assert [level.stride for level in levels[3:]] == [8, 4, 2][: iterations - 1]
    assert [level.reach for level in levels[3:]] == [3, 2, 2][: iterations - 1]
    for level in levels[3:]:
        side = 2 * level.reach + 1
        expected = looked_up[level.stride][0].permute(1, 2, 0).reshape(-1, side, side)
        torch.testing.assert_close(every_cell(level), expected, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_a_far_sighted_net_shows_its_three_windows(monkeypatch, frames):
    model = models.build_untrained("scope_070").eval()
    seen = []

    def recording(*args, **settings):
        seen.append(spaced_correlation(*args, **settings))
        return seen[-1]

    monkeypatch.setattr(scope_parts, "spaced_correlation", recording)
    model(*frames, iterations=2)
    looked_up = tuple(seen)
    levels = model.matching(*frames, iterations=2)[3:]
    assert [(level.stride, level.reach, level.step) for level in levels] == [
        (8, 4, 1), (8, 8, 2), (8, 16, 4)
    ]  # fmt: skip
    for level, volume in zip(levels, looked_up, strict=True):
        expected = volume[0].permute(1, 2, 0).reshape(-1, 9, 9)
        torch.testing.assert_close(every_cell(level), expected, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_flownetc_shows_its_cost_volume_at_the_head_of_a_stack(monkeypatch, frames):
    first, second = (frame[..., :128] for frame in frames)
    volumes = []

    def recording(*args, **settings):
        volumes.append(spaced_correlation(*args, **settings))
        return volumes[-1]

    monkeypatch.setattr(flownet_parts, "spaced_correlation", recording)
    model = flownet.flownet_cs_thin().eval()
    model(first, second)
    (level,) = model.matching(first, second)
    assert (level.reach, level.step, level.stride) == (20, 2, 8)
    expected = volumes[0][0].permute(1, 2, 0).reshape(-1, 21, 21)
    torch.testing.assert_close(every_cell(level), expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(ConfigError, match="no cost volume to look into"):
        flownet.flownet_s_thin().eval().matching(first, second)


def test_who_compares_and_who_does_not(frames):
    assert isinstance(raft.raft_small(), Matcher)
    assert isinstance(scope.scope_035(), Matcher)
    assert not isinstance(models.create("dis_fast"), Matcher)
    with pytest.raises(ShapeMismatchError):
        raft.raft_small().matching(frames[0], frames[1][..., :8])
    with pytest.raises(ConfigError, match="1 or more"):
        scope.scope_035().matching(*frames, iterations=0)
