"""What leaves a comparison holds what is needed to repeat and to check it."""

import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from flowcore.data.synthetic import make_pair
from flowcore.errors import ConfigError
from flowcore.export.files import file_stem
from flowcore.export.panels import (
    LAYERS,
    draw,
    draw_frames,
    draw_truth,
    layers_of,
    legend,
    shared_scale,
)
from flowcore.export.report import bundle, html_report, settings_document
from flowcore.export.sheet import sheet
from flowcore.export.table import metrics_table
from flowcore.io.flow_files import decode_flow
from flowcore.io.frames import decode_frame
from flowcore.lane import external_lane, run_lane
from flowcore.types import ChunkGrid, FlowField, FramePair, PipelineConfig
from flowcore.viz.viewer_payload import ViewerMap


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (12, 16, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    return make_pair(np.ascontiguousarray(texture), dx=4, dy=-2, occluder=(-6, 0), name="test")


@pytest.fixture(scope="module")
def lanes(pair):
    chunked = PipelineConfig("dis_medium", chunks=ChunkGrid(2, 2, 16))
    gappy = FlowField(pair.truth.uv, np.arange(128)[None] % 2 * np.ones((96, 1)) > 0)
    return {
        "dis_medium": run_lane(pair, PipelineConfig("dis_medium")),
        "dis_medium, 2x2": run_lane(pair, chunked),
        "external": external_lane(pair, gappy),
    }


def test_table_has_a_row_per_lane(lanes):
    table = metrics_table(lanes)
    assert list(table.index) == list(lanes)
    assert table.loc["external", "epe"] == 0
    assert table.loc["external", "density"] == 50
    assert np.isnan(table.loc["external", "consistent_share"])
    again = pd.read_csv(io.StringIO(table.to_csv()), index_col="lane")
    pd.testing.assert_frame_equal(again, table)


def test_settings_name_everything_needed_to_repeat(pair, lanes):
    document = json.loads(settings_document(pair, lanes))
    assert document["digest"] == pair.digest
    assert document["lanes"]["dis_medium, 2x2"]["config"]["chunks"]["overlap"] == 16
    assert document["lanes"]["external"]["weights_sha256"] is None
    for name in ("dis_medium", "scope_035.scenes", "scope_035.scenes, clean"):  # ours, or nearly
        named = {name: external_lane(pair, pair.truth, name=name)}
        settings = json.loads(settings_document(pair, named))
        assert settings["lanes"][name]["weights_sha256"] is None
    assert set(document["versions"]) >= {"python", "torch", "opencv-python-headless"}
    epe = document["lanes"]["dis_medium"]["metrics"]["epe"]
    assert epe["num_pixels"] == 96 * 128


def test_bundle_can_be_read_back(pair, lanes):
    with zipfile.ZipFile(io.BytesIO(bundle(pair, lanes))) as archive:
        assert np.array_equal(decode_frame(archive.read("pair/second.png")), pair.second)
        flow = decode_flow(archive.read("flows/dis_medium_2x2.flo"))
        assert np.array_equal(flow.uv, lanes["dis_medium, 2x2"].estimate.flow.uv)
        external = decode_flow(archive.read("flows/external.kitti.png"))
        assert np.array_equal(external.valid, lanes["external"].estimate.flow.valid)
        assert decode_flow(archive.read("pair/truth.flo")).size == pair.size


def test_html_report_stands_alone_and_escapes(pair, lanes):
    named = FramePair(pair.first, pair.second, pair.truth, name="<img src=x>")
    page = html_report(named, {"<b>": lanes["dis_medium"], "external": lanes["external"]})
    assert "<img src=x>" not in page
    assert "<b>" not in page
    assert "http://" not in page
    assert "flowcore estimate" in page
    assert "the flow of another tool" in page
    assert "is better than &lt;b&gt; by" in page or "&lt;b&gt; is better than external by" in page
    assert "EPE, px (lower is better)" in page
    parts = ("<flow-viewer>", "<h2>Why", "<h2>Metrics", "<h2>Cumulative", "<details>")
    order = [page.index(text) for text in parts]
    assert order == sorted(order)


@pytest.mark.parametrize("layer", [key for key in LAYERS if "flow" in LAYERS[key].needs])
def test_every_layer_is_drawn_at_the_size_of_the_pair(pair, lanes, layer):
    scale = shared_scale(pair, list(lanes.values()))
    lane, other = lanes["dis_medium"], lanes["external"]
    entropy = ViewerMap("Entropy", np.zeros(pair.size, np.float32), 4.0, "bits")
    panel = draw(layer, pair, lane, scale, opponent=other, layer_map=entropy)
    assert panel.shape == (96, 128, 3)
    assert panel.dtype == np.uint8
    is_explained = legend(layer, scale, layer_map=entropy) is not None
    assert is_explained == (LAYERS[layer].legend is not None)


def test_a_layer_says_what_it_needs(pair, lanes):
    scale = shared_scale(pair, list(lanes.values()))
    assert "consistency" not in layers_of(pair, lanes["external"])
    assert "uncertainty" not in layers_of(pair, lanes["external"])
    assert layers_of(pair, lanes["dis_medium"]).keys() >= {"consistency", "uncertainty"}
    with pytest.raises(ConfigError, match="'consistency' here: it needs consistent"):
        draw("consistency", pair, lanes["external"], scale)
    with pytest.raises(ConfigError, match="needs flow and opponent"):
        draw_frames("wins", pair, scale)
    with pytest.raises(ConfigError, match="No layer 'nonsense'"):
        draw_frames("nonsense", pair, scale)


def test_layers_that_need_truth_are_not_offered_without(pair, lanes):
    bare = FramePair(pair.first, pair.second)
    assert "error" not in layers_of(bare)
    scale = shared_scale(bare, [lanes["dis_medium"]])
    with pytest.raises(ConfigError, match="no true flow"):
        draw_truth(bare, scale)
    with pytest.raises(ConfigError, match="No layer 'error'"):
        draw("error", bare, lanes["dis_medium"], scale)
    lane = run_lane(bare, PipelineConfig("dis_fast"))
    assert sheet(bare, {"dis_fast": lane}).shape[2] == 3


def test_the_scale_is_that_of_the_truth(pair, lanes):
    """The truth reaches 6 px; a lane gone wild does not change the colors of the others."""
    wild = external_lane(pair, FlowField(np.full((96, 128, 2), 500, np.float32)))
    assert shared_scale(pair, [wild]) == shared_scale(pair, list(lanes.values()))
    assert shared_scale(pair, []).max_magnitude == 6


def test_file_names_are_tame():
    assert file_stem("raft_small.things, 2x2 (2)") == "raft_small.things_2x2_2"
    assert file_stem("../../etc/passwd") == "etc_passwd"
    assert file_stem("!!!") == "lane"
