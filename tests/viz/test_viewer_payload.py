"""A payload gives back what was packed, and stays small."""

import gzip
import json

import numpy as np
import pytest

from flowcore.data import samples
from flowcore.errors import ConfigError, InputError, ShapeMismatchError
from flowcore.types import FlowField, FramePair
from flowcore.viz.layers import LAYERS
from flowcore.viz.scale import scale_of
from flowcore.viz.viewer_page import viewer_page, viewer_script
from flowcore.viz.viewer_payload import ViewerLane, ViewerMap, pack_viewer


def unpack(payload):
    length = int.from_bytes(payload[:4], "little")
    header = json.loads(payload[4 : 4 + length])
    body = payload[4 + length :]
    return header, lambda span: gzip.decompress(
        body[span["offset"] : span["offset"] + span["length"]]
    )


def decode_flow(raw, step, height, width, planes=2):
    size = planes * height * width
    folded = np.frombuffer(raw[:size], np.uint8).astype(np.uint16)
    folded[folded == 255] = np.frombuffer(raw[size:], "<u2")
    steps = (folded >> 1).astype(np.int16) ^ -(folded & 1).astype(np.int16)
    steps = steps.reshape(planes, height, width).astype(np.int64)
    whole = steps.cumsum(1).cumsum(2).astype(np.int16)
    return whole.transpose(1, 2, 0) * np.float32(step)


@pytest.fixture
def pair(rng):
    first = rng.integers(0, 256, (31, 45, 3), np.uint8)
    return FramePair(first, first, occluded=rng.random((31, 45)) > 0.5)


@pytest.mark.parametrize("largest", [0, 1, 100, 5000])
def test_flows_come_back_to_half_a_step(pair, rng, largest):
    flow = FlowField(rng.uniform(-largest, largest, (31, 45, 2)).astype(np.float32))
    header, blob = unpack(pack_viewer(pair, [ViewerLane("one", flow)]))
    entry = header["lanes"][0]["flow"]
    back = decode_flow(blob(entry), entry["step"], 31, 45)
    assert np.abs(back - flow.uv).max() <= entry["step"] / 2
    assert entry["step"] == {0: 1 / 256, 1: 1 / 256, 100: 1 / 64, 5000: 1 / 4}[largest]


def test_masks_come_back_exactly(pair, rng):
    valid = rng.random((31, 45)) > 0.3
    lane = ViewerLane("one", FlowField(np.ones((31, 45, 2), np.float32), valid), ~valid)
    header, blob = unpack(pack_viewer(pair, [lane], marked=("all", valid)))

    def mask(span):
        bits = np.unpackbits(np.frombuffer(blob(span), np.uint8), count=31 * 45)
        return bits.reshape(31, 45) > 0

    assert np.array_equal(mask(header["lanes"][0]["valid"]), valid)
    assert np.array_equal(mask(header["lanes"][0]["consistent"]), ~valid)
    assert np.array_equal(mask(header["occluded"]), pair.occluded)
    assert np.array_equal(mask(header["marked"]["mask"]), valid)


def test_uncertainties_come_back_to_half_a_step(pair, rng):
    """Small ones exactly enough for the scale of the error, huge ones as far as 16 bits reach."""
    values = rng.exponential(2, (31, 45)).astype(np.float32)
    values[0, 0] = 1e9
    flow = FlowField(np.zeros((31, 45, 2), np.float32))
    lane = ViewerLane("one", flow, uncertainty=values, uncertainty_kind="head")
    header, blob = unpack(pack_viewer(pair, [lane], max_error=2.5))
    entry = header["lanes"][0]["uncertainty"]
    assert (entry["step"], entry["kind"]) == (1 / 32, "head")
    back = decode_flow(blob(entry), entry["step"], 31, 45, planes=1)[..., 0]
    assert back[0, 0] == 32767 / 32
    assert np.abs(back - values)[1:].max() <= 1 / 64


def test_maps_come_back_as_bytes_of_their_scale(pair):
    values = np.zeros((31, 45), np.float32)
    values[0, :3] = 1, 2, 9
    flow = FlowField(np.zeros((31, 45, 2), np.float32))
    lane = ViewerLane("one", flow, maps=(ViewerMap("Entropy", values, 4.0, "bits"),))
    header, blob = unpack(pack_viewer(pair, [lane]))
    (entry,) = header["lanes"][0]["maps"]
    assert (entry["title"], entry["most"], entry["unit"]) == ("Entropy", 4.0, "bits")
    levels = np.frombuffer(blob(entry), np.uint8)
    assert levels[:4].tolist() == [64, 128, 255, 0]
    assert len(levels) == 31 * 45


def test_a_payload_brings_palette_layers_and_the_scale_of_exports(pair):
    truth = FlowField(np.full((31, 45, 2), (0, 7), np.float32))
    known = FramePair(pair.first, pair.second, truth)
    header, _ = unpack(pack_viewer(known, [ViewerLane("one", truth)]))
    scale = scale_of(known, [truth])
    shown = [header[name] for name in ("maxMagnitude", "maxError", "noiseFloor")]
    assert shown == [scale.max_magnitude, scale.max_error, scale.noise_floor] == [8, 2, 0.05]
    assert header["palette"]["mark"] == {"color": "e6007e", "share": 0.6}
    assert header["layers"]["error"]["needs"] == ["flow", "truth"]
    assert list(header["layers"]) == list(LAYERS)


def test_four_lanes_of_a_photo_stay_below_three_bytes_a_pixel():
    pair = samples.load("opening")
    lanes = [ViewerLane(str(i), pair.truth, pair.occluded) for i in range(4)]
    payload = pack_viewer(pair, lanes)
    assert len(payload) < 3 * pair.first.shape[0] * pair.first.shape[1]
    assert pack_viewer(pair, lanes) == payload


def test_what_does_not_fit_is_named(pair):
    flow = FlowField(np.zeros((31, 45, 2), np.float32))
    with pytest.raises(InputError, match="title 'a'"):
        pack_viewer(pair, [ViewerLane("a", flow), ViewerLane("a", flow)])
    with pytest.raises(ShapeMismatchError, match="consistency mask"):
        pack_viewer(pair, [ViewerLane("a", flow, np.ones((2, 2), bool))])
    for most, values in ((0.0, (31, 45)), (1.0, (2, 2))):
        layer = ViewerMap("m", np.ones(values, np.float32), most)
        with pytest.raises((ConfigError, ShapeMismatchError), match="The map 'm'"):
            pack_viewer(pair, [ViewerLane("a", flow, maps=(layer,))])
    with pytest.raises(ConfigError, match="above 0 px"):
        pack_viewer(pair, [ViewerLane("a", flow)], max_magnitude=0)


def test_page_holds_all_it_needs_and_no_markup_of_users(pair):
    page = viewer_page(pack_viewer(pair, []), title="<script>alert(1)</script>")
    assert "<script>alert" not in page
    assert "import " not in viewer_script().replace("important", "")
    assert "http://" not in page
    assert "https://" not in page
