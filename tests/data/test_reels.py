"""Which pairs of a data set follow one another."""

from dataclasses import replace

from flowcore.data.datasets import open_dataset, sample_dataset
from flowcore.data.reels import reels_of
from tests.data.layouts import MAKERS, frame


def named(reels):
    return {reel.name: [pair.sequence for pair in reel.pairs] for reel in reels}


def test_the_frames_of_a_scene_in_each_pass(tmp_path):
    MAKERS["sintel"](tmp_path)
    dataset = open_dataset(tmp_path)
    scene = ["alley_1/frame_0001", "alley_1/frame_0002"]
    assert named(reels_of(dataset.pairs)) == {"alley_1, clean": scene, "alley_1, final": scene}
    (only,) = reels_of(dataset.part("final").pairs)
    assert only.name == "alley_1"
    assert {pair.split for pair in only.pairs} == {"final"}


def test_pictures_of_a_folder_and_a_gap(tmp_path):
    for index in range(1, 7):
        frame(tmp_path / f"walk/shot{index}.png", index)
    pairs = open_dataset(tmp_path).pairs
    assert named(reels_of(pairs)) == {"walk": [f"walk/shot{index}" for index in range(1, 6)]}
    assert named(reels_of(pairs[:2] + pairs[3:])) == {
        "walk": ["walk/shot1", "walk/shot2"],
        "walk, from walk/shot4": ["walk/shot4", "walk/shot5"],
    }


def test_numbers_alone_are_called_as_their_folder(tmp_path):
    for index in range(3):
        frame(tmp_path / f"tennis/{index:05d}.png", index)
    (reel,) = reels_of(open_dataset(tmp_path / "tennis").pairs)
    assert reel.name == "tennis"


def test_pairs_of_a_video_follow_by_their_numbers(tmp_path):
    frame(tmp_path / "a1.png")
    frame(tmp_path / "a2.png")
    (pair,) = open_dataset(tmp_path).pairs
    film = [replace(pair, sequence=f"film/{n:04d}", first=pair.first, second=pair.first,
                    frames=(n, n + 1, 4)) for n in range(3)]  # fmt: skip
    assert named(reels_of(film)) == {"film": ["film/0000", "film/0001", "film/0002"]}


def test_pairs_that_stand_alone(tmp_path):
    MAKERS["kitti2015"](tmp_path)
    assert reels_of(open_dataset(tmp_path).pairs) == []
    assert reels_of(sample_dataset().pairs) == []
