"""Frames of more than 8 bits, with pages or with transparency: what is read, and what is said."""

import struct
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from flowcore.errors import ConfigError, FrameDecodeError, InputError
from flowcore.io.deep import Pixels
from flowcore.io.frames import decode_frame, decode_frames
from flowcore.io.pictures import count_pages, read_pixels
from flowcore.io.scaling import to_8_bit
from tests.io.test_frames import UPRIGHT, saved


def tiff(values, *, order="<", meaning=None, is_big=False, pages=1, packed=None, **tags):
    """A TIFF of one strip a page (TIFF 6.0); ``packed`` holds rows of few-bit values."""
    height, width, *channels = values.shape
    num_channels = channels[0] if channels else 1
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    bits = tags.pop("bits", 8 * values.dtype.itemsize)
    strip = packed or values.astype(values.dtype.newbyteorder(order)).tobytes()
    if meaning is None:
        meaning = 2 if num_channels > 2 else 1
    numbers = {256: width, 257: height, 258: bits, 259: 1, 262: meaning, 273: 0, 277: num_channels}
    numbers |= {278: height, 279: len(strip), 339: kind}
    numbers |= {int(tag.removeprefix("tag")): value for tag, value in tags.items()}
    pointer, entries, size = ("Q", "Q", 20) if is_big else ("I", "H", 12)
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "H", 43 if is_big else 42)
    head += struct.pack(order + "HHQ", 8, 0, 16) if is_big else struct.pack(order + "I", 8)
    data = bytearray(head)
    for page in range(pages):
        start = len(data)
        strip_at = start + struct.calcsize(order + entries + pointer) + len(numbers) * size
        follows = strip_at + len(strip) if page + 1 < pages else 0
        data += struct.pack(order + entries, len(numbers))
        for tag, value in sorted((numbers | {273: strip_at}).items()):
            data += struct.pack(order + "HH" + pointer, tag, 4, 1)
            data += struct.pack(order + "I", value).ljust(struct.calcsize(order + pointer), b"\0")
        data += struct.pack(order + pointer, follows) + strip
        values = values + 1
        strip = values.astype(values.dtype.newbyteorder(order)).tobytes()
    return bytes(data)


RANGES = {
    "uint16": (0, 65535),
    "int8": (-128, 127),
    "int16": (-32768, 32767),
    "uint32": (0, 2**32 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "float32": (0, 1),
    "float64": (0, 1),
}


@pytest.mark.parametrize("kind", RANGES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_kind_of_number_of_a_tiff_is_read(kind, order):
    values = np.array([[0, 3, 100], [7, 90, 120]]).astype(kind)
    if not kind.startswith("u"):
        values[0, 0] = -5
    found = read_pixels(tiff(values, order=order), name="a")
    np.testing.assert_array_equal(found.values[..., 0], values)
    assert (found.low, found.high) == RANGES[kind]


def test_pages_and_large_files_are_read():
    values = np.arange(12, dtype=np.uint16).reshape(3, 4)
    for is_big in (False, True):
        data = tiff(values, pages=3, is_big=is_big)
        assert count_pages(data) == 3
        for page in range(3):
            np.testing.assert_array_equal(
                read_pixels(data, name="a", page=page).values[..., 0], values + page
            )
    with pytest.raises(FrameDecodeError, match=r"pages 0 to 2, got the page 3"):
        decode_frame(data, page=3)
    found = read_pixels(data, name="stack.tif")
    assert found.notes == ("stack.tif holds 3 pages; the first one was taken.",)
    assert read_pixels(data, name="stack.tif", page=0).notes == ()


def test_pages_of_8_bits_are_read():
    one, two = Image.new("L", (3, 2), 10), Image.new("L", (3, 2), 20)
    data = saved(one, "TIFF", save_all=True, append_images=[two])
    assert [decode_frame(data, page=page)[0, 0, 0] for page in (0, 1)] == [10, 20]
    gif = saved(one, "GIF", save_all=True, append_images=[two])
    assert "2 pictures" in decode_frames((gif,), names=("a.gif",)).notes[0]


def test_a_chain_of_pages_without_an_end_is_walked_once():
    data = bytearray(tiff(np.zeros((2, 2), np.uint16), pages=2))
    second = struct.unpack_from("<I", data, 8 + 2 + 10 * 12)[0]
    struct.pack_into("<I", data, second + 2 + 10 * 12, 8)  # back to the first
    assert count_pages(bytes(data)) == 2


@pytest.mark.parametrize(
    ("kind", "stored", "black"),
    [("uint8", 255, 0), ("uint16", 65535, 0), ("int16", 32767, -32768), ("float32", 1, 0)],
)
def test_white_is_zero_is_turned(kind, stored, black):
    found = read_pixels(tiff(np.array([[stored, 0]], kind), meaning=0), name="a")
    assert found.values[0, 0, 0] == black
    assert found.values[0, 1, 0] == {"int16": -1}.get(kind, found.high)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_values_keep_their_numbers(bits):
    values = np.array([[1, 2**bits - 1, 5, 700]], np.uint16)
    text = "".join(f"{value:0{bits}b}" for value in values[0].tolist())
    packed = int(text, 2).to_bytes(len(text) // 8, "big")
    found = read_pixels(tiff(values, bits=bits, packed=packed), name="a")
    assert found.values[..., 0].tolist() == values.tolist()
    assert (found.low, found.high) == (0, 2**bits - 1)


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_deep_tiffs_are_turned_upright(orientation):
    values = np.arange(12, dtype=np.int16).reshape(3, 4)
    found = read_pixels(tiff(values, tag274=orientation), name="a").values[..., 0]
    np.testing.assert_array_equal(found, UPRIGHT[orientation](values))


def test_a_pgm_is_scaled_by_its_own_maximum():
    values = np.array([[0, 2048, 4095]], ">u2")
    color = np.repeat(values[..., None], 3, axis=2)
    for header, stored in ((b"P5", values), (b"P6", color)):
        data = header + b"\n# a camera\n3 1\n4095\n" + stored.tobytes()
        assert decode_frame(data, value_range="full")[0, :, 1].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (tiff(np.zeros((2, 2, 2), np.uint16), meaning=1), r"2 channel\(s\) of 16 bits"),
        (tiff(np.zeros((2, 2, 3), np.uint16), tag284=2), "planar 2"),
        (tiff(np.zeros((2, 2, 4), np.uint16), meaning=5), "photometric 5"),
        (tiff(np.zeros((2, 2), np.uint16), tag339=6), "sample format 6"),
        (tiff(np.zeros((2, 2), np.float16)), "cannot be read as such"),
        (tiff(np.zeros((2, 2), np.uint16), tag256=30000, tag257=30000), "40 million"),
        (tiff(np.zeros((2, 2), np.float64), tag256=7000, tag257=5714, tag277=3, meaning=2), "MB"),
        (tiff(np.zeros((2, 2), np.uint16), tag322=65536, tag323=65536), "MB of pixel values"),
        (tiff(np.zeros((20, 20), np.uint16))[:400], "damaged|cannot be read"),
        (tiff(np.zeros((2, 2), np.float32))[:20], "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data, words):
    with pytest.raises(FrameDecodeError, match=words):
        decode_frame(data)


def deep(*values, high=65535):
    return Pixels(np.array(values)[None, :, None], high=high)


def test_both_frames_are_scaled_alike_by_what_they_use():
    first, second = deep(*np.uint16([0, 1000])), deep(*np.uint16([500, 2000]))
    frames, said = to_8_bit([first, second])
    assert [frame[0, :, 0].tolist() for frame in frames] == [[0, 128], [64, 255]]
    assert said == (
        "16-bit values were scaled to 8 bits by the range that is used, 0 to 2000 "
        "(the full range is 0 to 65535)."
    )
    frames, said = to_8_bit([first, second], "full")
    assert [frame[0, :, 0].tolist() for frame in frames] == [[0, 4], [2, 8]]
    assert said == (
        "16-bit values were scaled to 8 bits by the full range, 0 to 65535 (used: 0 to 2000)."
    )


def test_the_full_range_is_kept_where_half_of_it_is_used():
    for top, is_full in ((32768, True), (32767, False)):
        _, said = to_8_bit([deep(*np.uint16([0, top]))])
        assert ("by the full range" in said) == is_full


def test_hot_pixels_do_not_darken_the_rest(rng):
    values = rng.integers(100, 300, (200, 200), dtype=np.uint16)
    values[3, 4] = 65535
    frames, said = to_8_bit([Pixels(values[..., None], high=65535)])
    assert "100 to 299" in said
    assert frames[0].min() == 0
    assert frames[0][3, 4].tolist() == [255] * 3
    assert 120 < frames[0].mean() < 135


def test_8_bits_are_left_alone():
    values = np.array([[[1, 2, 3]]], np.uint8)
    [frame], said = to_8_bit([Pixels(values)], "used")
    assert (frame.tolist(), said) == ([[[1, 2, 3]]], "")


def test_unsigned_frames_of_two_depths_are_taken_as_shares():
    shallow = Pixels(np.array([[[0, 128, 255]]], np.uint8))
    frames, said = to_8_bit([shallow, deep(*np.uint16([0, 65535]))], "full")
    assert "The files differ in depth" in said
    assert frames[0].tolist() == [[[0, 128, 255]]]
    assert frames[1][0, :, 0].tolist() == [0, 255]
    with pytest.raises(InputError, match="8-bit and 32-bit floating-point values, which no one"):
        to_8_bit([shallow, deep(*np.float32([0, 1]), high=1)])


def test_floating_point_is_full_from_0_to_1():
    assert to_8_bit([deep(*np.float32([0, 0.8]), high=1)])[0][0][0, :, 0].tolist() == [0, 204]
    for values in ([0, 80], [-0.5, 0.5], [0.1, 0.2]):
        frames, said = to_8_bit([deep(*np.float32(values), high=1)])
        assert frames[0][0, :, 0].tolist() == [0, 255]
        assert "range that is used" in said


def test_what_is_not_finite_becomes_black_and_is_counted():
    frames, said = to_8_bit([deep(*np.float32([np.nan, 10, 20, np.inf]), high=1)])
    assert frames[0][0, :, 0].tolist() == [0, 0, 255, 0]
    assert said.endswith("2 values are not finite and became black.")
    with pytest.raises(InputError, match="no finite value"):
        to_8_bit([deep(*np.float32([np.nan]), high=1)])


def test_constant_frames_are_black_and_other_ranges_refused():
    assert to_8_bit([deep(*np.uint16([9, 9]))])[0][0].max() == 0
    with pytest.raises(ConfigError, match="choose from auto, full, used"):
        to_8_bit([deep(*np.uint16([9, 9]))], "best")


def test_transparency_is_laid_over_black_and_said():
    half = Image.new("RGBA", (1, 1), (200, 100, 50, 128))
    palette = Image.new("P", (1, 1), 1)
    palette.putpalette([0, 0, 0, 200, 100, 50])
    for data in (saved(half, "PNG"), saved(palette, "PNG", transparency=b"\xff\x80")):
        found = decode_frames((data,), names=("a.png",))
        assert found.frames[0].tolist() == [[[100, 50, 25]]]
        assert found.notes == ("a.png is transparent in places; it was laid over black.",)
    opaque = Image.new("RGBA", (1, 1), (200, 100, 50, 255))
    assert decode_frames((saved(opaque, "PNG"),), names=("a.png",)).notes == ()


def test_16_bit_transparency_is_laid_over_black():
    bgra = np.array([[[0, 30000, 65535, 32768]]], np.uint16)
    data = cv2.imencode(".png", bgra)[1].tobytes()
    assert read_pixels(data, name="a").values.tolist() == [[[32768, 15000, 0]]]
    for extra, expected in ((2, 15000), (1, 30000), (0, 30000)):  # alpha, applied, no alpha
        stored = tiff(bgra[..., [2, 1, 0, 3]], tag338=extra)
        assert read_pixels(stored, name="a").values[0, 0, 1] == expected


def test_a_picture_of_a_few_bits_is_no_deep_one():
    stream = BytesIO()
    Image.new("1", (4, 4), 1).save(stream, "TIFF")
    assert decode_frame(stream.getvalue()).min() == 255
