"""What lies beside the frames of a pair, in folders of pairs."""

import numpy as np
import pytest
from PIL import Image

from flowcore.data.datasets import open_dataset
from flowcore.errors import InputError
from flowcore.io.flow_files import write_flow
from flowcore.io.frames import write_frame
from flowcore.types import FlowField


@pytest.fixture
def root(tmp_path, rng):
    for dataset, sequence, suffix in (
        ("b", "two", "flo"),
        ("a", "one", "png"),
        ("b", "one", "flo"),
    ):
        folder = tmp_path / dataset / sequence
        folder.mkdir(parents=True)
        for name in ("frame1.png", "frame2.png"):
            write_frame(folder / name, rng.integers(0, 256, (6, 8, 3), np.uint8))
        write_flow(folder / f"flow.{suffix}", FlowField(np.ones((6, 8, 2), np.float32)))
    return tmp_path


def mask(path, where, size=(6, 8)):
    picture = np.zeros(size, np.uint8)
    picture[where] = 255
    Image.fromarray(picture).save(path)


def test_masks_are_read(root):
    mask(root / "a/one/occ.png", np.s_[0])
    mask(root / "a/one/invalid.png", np.s_[:, 0])
    pair = open_dataset(root).pairs[0].load()
    assert pair.occluded.sum() == 13
    assert pair.truth.valid.all()
    assert pair.name == "a/one"


def test_kittis_files_are_read(root):
    seen = np.ones((6, 8), bool)
    seen[2] = False
    write_flow(root / "a/one/flow_noc.png", FlowField(np.ones((6, 8, 2)), seen))
    mask(root / "a/one/obj_map.png", np.s_[:, :3])
    pair = open_dataset(root).pairs[0].load()
    assert (pair.occluded == ~seen).all()
    assert pair.foreground.sum() == 18


def test_a_mask_of_another_size_is_refused(root):
    mask(root / "a/one/occ.png", np.s_[0], (5, 8))
    with pytest.raises(InputError, match=r"occ\.png is 8x5 px, the frames are 8x6"):
        open_dataset(root).pairs[0].load()


def test_a_missing_truth_is_named(root):
    (root / "a/one/flow.png").unlink()
    with pytest.raises(InputError, match=r"neither flow\.flo nor flow\.png"):
        open_dataset(root).pairs[0].load()
