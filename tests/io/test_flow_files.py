import re
import struct

import cv2
import numpy as np
import pytest

from flowcore.errors import FlowFileError
from flowcore.io.flow_files import (
    FLOW_FORMATS,
    decode_flow,
    encode_flow,
    interpret_flow,
    read_flow,
    write_flow,
)
from flowcore.types import FlowField
from tests.io.flow_samples import flo5, npy, npz

EXACT = ["flo", "pfm", "npy", "npz", "flo5"]
SIZES = [(1, 1), (5, 7), (1, 9)]


@pytest.fixture(params=SIZES, ids=str)
def flow(request, rng):
    """Motion within the size less one pixel, unknown here and there."""
    height, width = request.param
    uv = rng.uniform(-1, 1, (height, width, 2)) * [width - 1, height - 1]
    return FlowField(uv.astype(np.float32), rng.random((height, width)) < 0.8)


def png16(red, green, blue):
    """A one-pixel 16-bit RGB PNG."""
    return cv2.imencode(".png", np.array([[[blue, green, red]]], np.uint16))[1].tobytes()


def test_every_format_has_a_reader_a_writer_and_a_suffix():
    pngs = {"kitti", "vkitti2", "dsec"}
    assert set(FLOW_FORMATS) == {"flo", "pfm", "npy", "npz", "flo5", "viper"} | pngs
    still = FlowField(np.zeros((2, 3, 2), np.float32))
    for format in FLOW_FORMATS:
        assert decode_flow(encode_flow(still, format), format=format).size == (2, 3)


@pytest.mark.parametrize("format", EXACT)
def test_exact_formats_give_every_bit_back(format, flow):
    decoded = decode_flow(encode_flow(flow, format))
    assert decoded.uv.tobytes() == flow.uv.tobytes()
    np.testing.assert_array_equal(decoded.valid, flow.valid)


@pytest.mark.parametrize("format", sorted(set(FLOW_FORMATS) - set(EXACT)))
def test_other_formats_round_to_their_step(format, flow):
    insisted = "dsec" if format == "dsec" else None
    decoded = decode_flow(encode_flow(flow, format), format=insisted)
    span = np.array(flow.size[::-1]) - 1
    step = {"kitti": 1 / 64, "dsec": 1 / 128, "vkitti2": 2 * span / 65535}
    step["viper"] = np.abs(flow.uv) / 1024 + 1e-7
    assert (np.abs(decoded.uv - flow.uv) <= np.asarray(step[format]) / 2 + 1e-6).all()
    np.testing.assert_array_equal(decoded.valid, flow.valid)
    again = decode_flow(encode_flow(decoded, format), format=insisted)
    np.testing.assert_array_equal(again.uv, decoded.uv)


def test_flo_by_hand():
    data = b"PIEH" + struct.pack("<ii4f", 2, 1, 1.5, -2, 2e9, 0)
    flow = decode_flow(data)
    assert flow.uv.tolist() == [[[1.5, -2], [0, 0]]]
    assert flow.valid.tolist() == [[True, False]]
    assert encode_flow(flow, "flo") == b"PIEH" + struct.pack("<ii4f", 2, 1, 1.5, -2, 1e10, 1e10)
    assert struct.unpack("<f", b"PIEH") == (202021.25,)


@pytest.mark.parametrize(("order", "scale"), [("<", b"-1.0"), (">", b"1"), ("<", b"-0.5")])
def test_pfm_rows_run_bottom_up_in_either_byte_order(order, scale):
    rows = struct.pack(f"{order}6f", 3, 4, 9, 1, 2, 9)
    flow = decode_flow(b"PF\n1 2\n" + scale + b"\n" + rows)
    assert flow.uv.tolist() == [[[1, 2]], [[3, 4]]]


def test_pfm_agrees_with_opencv(tmp_path):
    values = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    cv2.imwrite(str(tmp_path / "a.pfm"), values[..., ::-1])
    np.testing.assert_array_equal(read_flow(tmp_path / "a.pfm").uv, values[..., :2])


def test_kitti_by_hand():
    flow = decode_flow(png16(2**15 + 64, 2**15 - 96, 1))
    assert flow.uv.tolist() == [[[1, -1.5]]]
    assert not decode_flow(png16(2**15, 2**15, 0)).valid.any()
    rounded = FlowField(np.array([[[0.9 / 64, -1.6 / 64]]], np.float32))
    assert (decode_flow(encode_flow(rounded, "kitti")).uv * 64).tolist() == [[[1, -2]]]


def test_vkitti2_by_hand():
    top = 2**16 - 1
    data = cv2.imencode(".png", np.array([[[top, top, 0]] * 5] * 3, np.uint16))[1].tobytes()
    assert decode_flow(data).uv[0, 0].tolist() == [-4, 2]
    assert decode_flow(data, format="kitti").uv[0, 0].tolist() == [-512, 65535 / 64 - 512]


@pytest.mark.parametrize(
    ("blue", "format", "uv", "doubt"),
    [
        (1, "kitti", [1, -1.5], r"^a\.png was read as a PNG of KITTI .* DSEC's have 128\.$"),
        (255, "kitti", [1, -1.5], r"DSEC's have 128\. .* by 1, this one by 255\.$"),
        (0, "kitti", [0, 0], "^$"),
        (65535, "vkitti2", [0, 0], "Virtual KITTI 2.* by 65535; KITTI's mark it by 1"),
    ],
)
def test_a_png_is_told_by_how_it_marks_what_is_known(blue, format, uv, doubt):
    data = png16(2**15 + 64, 2**15 - 96, blue)
    reading = interpret_flow(data, name="a.png")
    assert reading.format == format
    assert reading.flow.uv.tolist() == [[uv]]
    assert re.search(doubt, reading.doubt)
    assert interpret_flow(data, format="dsec").doubt == ""
    if blue:
        assert decode_flow(data, format="dsec").uv.tolist() == [[[0.5, -0.75]]]
        assert decode_flow(data, format="kitti").uv.tolist() == [[[1, -1.5]]]


def test_the_other_formats_prove_what_they_are():
    flow = FlowField(np.ones((4, 6, 2), np.float32))
    for format in EXACT:
        reading = interpret_flow(encode_flow(flow, format))
        assert (reading.format, reading.doubt) == (format, "")


def test_arrays_with_channels_first_are_turned_where_they_are_unmistakable():
    uv = np.arange(60, dtype=np.float32).reshape(5, 6, 2)
    np.testing.assert_array_equal(decode_flow(npy(uv.transpose(2, 0, 1))).uv, uv)
    two_rows = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    np.testing.assert_array_equal(decode_flow(npy(two_rows)).uv, two_rows)


@pytest.mark.parametrize("scale", [b"-1", b"-1.", b"-.5", b"-1e0", b"-1.0E+00", b"-0.003921569"])
@pytest.mark.parametrize(
    "header", [b"PF\n1 2\n%b\n", b"PF\r\n1\t2\r\n%b\r\n", b"PF # a tool\n# 9 9\n1\n2 # px\n%b\n"]
)
def test_pfm_headers_hold_any_number_and_comments(header, scale):
    rows = struct.pack("<6f", 3, 4, 9, 1, 2, 9)
    assert decode_flow(header % scale + rows).uv.tolist() == [[[1, 2]], [[3, 4]]]


def test_viper_by_hand():
    u = np.array([[1, np.nan]], np.float16)
    flow = decode_flow(npz(u=u, v=np.array([[2, 3]], np.float16)))
    assert flow.uv.tolist() == [[[1, 2], [0, 0]]]
    assert flow.valid.tolist() == [[True, False]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_unknown(bad):
    uv = np.array([[[1, 2], [bad, 0], [0, bad]]], np.float32)
    pfm = b"PF\n3 1\n-1\n" + np.dstack([uv, uv[..., :1]]).tobytes()
    flo = b"PIEH" + struct.pack("<ii", 3, 1) + uv.tobytes()
    for data in (pfm, flo, npy(uv), npz(uv=uv), flo5(flow=uv)):
        assert decode_flow(data).valid.tolist() == [[True, False, False]]


def test_float64_beyond_float32_is_unknown():
    assert decode_flow(npy(np.array([[[1e300, 0], [1, 2]]]))).valid.tolist() == [[False, True]]


def test_npz_without_a_mask_is_valid_everywhere():
    assert decode_flow(npz(uv=np.ones((2, 2, 2), np.float32))).valid.all()


@pytest.mark.parametrize(
    ("format", "limit"),
    [("kitti", 512), ("dsec", 256), ("viper", 65520), ("flo", 2e9), ("vkitti2", 3)],
)
@pytest.mark.parametrize("sign", [-1, 1])
def test_motion_that_a_format_cannot_hold_is_refused(format, limit, sign):
    uv = np.zeros((3, 3, 2), np.float32)
    uv[1, 1, 1] = sign * (limit + 0.5)
    with pytest.raises(FlowFileError, match=r"hold.*px, got"):
        encode_flow(FlowField(uv), format)
    valid = np.ones((3, 3), bool)
    valid[1, 1] = False
    assert decode_flow(encode_flow(FlowField(uv, valid), format)).valid.sum() == 8


def test_kitti_holds_its_extremes():
    uv = np.array([[[-512, 511.984375]]], np.float32)
    np.testing.assert_array_equal(decode_flow(encode_flow(FlowField(uv), "kitti")).uv, uv)


@pytest.mark.parametrize("format", FLOW_FORMATS)
def test_files_on_disk(format, flow, tmp_path):
    path = tmp_path / f"a{FLOW_FORMATS[format]}"
    write_flow(path, flow, format)
    np.testing.assert_array_equal(read_flow(path).valid, flow.valid)
    np.testing.assert_array_equal(read_flow(path, format).valid, flow.valid)


def test_the_suffix_decides_what_is_written(tmp_path):
    flow = FlowField(np.ones((2, 2, 2), np.float32))
    for suffix, format in [(".png", "kitti"), (".npz", "npz"), (".FLO", "flo")]:
        write_flow(tmp_path / f"a{suffix}", flow)
        assert (tmp_path / f"a{suffix}").read_bytes() == encode_flow(flow, format)
    with pytest.raises(FlowFileError, match=r"'\.xyz'; choose from flo \(\.flo\), kitti"):
        write_flow(tmp_path / "a.xyz", flow)
    with pytest.raises(FlowFileError, match="Cannot write"):
        write_flow(tmp_path / "missing" / "a.flo", flow)
    with pytest.raises(FlowFileError, match="Cannot read"):
        read_flow(tmp_path / "none.flo")
    with pytest.raises(FlowFileError, match="Unknown flow format 'exr'; choose from"):
        encode_flow(flow, "exr")


def test_noise_that_gzip_could_not_shrink_is_read(rng):
    uv = rng.integers(0, 2**30, (64, 64, 2), dtype=np.int32).view(np.float32)
    flow = FlowField(uv)
    assert decode_flow(encode_flow(flow, "flo5")).uv.tobytes() == flow.uv.tobytes()


@pytest.mark.data
def test_real_flows(real_data):
    whale = read_flow(real_data / "flow/middlebury/RubberWhale/flow.flo")
    assert whale.size == (388, 584)
    assert 0.983 < whale.valid.mean() < 0.985
    kitti = read_flow(real_data / "flow/kitti2012/000027/flow.png")
    assert 0.27 < kitti.valid.mean() < 0.32
    assert decode_flow(encode_flow(kitti, "kitti")).uv.tobytes() == kitti.uv.tobytes()
