"""Labelled data sets in their layouts, tiny; palettes; and pairs resized without blending."""

import json

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from flowcore.data.classes import CLASS_SETS, MAX_CLASSES, kinds_of_shapes
from flowcore.data.labelled import LAYOUTS, find_labelled, read_labelled
from flowcore.data.spatial import Window, scene_in
from flowcore.errors import InputError, ShapeMismatchError
from flowcore.io.flow_files import write_flow
from flowcore.io.frames import encode_labels, write_frame
from flowcore.types import FlowField, FramePair

SIZE = (6, 8)


def frame(level):
    return np.full((*SIZE, 3), level, np.uint8)


def labels_of(*rows):
    """Two halves of the frame, left and right."""
    left, right = rows
    found = np.full(SIZE, left, np.int32)
    found[:, 4:] = right
    return found


@pytest.fixture
def flow():
    valid = np.ones(SIZE, bool)
    valid[0, 0] = False
    return FlowField(np.full((*SIZE, 2), [1.5, -0.5], np.float32), valid)


def colored(kind, labels):
    return CLASS_SETS[kind].drawn(labels)


@pytest.fixture
def viper(tmp_path, flow):
    """Sequence 001 of the training split; the frame after the second one is missing."""
    for number in (1, 2):
        name = f"001_{number:05}"
        write_picture(tmp_path / "train/img/001" / f"{name}.jpg", frame(50 * number))
        write_picture(
            tmp_path / "train/cls/001" / f"{name}.png", colored("viper", labels_of(2, 24))
        )
        (tmp_path / "train/flow/001").mkdir(parents=True, exist_ok=True)
        write_flow(tmp_path / "train/flow/001" / f"{name}.npz", flow, format="viper")
    return tmp_path


@pytest.fixture
def vkitti2(tmp_path, flow):
    place = "Scene01/clone/frames"
    for number in (0, 1):
        write_picture(
            tmp_path / f"vkitti_2.0.3_rgb/{place}/rgb/Camera_0/rgb_{number:05}.jpg", frame(90)
        )
        write_picture(
            tmp_path
            / f"vkitti_2.0.3_classSegmentation/{place}/classSegmentation/Camera_0"
            / f"classgt_{number:05}.png",
            colored("vkitti2", labels_of(0, 13)),
        )
    path = tmp_path / f"vkitti_2.0.3_forwardFlow/{place}/forwardFlow/Camera_0/flow_00000.png"
    path.parent.mkdir(parents=True)
    write_flow(path, flow, format="vkitti2")
    return tmp_path


@pytest.fixture
def cityscapes(tmp_path):
    for part, number in (("leftImg8bit", 19), ("leftImg8bit_sequence", 20)):
        name = f"ulm_000000_{number:06}_leftImg8bit.png"
        write_picture(tmp_path / part / "train/ulm" / name, frame(number))
    path = tmp_path / "gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_labels(labels_of(3, 26)))  # out of roi, car
    return tmp_path


@pytest.fixture
def coco(tmp_path):
    write_picture(tmp_path / "val2017/000000000139.jpg", frame(120))
    segments = np.zeros((*SIZE, 3), np.uint8)
    segments[:, 4:] = (7, 1, 0)  # number 7 + 256
    write_picture(tmp_path / "panoptic_val2017/000000000139.png", segments)
    index = {
        "categories": [{"id": 17, "supercategory": "animal", "name": "cat"}],
        "annotations": [
            {
                "file_name": "000000000139.png",
                "segments_info": [{"id": 263, "category_id": 17}],
            }
        ],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/panoptic_val2017.json").write_text(json.dumps(index))
    return tmp_path


def write_picture(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(path, picture)


def test_viper(viper, flow):
    (files,) = find_labelled("viper", viper)
    pair = read_labelled(files)
    assert np.array_equal(pair.labels, labels_of(2, 24))
    assert np.array_equal(pair.second_labels, pair.labels)
    assert np.array_equal(pair.truth.uv, flow.uv)
    assert np.array_equal(pair.truth.valid, flow.valid)
    assert pair.frame_names == ("001_00001.jpg", "001_00002.jpg")
    assert find_labelled("viper", viper / "train") == [files]


def test_viper_with_numbers_in_its_labels(viper):
    path = viper / "train/cls/001/001_00001.png"
    path.write_bytes(encode_labels(labels_of(25, 31)))
    pair = read_labelled(find_labelled("viper", viper)[0])
    assert np.array_equal(pair.labels, labels_of(25, 31))


def test_virtual_kitti(vkitti2, flow):
    (files,) = find_labelled("vkitti2", vkitti2)
    pair = read_labelled(files)
    assert np.array_equal(pair.labels, labels_of(0, 13))
    assert np.array_equal(pair.second_labels, labels_of(0, 13))
    assert np.abs(pair.truth.uv - flow.uv).max() < 1e-3
    assert np.array_equal(pair.truth.valid, flow.valid)


def test_virtual_kitti_merged(vkitti2):
    """All archives unpacked into one folder."""
    merged = vkitti2 / "merged"
    for packed in sorted(vkitti2.glob("vkitti_2.0.3_*/Scene01")):
        for path in sorted(packed.rglob("*.*")):
            target = merged / path.relative_to(packed.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
    assert len(find_labelled("vkitti2", merged)) == 1


def test_cityscapes(cityscapes):
    (files,) = find_labelled("cityscapes", cityscapes)
    pair = read_labelled(files)
    assert np.array_equal(pair.labels, labels_of(0, 14))
    assert CLASS_SETS["cityscapes"].names[14] == "car"
    assert pair.truth is None
    assert pair.second_labels is None
    assert pair.second[0, 0, 0] == 20


def test_coco(coco):
    (files,) = find_labelled("coco", coco)
    pair = read_labelled(files)
    assert np.array_equal(pair.labels, labels_of(0, 4))
    assert CLASS_SETS["coco"].names[4] == "animal"
    assert pair.truth is None


@pytest.mark.parametrize("kind", sorted(LAYOUTS))
def test_a_folder_that_is_not_the_data_set(kind, tmp_path):
    with pytest.raises(InputError, match=f"does not hold {CLASS_SETS[kind].name}"):
        find_labelled(kind, tmp_path)
    with pytest.raises(InputError, match="There is no folder"):
        find_labelled(kind, tmp_path / "nowhere")


def test_labels_that_are_not_of_the_set(viper):
    path = viper / "train/cls/001/001_00001.png"
    write_frame(path, frame(200))
    with pytest.raises(InputError, match=r"color \(200, 200, 200\), which VIPER has not"):
        read_labelled(find_labelled("viper", viper)[0])
    path.write_bytes(encode_labels(labels_of(1, 77)))
    with pytest.raises(InputError, match="holds the label 77; VIPER goes up to 31"):
        read_labelled(find_labelled("viper", viper)[0])
    path.write_bytes(encode_labels(labels_of(1, 2)[:3]))
    with pytest.raises(ShapeMismatchError, match="is 8x3 px, its frame 8x6"):
        read_labelled(find_labelled("viper", viper)[0])


def test_a_damaged_index_of_coco(coco):
    (coco / "annotations/panoptic_val2017.json").write_text("[1]")
    with pytest.raises(InputError, match="not a panoptic index"):
        find_labelled("coco", coco)


@pytest.mark.parametrize("kind", sorted(CLASS_SETS))
def test_palettes(kind):
    """Colors go there and back, but for VIPER's van and train, which share one."""
    classes = CLASS_SETS[kind]
    assert len(classes.classes) <= MAX_CLASSES
    labels = np.arange(len(classes.names), dtype=np.int32)[None]
    back = classes.from_colors(classes.drawn(labels), name="labels.png")
    different = {classes.names[n] for n in np.flatnonzero(back != labels)}
    assert different == ({"train"} if kind == "viper" else set())
    with pytest.raises(InputError, match=f"{classes.name} has the classes 0 to"):
        classes.drawn(labels + 1)


def test_numbers_of_classes():
    sizes = {kind: len(classes.classes) for kind, classes in CLASS_SETS.items()}
    assert sizes == {"scenes": 6, "viper": 31, "vkitti2": 14, "cityscapes": 19, "coco": 27}


def test_kinds_of_shapes():
    assert kinds_of_shapes(6, 2).tolist() == [2, 3, 4, 5, 2, 3, 6, 6]


def test_a_window_of_a_pair(flow):
    """Twice as large, the vectors are too; no label and no vector between two others appears."""
    uv = flow.uv.copy()
    uv[0, 0], uv[:, 4:] = uv[1, 1], [9.0, 0.0]
    pair = FramePair(
        frame(10), frame(20), FlowField(uv), labels_of(1, 3), second_labels=labels_of(3, 1)
    )
    scene = scene_in(pair, (12, 16), Window(2.0))
    assert scene.classes.unique().tolist() == [1, 3]
    assert scene.second_classes[0, 0].tolist() == [3] * 8 + [1] * 8
    assert scene.flow[0, 0].unique().tolist() == [3.0, 18.0]
    assert scene.flow[0, 1].unique().tolist() == [-1.0, 0.0]
    assert scene.valid.all()
    blended = F.interpolate(
        torch.from_numpy(labels_of(1, 3)).float()[None, None], (12, 15), mode="bilinear"
    )
    assert (blended.frac() != 0).any()  # what bilinear labels would have been


def test_windows_are_cut_out_and_cover():
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    pair = FramePair(picture, picture, labels=labels_of(1, 3))
    corner = scene_in(pair, (4, 4), Window(1.0, top=0, left=1))
    assert np.array_equal((corner.first[0].permute(1, 2, 0) * 255).round().numpy(), picture[:4, 4:])
    assert corner.classes.unique().tolist() == [3]
    assert not corner.valid.any()
    assert scene_in(pair, (16, 16), Window(0.5)).first.shape == (1, 3, 16, 16)


def test_frames_of_a_window_are_smooth():
    """Antialiased: shrinking a checkerboard gives gray, not one of its colors."""
    board = np.indices((32, 32)).sum(0) % 2 * 255
    picture = cv2.merge([board.astype(np.uint8)] * 3)
    scene = scene_in(FramePair(picture, picture), (16, 16), Window(0.5))
    assert (scene.first - 0.5).abs().max() < 0.1
