"""One pixel of one lane: numbers by hand, pictures with what belongs on them."""

import math

import numpy as np
import pytest
import torch

from flowcore.features.matching import MatchedView, Matching
from flowcore.features.place import Place
from flowcore.ops.matching import MatchingLevel
from flowcore.probe import probe_pixel
from flowcore.refinement import Refinement
from flowcore.types import FlowField, FramePair
from flowcore.viz.attention import MARKS, Lattice, attention_picture, marks_legend, patch_around

HEIGHT, WIDTH = 24, 40


@pytest.fixture
def pair():
    frame = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    return FramePair(frame, frame, FlowField(np.full((HEIGHT, WIDTH, 2), (8, 0), np.float32)))


@pytest.fixture
def matching():
    """Cells of 8 px, 3 rows of 5; each is found one cell further right, and nowhere else."""
    queries = torch.eye(15).view(15, 3, 5)
    level = MatchingLevel("all", queries, queries.roll(1, 2), 8, 8)
    place = Place((1.0, 1.0), (0.0, 0.0), (0.0, 0.0))
    return Matching((HEIGHT, WIDTH), (MatchedView(place, (level,)),))


def flow_of(u, v):
    return FlowField(np.full((HEIGHT, WIDTH, 2), (u, v), np.float32))


def test_numbers_are_those_of_the_pixel(pair, matching):
    stages = Refinement(("a", "b"), (flow_of(4, 0).uv, flow_of(8, 3).uv), 1, (), (4.0, 3.0))
    found = probe_pixel(pair, flow_of(8, 3), matching, 13, 10, refinement=stages, temperature=0.01)
    row = found.row(0)
    assert (row["u"], row["v"], row["epe"]) == (8, 3, 3)
    assert (row["best_u"], row["best_v"], row["best_miss"], row["cell"]) == (8, 0, 0, 8)
    assert row["entropy"] == pytest.approx(0, abs=1e-4)
    assert found.path == ((4, 0), (8, 3))
    assert found.row(7) == row  # a level beyond is the last
    assert found.marks(0)["final"] == (21, 13)
    assert found.marks(0)["best"] == (19.5, 11.5)


def test_without_truth_errors_are_unknown(pair, matching):
    bare = FramePair(pair.first, pair.second)
    found = probe_pixel(bare, flow_of(8, 3), matching, 0, 0)
    assert math.isnan(found.row(0)["epe"])
    assert "truth" not in found.marks(0)
    assert found.path == ()
    assert found.patches(pair).shape[1] < probe_pixel(
        pair, flow_of(8, 3), matching, 0, 0
    ).patches(pair).shape[1]  # fmt: skip


def test_pictures_are_bright_where_the_match_is(pair, matching):
    found = probe_pixel(pair, flow_of(60, -60), matching, 13, 10, temperature=0.01)
    picture = found.attention(pair, 0)
    assert picture.shape == (288, 480, 3)
    cell = picture[96:192, 192:288].astype(int)  # row 1, column 2
    assert cell[60, 80].sum() > 2 * picture[250, 440].astype(int).sum()
    assert found.attention(pair, 0, is_near=True).shape[2] == 3  # all that is near lies outside


def test_marks_and_lattice():
    lattice = Lattice((20.0, 12.0), (8.0, 8.0))
    assert lattice.extent(0, 5) == (0, 40)
    assert lattice.indices(np.array([0.1, 15, 17, 39]), 0, 5).tolist() == [0, 1, 2, 4]
    frame = np.zeros((24, 40, 3), np.uint8)
    shares = np.full((3, 5), 1e-4, np.float32)
    marked = attention_picture(frame, shares, lattice, {"truth": (20.0, 12.0)})
    assert (marked == MARKS["truth"].color).all(-1).any()
    bare = attention_picture(frame, shares, lattice, {}, [(3.0, 3.0), (30.0, 3.0)])
    assert bare.any()
    near = attention_picture(frame, shares, lattice, {}, around=(20, 12), radius=4)
    assert near.shape == (480, 480, 3)
    assert marks_legend(["truth", "best"]).shape[1] > marks_legend(["truth"]).shape[1]


def test_patches_beyond_the_border_are_gray():
    frame = np.full((10, 10, 3), 200, np.uint8)
    patch = patch_around(frame, (0, 5), radius=4, side=90)
    assert patch.shape == (90, 90, 3)
    assert patch[45, 5].tolist() == [128, 128, 128]
    assert patch[45, 80].tolist() == [200, 200, 200]
