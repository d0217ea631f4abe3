"""Data sets are recognized by their folders, and each pair is found with its truth."""

import numpy as np
import pytest

from flowcore.data import samples
from flowcore.data.catalog import LAYOUTS, card_of
from flowcore.data.datasets import layouts_of, open_dataset, sample_dataset
from flowcore.errors import InputError
from flowcore.metrics.definitions import METRICS
from tests.data.layouts import MAKERS, SIZE, frame

NAMES = {
    "middlebury": ["middlebury/RubberWhale", "middlebury/Venus"],
    "sintel": [
        "sintel-clean/alley_1/frame_0001", "sintel-final/alley_1/frame_0001",
        "sintel-clean/alley_1/frame_0002", "sintel-final/alley_1/frame_0002",
    ],
    "kitti2012": ["kitti2012-gray/000000", "kitti2012-gray/000001"],
    "kitti2015": ["kitti2015/000000", "kitti2015/000001"],
    "flyingchairs": ["flyingchairs-train/00001", "flyingchairs-val/00002",
                     "flyingchairs-train/00003"],
    "flyingthings3d": [
        f"flyingthings3d-train-clean/A/0000/{side}/{index:04d}"
        for side in ("left", "right") for index in (6, 7)
    ],
    "spring": ["spring-left/0001/0001"],
    "hd1k": ["hd1k/000003_0010", "hd1k/000003_0011"],
    "viper": ["viper-train/001_00010", "viper-val/001_00010"],
    "vkitti2": ["vkitti2-clone/Scene01/Camera_0/00000", "vkitti2-fog/Scene01/Camera_0/00000"],
    "tartanair": ["tartanair-easy/office/P001/000000", "tartanair-hard/hospital/P002/000000"],
    "plain": ["a/one", "b/one", "b/two"],
}  # fmt: skip


@pytest.fixture(params=MAKERS)
def made(request, tmp_path):
    MAKERS[request.param](tmp_path)
    return request.param, tmp_path


def test_every_layout_is_recognized_by_its_folders(made):
    name, root = made
    assert layouts_of(root) == [name]
    dataset = open_dataset(root)
    assert [pair.name for pair in dataset.pairs] == NAMES[name]
    for files in dataset.pairs:
        pair = files.load()
        assert pair.name == files.name
        assert pair.size == pair.truth.size == SIZE
        assert pair.truth.valid.all()
    for split in dataset.splits:
        assert {pair.split for pair in dataset.part(split).pairs} == {split}
    assert dataset.card == LAYOUTS[name].card or name == "plain"


def test_the_truth_is_that_of_the_pair(tmp_path):
    MAKERS["sintel"](tmp_path)
    last = open_dataset(tmp_path, split="final").pairs[-1].load()
    assert (last.first == 2).all()
    assert (last.second == 3).all()
    assert (last.truth.uv == (2, 0)).all()
    assert last.occluded.sum() == SIZE[1]


def test_what_kitti_knows_beside_the_flow(tmp_path):
    MAKERS["kitti2012"](tmp_path / "2012")
    MAKERS["kitti2015"](tmp_path / "2015")
    seen = open_dataset(tmp_path / "2012").pairs[1].load()
    assert seen.occluded.sum() == SIZE[0] * SIZE[1] // 2
    assert open_dataset(tmp_path / "2015").pairs[0].load().foreground.sum() == SIZE[1]


def test_two_layouts_in_one_folder_have_to_be_told_apart(tmp_path):
    MAKERS["kitti2012"](tmp_path)
    MAKERS["kitti2015"](tmp_path)
    with pytest.raises(InputError, match="as kitti2012 and as kitti2015: say which"):
        open_dataset(tmp_path)
    assert open_dataset(tmp_path, layout="kitti2015").pairs[0].dataset == "kitti2015"


def test_what_was_looked_for_and_found_is_said(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        open_dataset(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match=r"Found notes\.txt; looked for middlebury: other-gt-flow"):
        open_dataset(tmp_path)
    with pytest.raises(InputError, match=r"not laid out as spring.*found notes\.txt"):
        open_dataset(tmp_path, layout="spring")
    with pytest.raises(InputError, match="no layout 'sintle'; choose from middlebury"):
        open_dataset(tmp_path, layout="sintle")
    MAKERS["sintel"](tmp_path)
    with pytest.raises(InputError, match="no split 'test'; there are clean, final"):
        open_dataset(tmp_path, split="test")


def test_a_lost_frame_is_a_broken_pair_and_not_a_missing_one(tmp_path):
    MAKERS["sintel"](tmp_path)
    (tmp_path / "training/clean/alley_1/frame_0002.png").unlink()
    dataset = open_dataset(tmp_path, split="clean")
    assert len(dataset.pairs) == 2
    with pytest.raises(InputError, match=r"frame_0002\.png"):
        dataset.pairs[0].load()


def test_nothing_outside_is_read(tmp_path):
    MAKERS["plain"](tmp_path / "root")
    frame(tmp_path / "secret.png", 7)
    inner = tmp_path / "root/a/one/frame2.png"
    inner.unlink()
    inner.symlink_to(tmp_path / "secret.png")
    trusted, bounded = (open_dataset(tmp_path / "root", inside=inside)
                        for inside in (None, tmp_path / "root"))  # fmt: skip
    assert (trusted.pairs[0].load().second == 7).all()
    with pytest.raises(InputError, match="leads out of the folder"):
        bounded.pairs[0].load()
    assert bounded.pairs[1].load().size == SIZE


def test_frames_in_natural_order(tmp_path):
    for index in (1, 2, 10):
        frame(tmp_path / f"walk/shot{index}.png", index)
    dataset = open_dataset(tmp_path)
    assert dataset.layout == "frames"
    assert [pair.sequence for pair in dataset.pairs] == ["walk/shot1", "walk/shot2"]
    pair = dataset.pairs[1].load()
    assert ((pair.first == 2) & (pair.second == 10)).all()
    assert pair.truth is None


def test_the_samples_are_a_data_set():
    dataset = sample_dataset()
    assert [pair.sequence for pair in dataset.pairs] == samples.names()
    assert dataset.pairs[0].load().truth is not None
    assert dataset.card.title == "Samples"


@pytest.mark.parametrize("name", [*LAYOUTS, "frames", "samples"])
def test_protocols_name_metrics_that_there_are(name):
    for key, how in card_of(name).scores:
        assert key in METRICS
        assert how in ("mean", "pooled")


def test_a_folder_of_pairs_is_a_data_set_of_that_name(tmp_path):
    MAKERS["plain"](tmp_path)
    dataset = open_dataset(tmp_path / "b")
    assert dataset.layout == "plain"
    assert [pair.name for pair in dataset.pairs] == ["b/one", "b/two"]
    assert dataset.pairs[0].load().truth is not None
    for truth in tmp_path.rglob("flow.flo"):
        truth.unlink()
    assert open_dataset(tmp_path / "b").layout == "frames"
    assert open_dataset(tmp_path).layout == "plain"


@pytest.mark.data
def test_real_pairs_in_the_plain_layout(real_data):
    dataset = open_dataset(real_data / "flow")
    assert dataset.layout == "plain"
    assert dataset.splits == ["flyingchairs", "kitti2012", "middlebury", "sintel"]
    assert len(dataset.pairs) == 14
    assert dataset.part("kitti2012").card.title == "KITTI 2012"
    pair = dataset.part("sintel").pairs[0].load()
    assert pair.size == (436, 1024)
    assert pair.occluded.any()


@pytest.mark.data
def test_a_real_video_and_real_sequences(real_data):
    dataset = open_dataset(real_data / "video")
    reels = {pair.sequence.rpartition("/")[0] for pair in dataset.pairs}
    assert reels == {"davis_tennis", "middlebury_RubberWhale8", "running_car"}
    assert len(dataset.pairs) == 7 + 15 + 291
    pairs = [pair for pair in dataset.pairs if pair.sequence.startswith("running_car")]
    first, second = (pair.load() for pair in pairs[15:17])  # across the border of two blocks
    assert np.array_equal(first.second, second.first)
    assert first.frame_names == ("frame 15", "frame 16")
