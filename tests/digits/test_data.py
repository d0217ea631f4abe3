"""Digits on canvases: known placement, ink, points; idx files, good and hostile."""

import gzip
import math
import struct

import pytest
import torch

from flowcore.digits.data import (
    CANVAS,
    DigitSet,
    decode_idx,
    ink_of,
    load_mnist,
    mnist_from,
    place,
    shipped_digits,
)
from flowcore.digits.tasks import BY_DIGIT, POINTS, TASKS, points_of, targets_of, two_numbers
from flowcore.errors import InputError


def idx(values, shape, *, kind=8):
    header = bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    return header + bytes(values)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def shipped():
    return shipped_digits("test")


def test_shipped_digits(shipped):
    train = shipped_digits("train")
    assert (len(train.labels), len(shipped.labels)) == (1437, 360)
    assert train.images.shape[1:] == (40, 40)
    assert 0 <= train.images.min() < train.images.max() <= 1
    assert set(shipped.labels.tolist()) == set(range(10))
    assert set(shipped.only((3, 7)).labels.tolist()) == {3, 7}


def test_a_digit_is_where_its_placement_says():
    x, y = torch.meshgrid(torch.arange(41.0), torch.arange(41.0), indexing="xy")
    blob = torch.exp(-((x - 30) ** 2 + (y - 20) ** 2) / 8)  # 10 of 41 px right of the middle
    canvas, (centers, sides, angles) = place(blob.expand(8, -1, -1), generator=generator())
    mass = canvas[:, 0]
    place_x = torch.arange(64.0)
    found = torch.stack(
        [(mass.sum(1) * place_x).sum(1), (mass.sum(2) * place_x).sum(1)], -1
    ) / mass.sum((1, 2)).unsqueeze(1)
    arm = (10 / 41 * sides)[:, None] * torch.stack([angles.cos(), angles.sin()], -1)
    assert (found - centers - arm).abs().max() < 0.02
    assert sides.min() >= 24
    assert sides.max() <= 44
    assert angles.abs().max() <= math.radians(15)


def test_equal_seeds_give_equal_canvases_and_all_ink_lies_inside(shipped):
    canvas, _ = place(shipped.images, generator=generator(3))
    again, _ = place(shipped.images, generator=generator(3))
    other, _ = place(shipped.images, generator=generator(4))
    assert torch.equal(canvas, again)
    assert not torch.equal(canvas, other)
    ink = ink_of(canvas)
    assert not ink[:, [0, -1]].any()
    assert not ink[:, :, [0, -1]].any()


def test_points_by_hand():
    canvas = torch.zeros(1, 1, 64, 64)
    canvas[0, 0, 10, 20] = 1.0
    canvas[0, 0, 10, 23] = 0.6
    canvas[0, 0, 15, 22] = 0.8
    canvas[0, 0, 40, 40] = 0.5  # half of the maximum is not ink
    points = dict(zip(POINTS, points_of(canvas)[0].tolist(), strict=True))
    assert points["top_left"] == [20, 10]
    assert points["top_right"] == [23, 10]
    assert points["bottom_left"] == [20, 15]
    assert points["bottom_right"] == [23, 15]
    assert points["center"] == [21.5, 12.5]
    assert points["centroid"] == pytest.approx([65 / 3, 35 / 3])


def test_the_table_by_digit_chooses_the_point():
    labels = torch.tensor([3, 7])
    points = torch.arange(24.0).reshape(2, 6, 2)
    chosen = targets_of(points, labels, TASKS["threes_sevens"])
    assert BY_DIGIT[3] == "top_left"
    assert BY_DIGIT[7] == "center"
    assert chosen.tolist() == [[0, 1], [20, 21]]
    assert TASKS["threes_sevens"].digits == (3, 7)
    assert set(BY_DIGIT) == set(range(10))


def test_two_numbers_are_never_wrong(shipped):
    canvas, _ = place(shipped.images, generator=generator())
    assert torch.equal(two_numbers(canvas), points_of(canvas)[:, 0])


def test_a_blank_canvas_is_refused():
    with pytest.raises(InputError, match="blank"):
        points_of(torch.zeros(2, 1, CANVAS, CANVAS))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_files_are_read(pack, tmp_path):
    images, labels = idx(range(8), (2, 2, 2)), idx([3, 7], (2,))
    digits = mnist_from(pack(images), pack(labels))
    assert digits.labels.tolist() == [3, 7]
    assert digits.images[1, 1, 1].item() == pytest.approx(7 / 255)
    ending = ".gz" if pack is gzip.compress else ""
    (tmp_path / f"t10k-images-idx3-ubyte{ending}").write_bytes(pack(images))
    (tmp_path / f"t10k-labels-idx1-ubyte{ending}").write_bytes(pack(labels))
    assert load_mnist(tmp_path, "test").labels.tolist() == [3, 7]
    with pytest.raises(InputError, match="No file train-images-idx3-ubyte"):
        load_mnist(tmp_path, "train")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "expected an idx file"),
        (b"\x89PNG\r\n\x1a\n", "expected an idx file"),
        (idx([1], (1,), kind=13), "expected an idx file"),
        (idx([1], (1, 1, 1, 1)), "expected an idx file"),
        (b"\0\0\x08\x03\0\0", "ends within its header"),
        (idx([1, 2], (3,)), "claims 3 values and holds 2"),
        (idx([1, 2, 3, 4], (3,)), "claims 3 values and holds 4"),
        (idx([], (2**32 - 1, 2**32 - 1, 2**32 - 1)), "claims"),
        (gzip.compress(idx([1, 2], (2,)), mtime=0)[:-9], "damaged gzip"),
        (b"\x1f\x8bnonsense", "damaged gzip"),
    ],
)
def test_what_is_no_idx_file_is_told(data, words):
    with pytest.raises(InputError, match=words):
        decode_idx(data)


def test_files_that_do_not_belong_together():
    square = idx(range(8), (2, 2, 2))
    with pytest.raises(InputError, match="2 pictures and 1 labels"):
        mnist_from(square, idx([1], (1,)))
    with pytest.raises(InputError, match="labels outside"):
        mnist_from(square, idx([1, 10], (2,)))
    with pytest.raises(InputError, match="square pictures"):
        mnist_from(idx([1, 2], (2,)), square)
    with pytest.raises(InputError, match="no digit that is asked for"):
        DigitSet("none", torch.zeros(0, 8, 8), torch.zeros(0, dtype=torch.long))
