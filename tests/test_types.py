"""Values: read-only, checked at the door, keyed by content."""

import numpy as np
import pytest
import torch

from flowcore.errors import ConfigError, InputError, ShapeMismatchError
from flowcore.types import (
    Box,
    ChunkGrid,
    Estimate,
    FlowField,
    FramePair,
    PipelineConfig,
    Prediction,
)


def frame(value=0, size=(4, 6)):
    return np.full((*size, 3), value, np.uint8)


def test_arrays_are_read_only_and_the_callers_stay_writable():
    first = frame()
    pair = FramePair(first, frame())
    with pytest.raises(ValueError, match="read-only"):
        pair.first[0, 0, 0] = 1
    first[0, 0, 0] = 1
    assert pair.first[0, 0, 0] == 0


def test_digest_depends_on_content_alone():
    flow = FlowField(np.ones((4, 6, 2), np.float32))
    digests = {
        FramePair(frame(), frame()).digest,
        FramePair(frame(1), frame()).digest,
        FramePair(frame(), frame(1)).digest,
        FramePair(frame(), frame(), truth=flow).digest,
        FramePair(frame(), frame(), occluded=np.zeros((4, 6), bool)).digest,
        FramePair(frame(size=(6, 4)), frame(size=(6, 4))).digest,
    }
    assert len(digests) == 6
    assert FramePair(frame(), frame(), name="a").digest == FramePair(frame(), frame()).digest


def test_frames_and_what_is_known_of_them_have_digests_of_their_own():
    labels = np.zeros((4, 6), np.int32)
    plain = FramePair(frame(), frame())
    known = [
        FramePair(frame(), frame(), truth=FlowField(np.ones((4, 6, 2), np.float32))),
        FramePair(frame(), frame(), occluded=np.zeros((4, 6), bool)),
        FramePair(frame(), frame(), labels=labels),
        FramePair(frame(), frame(), second_labels=labels),
    ]
    assert {pair.frames_digest for pair in known} == {plain.frames_digest}
    assert len({pair.truth_digest for pair in (plain, *known)}) == 5
    other = FramePair(frame(1), frame())
    assert other.truth_digest == plain.truth_digest
    assert other.frames_digest != plain.frames_digest


def test_a_flow_is_known_by_its_vectors_and_by_where_they_are_valid():
    uv, valid = np.ones((4, 6, 2), np.float32), np.ones((4, 6), bool)
    valid[0, 0] = False
    digests = {FlowField(uv).digest, FlowField(2 * uv).digest, FlowField(uv, valid).digest}
    assert len(digests) == 3
    assert FlowField(uv).digest == FlowField(uv.copy(), np.ones((4, 6), bool)).digest


def test_sizes_must_agree():
    with pytest.raises(ShapeMismatchError, match=r"first is 6x4.*second 4x6"):
        FramePair(frame(), frame(size=(6, 4)))
    with pytest.raises(ShapeMismatchError, match="true flow is 4x6"):
        FramePair(frame(), frame(), truth=FlowField(np.zeros((6, 4, 2), np.float32)))
    with pytest.raises(ShapeMismatchError, match="occluded mask"):
        FramePair(frame(), frame(), occluded=np.zeros((1, 1), bool))


def test_frames_are_rgb_bytes():
    with pytest.raises(InputError, match="uint8"):
        FramePair(frame().astype(float), frame())
    with pytest.raises(InputError, match=r"\(H, W, 3\)"):
        FramePair(frame()[..., 0], frame()[..., 0])


def test_unknown_flow_is_zero_and_masked_never_nan():
    uv = np.full((2, 2, 2), np.nan, np.float32)
    uv[0, 0] = 3, 4
    valid = np.array([[True, False], [False, False]])
    flow = FlowField(uv, valid)
    assert flow.magnitude.tolist() == [[5, 0], [0, 0]]
    with pytest.raises(InputError, match="not finite"):
        FlowField(uv)


@pytest.mark.parametrize(
    "settings",
    [
        {"scale": 0},
        {"scale": float("nan")},
        {"blur_sigma": -1},
        {"iterations": 0},
        {"precision": "int1"},
    ],
)
def test_absurd_settings_are_refused(settings):
    with pytest.raises(ConfigError, match=r"got|Unknown"):
        PipelineConfig("dis_medium", **settings)


def test_absurd_grids_are_refused():
    for settings in ({"rows": 0}, {"overlap": -1}, {"blend": "magic"}):
        with pytest.raises(ConfigError):
            ChunkGrid(**settings)


def test_configs_are_cache_keys():
    assert hash(PipelineConfig("a", chunks=ChunkGrid(2, 2))) == hash(
        PipelineConfig("a", chunks=ChunkGrid(2, 2))
    )


def test_every_stage_has_a_name_or_none_has():
    flow = torch.zeros(1, 2, 4, 6)
    assert Prediction(flow, (flow, flow)).stages == ()
    assert Prediction(flow, (flow, flow), stages=("coarse", "fine")).stages == ("coarse", "fine")
    with pytest.raises(InputError, match="1 names of stages for 2 iterates"):
        Prediction(flow, (flow, flow), stages=("coarse",))
    uv = np.zeros((4, 6, 2), np.float32)
    with pytest.raises(InputError, match="2 names of stages for 0 iterates"):
        Estimate(FlowField(uv), PipelineConfig("any"), stages=("coarse", "fine"))


def test_a_rectangle_is_four_whole_numbers_inside_the_frame():
    box = Box.parse(" 3, 4,8,5 ")
    assert box == (3, 4, 8, 5)
    assert box.size == (1, 5)
    assert Box.parse(str(box)) == box
    assert np.argwhere(box.mask((6, 9))).tolist() == [[4, x] for x in range(3, 8)]
    for text in (
        "",
        "1,2,3",
        "1,2,3,4,5",
        "3,4,3,5",
        "4,4,3,5",
        "-1,0,2,2",
        "a,b,c,d",
        "1e9,0,2,2",
    ):
        with pytest.raises(ConfigError, match="left,top,right,bottom"):
            Box.parse(text)
    for size in ((4, 9), (6, 7)):
        with pytest.raises(ConfigError, match="not inside the frame of"):
            box.mask(size)
        with pytest.raises(ConfigError, match="not inside the frame of"):
            box.within(size)
