"""Why one flow is better: parts that share no pixel and add up to the whole."""

import numpy as np
import pytest

from flowcore.errors import InputError
from flowcore.metrics.flow import epe
from flowcore.metrics.why import explain, motion_boundaries, textureless
from flowcore.types import FlowField, FramePair

SIZE = (60, 80)


@pytest.fixture(scope="module")
def pair():
    """A scene that moves by (4, 0), with a disc that moves by (-6, 3), occlusions and classes."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disc = (x - 40) ** 2 + (y - 30) ** 2 < 12**2
    truth = np.where(disc[..., None], (-6, 3), (4, 0)).astype(np.float32)
    first = rng.integers(0, 256, (*SIZE, 3), np.uint8)
    first[40:, :30] = 90
    known = np.ones(SIZE, bool)
    known[:3] = False
    return FramePair(
        first,
        rng.integers(0, 256, (*SIZE, 3), np.uint8),
        FlowField(truth, known),
        labels=disc.astype(np.int32),
        occluded=(x > 52) & (x < 58) & (y > 20) & (y < 40),
    )


@pytest.fixture(scope="module")
def flows(pair):
    rng = np.random.default_rng(1)
    seen = np.ones(SIZE, bool)
    seen[:, 5] = False
    near = FlowField(pair.truth.uv + rng.normal(0, 0.5, (*SIZE, 2)), seen)
    far = FlowField(pair.truth.uv + rng.normal(0, 0.2, (*SIZE, 2)) + 3 * pair.labels[..., None])
    return near, far


@pytest.mark.parametrize("by", ["region", "class"])
def test_every_number_is_that_of_its_pixels(pair, flows, by):
    near, far = flows
    why = explain(pair, (near, None), (far, None), by=by)
    counts = near.valid & far.valid & pair.truth.valid
    gap = epe(near.uv, pair.truth.uv).astype(np.float64) - epe(far.uv, pair.truth.uv)
    assert sum(why.masks.values()).max() == 1
    assert (np.logical_or.reduce(list(why.masks.values())) == counts).all()
    for share in why.shares:
        mask = why.masks[share.part]
        assert share.num_pixels == mask.sum() > 0
        assert share.difference == pytest.approx(gap[mask].sum() / counts.sum(), abs=1e-6)
    whole = gap[counts].mean()
    assert why.difference.mean == pytest.approx(whole, abs=1e-6)
    assert sum(share.difference for share in why.shares) == pytest.approx(whole, abs=1e-6)
    assert why.means[0] - why.means[1] == pytest.approx(whole, abs=1e-6)
    (one, by_one), (other, by_other) = why.closer
    assert one == pytest.approx(100 * (gap[counts] < 0).mean())
    assert by_one * one - by_other * other == pytest.approx(-100 * whole, abs=1e-6)


def test_what_favors_the_better_one_most_comes_first(pair, flows):
    near, far = flows
    ahead = explain(pair, (near, None), (far, None))
    behind = explain(pair, (far, None), (near, None))
    assert [share.part for share in ahead.shares] == [share.part for share in behind.shares]
    gains = [-share.difference for share in ahead.shares]
    assert gains == sorted(gains, reverse=True)


def test_the_parts_are_what_they_are_called(pair, flows):
    masks = explain(pair, *((flow, None) for flow in flows)).masks
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    assert (x[masks["leaving"]] + pair.truth.uv[masks["leaving"]][:, 0] > SIZE[1] - 1).all()
    assert (pair.occluded[masks["occluded"]]).all()
    distance = np.abs(np.hypot(x - 40, y - 30) - 12)
    assert distance[masks["boundary"]].max() < 11.5
    assert distance[masks["slow"]].min() > 8.5
    assert (y[masks["flat"]] >= 35).all()


def test_without_truth_the_round_trips_and_the_warp_tell(pair, flows):
    bare = FramePair(pair.first, pair.first)
    still, moved = FlowField(np.zeros((*SIZE, 2))), FlowField(np.full((*SIZE, 2), 2.0))
    half = np.zeros(SIZE, bool)
    half[:, :40] = True
    why = explain(bare, (still, half | ~half), (moved, half))
    assert why.unit == "gray levels"
    assert why.means[0] < 1e-3 < 10 < why.means[1]
    assert set(why.masks) == {"both", "only_one"}
    assert why.masks["both"][:, :40].sum() == why.masks["both"].sum()


def test_what_cannot_be_explained_is_said(pair, flows):
    with pytest.raises(InputError, match="no labels"):
        explain(FramePair(pair.first, pair.second, pair.truth), *((f, None) for f in flows),
                by="class")  # fmt: skip
    nowhere = FlowField(np.zeros((*SIZE, 2)), np.zeros(SIZE, bool))
    with pytest.raises(InputError, match="No pixel counts"):
        explain(pair, (nowhere, None), (flows[0], None))


def test_boundaries_by_hand():
    """A jump of 2 px at rest is a boundary; at 100 px it is not, nor is one to the unknown."""
    u = np.float32([[0, 0, 2, 2, 100, 102, 102, 5]])
    known = np.ones((1, 8), bool)
    known[0, 7] = False
    found = motion_boundaries(FlowField(np.stack([u, 0 * u], -1), known))
    assert found[0].tolist() == [False, True, True, True, True, False, False, False]


def test_a_plain_surface_is_textureless():
    frame = np.full((30, 60, 3), 100, np.uint8)
    frame[:, 30:] += np.random.default_rng(0).integers(0, 60, (30, 30, 1), np.uint8)
    flat = textureless(frame)
    assert flat[:, :24].all()
    assert not flat[:, 36:].any()
