"""Large flows go in two parts: what a pane can show, and tiles that together are the whole."""

import gzip
import hashlib

import numpy as np
import pytest

from flowcore.errors import InputError
from flowcore.types import FlowField, FramePair
from flowcore.viz.scale import Scale
from flowcore.viz.viewer_address import address_viewer
from flowcore.viz.viewer_flows import TILE, cut_tiles, flow_step, in_steps, thinning
from flowcore.viz.viewer_payload import ViewerLane, cut_viewer, pack_viewer
from tests.viz.test_viewer_payload import decode_flow, unpack

HEIGHT, WIDTH = 520, 601


def noise(rng, largest):
    return FlowField(rng.uniform(-largest, largest, (HEIGHT, WIDTH, 2)).astype(np.float32))


def planes_of(tile, count, height, width):
    """The planes of a tile, decoded two by two as those of flows are."""
    raw, size = gzip.decompress(tile), height * width
    large, found = raw[count * size :], []
    for i in range(0, count, 2):
        small = raw[i * size : (i + 2) * size]
        end = 2 * small.count(255)
        found.append(decode_flow(small + large[:end], 1, height, width))
        large = large[end:]
    return found


@pytest.mark.parametrize(
    ("size", "every"),
    [((436, 640), 1), ((500, 600), 1), ((500, 601), 2), ((436, 1024), 2), ((2160, 3840), 6)],
)
def test_a_payload_has_what_a_pane_can_show(size, every):
    assert thinning(size) == every


def test_tiles_together_are_the_flows(rng):
    flows = [noise(rng, 3), noise(rng, 300)]
    tiles = cut_tiles(flows)
    digest, body = tiles.content[:32], tiles.content[32:]
    assert digest == hashlib.sha256(body).digest()
    assert tiles.offsets[0] == 32
    assert tiles.offsets[-1] == len(tiles.content)
    corners = [(top, left) for top in range(0, HEIGHT, TILE) for left in range(0, WIDTH, TILE)]
    assert len(tiles.offsets) == len(corners) + 1
    for i, (top, left) in enumerate(corners):
        part = slice(top, top + TILE), slice(left, left + TILE)
        height, width = flows[0].uv[part].shape[:2]
        tile = tiles.content[tiles.offsets[i] : tiles.offsets[i + 1]]
        for flow, found in zip(flows, planes_of(tile, 4, height, width), strict=True):
            expected = in_steps(flow, flow_step(flow)).transpose(1, 2, 0)[part]
            np.testing.assert_array_equal(found, expected)


def test_a_small_frame_has_no_tiles(rng):
    assert cut_tiles([FlowField(np.zeros((31, 45, 2), np.float32))]) is None
    assert cut_tiles([]) is None


def test_a_thin_payload_has_every_second_vector_and_says_where_the_others_are(rng):
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pair, lanes = FramePair(frame, frame, noise(rng, 3)), [ViewerLane("one", noise(rng, 3))]
    tiles = cut_viewer(pair, lanes)
    payload = pack_viewer(pair, lanes, tiles=tiles)
    header, blob = unpack(address_viewer(payload, tiles="media/abc"))
    assert header["thin"] == 2
    offsets = list(tiles.offsets)
    assert header["tiles"] == {"url": "media/abc", "side": TILE, "offsets": offsets}
    assert header["id"] == unpack(payload)[0]["id"]
    entry = header["lanes"][0]["flow"]
    found = decode_flow(blob(entry), entry["step"], 260, 301)
    assert np.abs(found - lanes[0].flow.uv[::2, ::2]).max() <= entry["step"] / 2
    whole = pack_viewer(pair, lanes)
    assert unpack(whole)[0]["tiles"] is None
    assert address_viewer(whole, tiles="media/abc") == whole
    assert len(payload) < len(whole) / 2


def test_tiles_of_other_flows_are_refused(rng):
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pair, lane = FramePair(frame, frame), ViewerLane("one", noise(rng, 3))
    tiles = cut_viewer(pair, [lane])
    with pytest.raises(InputError, match="hold 1 flows, expected 2"):
        pack_viewer(pair, [lane, ViewerLane("two", noise(rng, 3))], tiles=tiles)


def test_a_page_adds_a_clip_and_its_scale_and_the_payload_stays_the_same_to_the_viewer():
    frame = np.zeros((4, 5, 3), np.uint8)
    payload = pack_viewer(FramePair(frame, frame), [])
    clip = [{"label": "frames 0 and 1", "url": ""}, {"label": "frames 1 and 2", "url": "media/b"}]
    addressed = address_viewer(payload, clip=clip, scale=Scale(7.0, 2.0))
    before, _ = unpack(payload)
    header, _ = unpack(addressed)
    assert header == {**before, "clip": clip, "maxMagnitude": 7.0, "maxError": 2.0}
    photos = before["first"]["length"] + before["second"]["length"]
    assert addressed[-photos:] == payload[-photos:]
