"""Textures and shapes: what of a folder is taken, what is passed over, what is refused."""

import cv2
import numpy as np
import pytest
import torch

from flowcore.data.shapes import load_shapes, make_furniture, make_shapes
from flowcore.data.textures import load_textures, make_textures, photo_files
from flowcore.errors import ConfigError
from flowcore.io.frames import write_frame


@pytest.fixture
def photo(rng):
    return cv2.GaussianBlur(rng.integers(0, 256, (400, 600, 3), np.uint8), (0, 0), 5)


def test_photos_are_brought_to_one_size(tmp_path, photo, rng):
    (tmp_path / "below").mkdir()
    write_frame(tmp_path / "a.png", photo)
    write_frame(tmp_path / "below" / "b.JPG", photo[:100, :100])
    found = load_textures([tmp_path])
    assert found.textures.shape == (2, 3, 320, 480)
    assert found.textures.dtype == torch.uint8
    assert found.num_skipped == 0
    scaled = cv2.resize(photo, (480, 320), interpolation=cv2.INTER_AREA)
    assert np.array_equal(found.textures[0].permute(1, 2, 0).numpy(), scaled)


def test_portraits_are_turned(tmp_path, photo):
    write_frame(tmp_path / "a.png", photo)
    write_frame(tmp_path / "b.png", np.ascontiguousarray(photo.transpose(1, 0, 2)))
    landscape, portrait = load_textures([tmp_path]).textures
    assert torch.equal(landscape, portrait)


def test_what_cannot_be_read_is_counted(tmp_path, photo):
    write_frame(tmp_path / "good.png", photo)
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:500])
    (tmp_path / "folder.png").mkdir()
    found = load_textures([tmp_path])
    assert (len(found.textures), found.num_skipped) == (1, 4)


def test_maps_beside_a_photo_are_none(tmp_path, photo):
    for name in ("b.png", "a.png", "a_segments.png", "a_classes.png"):
        write_frame(tmp_path / name, photo)
    (tmp_path / "notes.txt").write_text("")
    assert [path.name for path in photo_files([tmp_path])] == ["a.png", "b.png"]


def test_folders_without_photos_are_named(tmp_path):
    with pytest.raises(ConfigError, match="nowhere does not exist"):
        load_textures([tmp_path / "nowhere"])
    with pytest.raises(ConfigError, match=f"{tmp_path} holds no photo"):
        load_textures([tmp_path])
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"None of the 1 photos .* can be read"):
        load_textures([tmp_path])


def test_patterns():
    textures = make_textures(3, seed=5)
    assert textures.shape == (3, 3, 320, 480)
    assert textures.dtype == torch.uint8
    assert (textures.float().std((1, 2, 3)) > 10).all()
    assert torch.equal(textures, make_textures(3, seed=5))
    assert not torch.equal(textures, make_textures(3, seed=6))


@pytest.mark.parametrize("make", [make_shapes, make_furniture])
def test_shapes_end_before_the_border(make):
    shapes = make(64)
    assert shapes.shape == (64, 1, 128, 128)
    assert shapes.dtype == torch.uint8
    for border in (shapes[..., :4, :], shapes[..., -4:, :], shapes[..., :4], shapes[..., -4:]):
        assert not border.any()
    share = (shapes > 127).float().mean((1, 2, 3))
    assert (share > 0).sum() >= 62  # a hole may swallow a small shape
    assert share.max() < 0.85
    assert torch.equal(shapes, make(64))
    assert not make(0).numel()


def test_silhouettes_from_segments(tmp_path):
    labels = np.zeros((100, 100), np.uint8)
    labels[10:30, 40:80] = 7  # 8 % of the picture: the one that counts
    labels[99, :50] = 9  # 0.5 %
    labels[50:99] = 3  # 49 %
    cv2.imwrite(str(tmp_path / "a_segments.png"), labels)
    (tmp_path / "b_segments.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "c_segments.png"), np.zeros((9, 9, 3), np.uint8))
    shapes = load_shapes([tmp_path])
    assert shapes.shape == (1, 1, 128, 128)
    inside = shapes[0, 0] == 255
    assert inside.sum() == 116 * 58  # 40x20 px, scaled to leave 6 px on each side
    assert inside[35:93, 6:122].all()


def test_no_segments(tmp_path):
    assert load_shapes([tmp_path]).shape == (0, 1, 128, 128)
