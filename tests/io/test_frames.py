import pickle
import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from flowcore.errors import FrameDecodeError, InputError
from flowcore.io.frames import (
    MAX_PIXELS,
    decode_frame,
    decode_frames,
    decode_labels,
    decode_mask,
    encode_frame,
    encode_labels,
    read_frame,
    reduce_frame,
    write_frame,
)
from flowcore.types import FramePair

LOSSLESS = [("PNG", {}), ("BMP", {}), ("PPM", {}), ("TIFF", {}), ("WEBP", {"lossless": True})]
LOSSY = [("JPEG", {"quality": 95}), ("AVIF", {"quality": 95}), ("WEBP", {"quality": 95})]


def saved(image, format, **options):
    stream = BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width, height, depth=8, color=0):
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


@pytest.fixture
def frame(rng):
    coarse = rng.integers(0, 256, (3, 5, 3), dtype=np.uint8)
    return np.repeat(np.repeat(coarse, 8, 0), 8, 1)


@pytest.mark.parametrize(("format", "options"), LOSSLESS)
@pytest.mark.parametrize("size", [(1, 1), (7, 3)])
def test_lossless_formats_give_every_value_back(format, options, size, rng):
    frame = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    decoded = decode_frame(saved(Image.fromarray(frame), format, **options))
    np.testing.assert_array_equal(decoded, frame)
    assert decoded.dtype == np.uint8


@pytest.mark.parametrize(("format", "options"), LOSSY)
def test_lossy_formats_keep_the_picture_and_the_order_of_its_channels(format, options):
    orange = np.full((16, 16, 3), (250, 120, 10), np.uint8)
    decoded = decode_frame(saved(Image.fromarray(orange), format, **options))
    assert np.abs(decoded.astype(int) - orange).max() <= 4


def test_gray_palette_and_bilevel_become_rgb():
    gray = Image.new("L", (2, 1), 77)
    assert decode_frame(saved(gray, "PNG")).tolist() == [[[77] * 3] * 2]
    bilevel = Image.new("1", (1, 1), 1)
    assert decode_frame(saved(bilevel, "PNG")).tolist() == [[[255] * 3]]
    palette = Image.new("P", (1, 1), 1)
    palette.putpalette([0, 0, 0, 9, 8, 7])
    assert decode_frame(saved(palette, "PNG")).tolist() == [[[9, 8, 7]]]
    assert decode_frame(saved(palette, "GIF")).tolist() == [[[9, 8, 7]]]


def test_cmyk_jpeg_becomes_rgb():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    decoded = decode_frame(saved(red, "JPEG", quality=95))
    assert np.abs(decoded.astype(int) - (255, 0, 0)).max() <= 4


def test_16_bit_values_are_divided_by_257_and_rounded():
    values = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    expected = [0, 0, 1, 1, 128, 255]
    color = np.repeat(values[..., None], 3, axis=2)
    alpha = np.dstack([color, np.full_like(values, 65535)])
    for deep in (values, color, alpha):
        for suffix in (".png", ".tiff"):
            decoded = decode_frame(cv2.imencode(suffix, deep)[1].tobytes())
            assert decoded[0, :, 0].tolist() == expected
            assert (decoded == decoded[..., :1]).all()
    for header, deep in ((b"P5", values), (b"P6", color)):
        data = header + b"\n6 1\n65535\n" + deep.astype(">u2").tobytes()
        assert decode_frame(data)[0, :, 2].tolist() == expected


def test_16_bit_color_keeps_the_order_of_its_channels():
    bgr = np.array([[[10 * 257, 20 * 257, 30 * 257]]], np.uint16)
    for suffix in (".png", ".tiff"):
        data = cv2.imencode(suffix, bgr)[1].tobytes()
        assert decode_frame(data, value_range="full").tolist() == [[[30, 20, 10]]]


UPRIGHT = {  # EXIF orientation -> the stored array turned upright
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_exif_orientation_is_applied_in_every_format(format, orientation, frame):
    options = {} if format in ("PNG", "TIFF") else {"quality": 95}
    data = saved(Image.fromarray(frame), format, exif=exif(orientation), **options)
    expected = UPRIGHT[orientation](frame)
    decoded = decode_frame(data)
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).mean() < (1 if not options else 12)


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_applied_to_16_bit_color(orientation, frame):
    data = cv2.imencode(".png", frame[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
    turned = data[:33] + chunk(b"eXIf", exif(orientation).tobytes()[6:]) + data[33:]
    np.testing.assert_array_equal(decode_frame(turned), UPRIGHT[orientation](frame))


@pytest.mark.parametrize(("format", "options"), [*LOSSLESS, *LOSSY, ("GIF", {})])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_files_cut_short_are_refused_by_name(format, options, share, rng):
    noise = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    data = saved(Image.fromarray(noise), format, **options)
    with pytest.raises(FrameDecodeError, match=r"^left\.x "):
        decode_frame(data[: int(len(data) * share)], name="left.x")


def test_a_pixel_bomb_is_refused_by_its_header():
    bomb = png_header(30000, 30000) + chunk(b"IDAT", zlib.compress(bytes(10**6)))
    with pytest.raises(FrameDecodeError, match=r"30000x30000.*40 million"):
        decode_frame(bomb)
    just_over = png_header(MAX_PIXELS // 1000, 1001) + chunk(b"IDAT", b"")
    with pytest.raises(FrameDecodeError, match="40 million"):
        decode_frame(just_over)


def test_a_jpeg_of_very_many_scans_is_refused_before_they_are_decoded(frame):
    stream = BytesIO()
    Image.fromarray(frame).save(stream, "JPEG", progressive=True)
    usual = stream.getvalue()
    last = usual[usual.rindex(b"\xff\xda") : -2]
    assert decode_frame(usual).shape == frame.shape
    slow = usual[:-2] + last * 200 + usual[-2:]
    with pytest.raises(FrameDecodeError, match=r"a\.jpg is a JPEG of 2\d\d scans; at most 100"):
        decode_frame(slow, name="a.jpg")


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG", b"hello, this is text", b"%PDF-1.7 .....", b"\0" * 100]
)
def test_other_content_is_refused_whatever_its_name(data):
    with pytest.raises(FrameDecodeError, match="expected a PNG"):
        decode_frame(data, name="photo.png")


def test_labels_are_the_stored_numbers():
    small = np.array([[0, 1, 200]], np.uint8)
    assert decode_labels(saved(Image.fromarray(small), "PNG")).tolist() == [[0, 1, 200]]
    large = np.array([[0, 300, 65535]], np.uint16)
    labels = decode_labels(saved(Image.fromarray(large), "PNG"))
    assert labels.tolist() == [[0, 300, 65535]]
    assert labels.dtype == np.int32
    indices = Image.fromarray(np.array([[2, 0, 1]], np.uint8))
    indices.putpalette([5, 5, 5] * 3)
    assert decode_labels(saved(indices, "PNG")).tolist() == [[2, 0, 1]]


@pytest.mark.parametrize("largest", [1, 255, 256, 65535])
def test_labels_are_written_as_they_are_read(largest):
    labels = np.array([[0, 1], [largest, 0]], np.int32)
    assert np.array_equal(decode_labels(encode_labels(labels)), labels)


@pytest.mark.parametrize(
    "labels", [np.array([[-1]]), np.array([[65536]]), np.zeros((1, 1, 1), int), np.zeros((0, 1))]
)
def test_what_are_no_labels_is_not_written(labels):
    with pytest.raises(InputError, match="Labels are"):
        encode_labels(labels)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_labels_of_few_bits_are_not_stretched(depth):
    packed = 0b01 << 6 if depth == 2 else 0b1 << 4 if depth == 4 else 0b10000000
    rows = zlib.compress(bytes([0, packed]))
    png = png_header(1, 1, depth) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert decode_labels(png).tolist() == [[1]]


def test_masks_are_true_where_not_zero():
    mask = decode_mask(saved(Image.fromarray(np.array([[0, 1, 255]], np.uint8)), "PNG"))
    assert mask.tolist() == [[False, True, True]]
    assert mask.dtype == np.bool_


@pytest.mark.parametrize("decode", [decode_labels, decode_mask])
@pytest.mark.parametrize(("mode", "format"), [("RGB", "PNG"), ("LA", "PNG"), ("L", "JPEG")])
def test_labels_and_masks_refuse_colors_and_lossy_files(decode, mode, format):
    with pytest.raises(FrameDecodeError, match="expected a PNG with one channel"):
        decode(saved(Image.new(mode, (4, 4)), format))


def test_masks_of_palettes_are_true_where_the_color_is_not_black():
    indices = Image.fromarray(np.array([[0, 0, 1]], np.uint8))
    indices.putpalette([255, 255, 255, 0, 0, 0])
    assert decode_mask(saved(indices, "PNG")).tolist() == [[True, True, False]]
    indices.putpalette([0, 0, 1, 0, 0, 0])
    assert decode_mask(saved(indices, "PNG")).tolist() == [[True, True, False]]
    assert decode_labels(saved(indices, "PNG")).tolist() == [[0, 0, 1]]


def test_encoding_round_trip(frame, tmp_path):
    np.testing.assert_array_equal(decode_frame(encode_frame(frame)), frame)
    for format in ("jpeg", "webp"):
        decoded = decode_frame(encode_frame(frame, format=format))
        assert np.abs(decoded.astype(int) - frame).mean() < 12
    small, large = (len(encode_frame(frame, format="jpeg", quality=q)) for q in (10, 95))
    assert small < large
    write_frame(tmp_path / "a.png", frame)
    np.testing.assert_array_equal(read_frame(tmp_path / "a.png"), frame)
    write_frame(tmp_path / "a.JPG", frame)
    assert (tmp_path / "a.JPG").read_bytes()[:3] == b"\xff\xd8\xff"


def test_encoding_refuses_what_it_cannot_do(frame, tmp_path):
    with pytest.raises(InputError, match="uint8, got"):
        encode_frame(frame.astype(np.float32))
    with pytest.raises(InputError, match="choose from"):
        encode_frame(frame, format="gif")
    with pytest.raises(InputError, match=r"1\.\.100"):
        encode_frame(frame, quality=0)
    with pytest.raises(InputError, match="does not fit"):
        encode_frame(np.zeros((1, 20000, 3), np.uint8), format="webp")
    with pytest.raises(InputError, match=r"\.jpg"):
        write_frame(tmp_path / "a.tga", frame)
    with pytest.raises(InputError, match="Cannot write"):
        write_frame(tmp_path / "missing" / "a.png", frame)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FrameDecodeError, match=r"Cannot read .*none\.png: No such file"):
        read_frame(tmp_path / "none.png")


@pytest.mark.data
def test_real_pictures(real_data):
    assert read_frame(real_data / "flow/kitti2012/000027/frame1.png").shape[2] == 3
    names = sorted((real_data / "photos/bsds500").rglob("*_segments.png"))[:5]
    assert [decode_labels(path.read_bytes()).max() > 1 for path in names] == [True] * 5


def test_a_pair_of_frames_from_another_process_is_no_copy(frame):
    file = encode_frame(frame)
    read = pickle.loads(pickle.dumps(decode_frames([file, file], names=("a", "b")), protocol=5))
    pair = FramePair(*read.frames)
    assert np.shares_memory(pair.first, read.frames[0])
    assert np.shares_memory(pair.second, read.frames[1])


@pytest.mark.parametrize(
    ("size", "reduced"), [((40, 100), (20, 50)), ((1, 1000), (1, 50)), ((50, 30), (50, 30))]
)
def test_frames_are_reduced_to_a_side_and_never_enlarged(size, reduced):
    frame = np.full((*size, 3), 70, np.uint8)
    small = reduce_frame(frame, 50)
    assert small.shape == (*reduced, 3)
    assert (small == 70).all()
