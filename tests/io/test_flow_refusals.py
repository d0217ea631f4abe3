"""Flow files that are false, damaged or malicious are refused with a sentence."""

import struct
import zipfile
import zlib
from io import BytesIO

import cv2
import h5py
import numpy as np
import pytest
from PIL import Image

from flowcore.errors import FlowFileError
from flowcore.io.flow_files import FLOW_FORMATS, decode_flow, encode_flow
from flowcore.types import FlowField
from tests.io.flow_samples import flo5, npy, npz


@pytest.mark.parametrize("format", FLOW_FORMATS)
def test_cut_and_lengthened_files_are_refused(format, rng):
    uv = rng.uniform(-20, 20, (30, 40, 2)).astype(np.float32)
    data = encode_flow(FlowField(uv), format)
    for share in (0.02, 0.5, 0.9):
        with pytest.raises(FlowFileError, match=r"^left\.x "):
            decode_flow(data[: int(len(data) * share)], name="left.x")
    if format in ("flo", "pfm", "npy"):
        with pytest.raises(FlowFileError, match="bytes of values"):
            decode_flow(data + b"\0")


def header_of(width, height):
    return b"PIEH" + struct.pack("<ii", width, height)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "expected one of flo"),
        (b"RIFFxxxx", r"starts with b'RIFFxxxx'"),
        (b"PIEH", "expected PIEH and the size"),
        (header_of(-2, -2) + bytes(32), "expected at least 1x1"),
        (header_of(0, 5), "expected at least 1x1"),
        (header_of(2**31 - 1, 2**31 - 1), "40 million"),
        (header_of(100, 100) + bytes(8), "80000 bytes of values, and holds 8"),
        (b"Pf\n1 1\n-1\n" + bytes(4), "gray .pfm with one channel"),
        (b"PF\n1 1\n0.0\n" + bytes(12), "scale 0"),
        (b"PF\n-1 1\n-1\n" + bytes(12), "expected PF, the width"),
        (b"PF\n1 1\n1e-1.2.3\n" + bytes(12), "expected PF, the width"),
        (npy(np.zeros((2, 2, 3), np.float32)), r"\(2, 2, 3\) float32, expected \(H, W, 2\)"),
        (npy(np.zeros((2, 2, 2), np.int32)), "int32, expected floats"),
        (npy(np.zeros((0, 2, 2), np.float32)), "declares"),
        (npy(np.zeros((2, 2, 2), "c8")), "complex64, expected floats"),
        (npy(np.zeros((2, 2), bool)), "expected"),
        (npz(flow=np.zeros((2, 2, 2))), r"holds the arrays \['flow.npy'\]"),
        (npz(uv=np.zeros((2, 2, 2)), valid=np.ones((2, 3), bool)), "'valid' as"),
        (npz(u=np.zeros((2, 2)), v=np.zeros((2, 3))), "damaged"),
        (flo5(other=np.zeros((2, 2, 2))), r"holds \['other'\], expected a dataset 'flow'"),
        (flo5(flow=np.zeros((2, 2, 3))), "expected"),
        (flo5(flow=np.zeros((2, 2, 2), np.int64)), "int64, expected"),
        (flo5(flow=np.zeros((0, 2, 2))), "at least 1x1"),
    ],
)
def test_false_files_are_refused_with_a_sentence(data, sentence):
    with pytest.raises(FlowFileError, match=sentence):
        decode_flow(data)


def test_pictures_are_not_flow():
    stream = BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "PNG")
    with pytest.raises(FlowFileError, match="8 bits and color type 2, expected 16 bits"):
        decode_flow(stream.getvalue())
    gray = cv2.imencode(".png", np.zeros((4, 4), np.uint16))[1].tobytes()
    with pytest.raises(FlowFileError, match="color type 0"):
        decode_flow(gray)


def test_a_png_chunk_that_claims_more_than_the_file_is_refused():
    data = encode_flow(FlowField(np.zeros((4, 4, 2), np.float32)), "kitti")
    at = data.index(b"IDAT") - 4
    with pytest.raises(FlowFileError, match="chunks reach beyond its end"):
        decode_flow(data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :])


def test_a_format_insisted_on_refuses_the_others():
    flo = encode_flow(FlowField(np.zeros((2, 2, 2), np.float32)), "flo")
    for format in FLOW_FORMATS:
        if format != "flo":
            with pytest.raises(FlowFileError):
                decode_flow(flo, format=format)


def test_pickles_are_never_loaded():
    stream = BytesIO()
    np.save(stream, np.array([[[{}, {}]]], object), allow_pickle=True)
    with pytest.raises(FlowFileError, match="expected floats"):
        decode_flow(stream.getvalue())


def test_a_zip_bomb_is_refused_by_its_declared_size():
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("uv.npy", bytes(1000))
    data = stream.getvalue().replace(struct.pack("<I", 1000), struct.pack("<I", 2**31))
    with pytest.raises(FlowFileError, match=r"declares 2147483648 bytes for uv\.npy"):
        decode_flow(data)
    with zipfile.ZipFile(stream := BytesIO(), "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("uv.npy", npy(np.zeros((2, 2, 2))))
    with pytest.raises(FlowFileError, match="packed in a way"):
        decode_flow(stream.getvalue())


def h5_with_chunk(packed, chunks=(4, 4, 2), **options):
    """A .flo5 of 4x4 whose only chunk holds the given bytes."""
    with h5py.File.in_memory() as file:
        dataset = file.create_dataset(
            "flow", (4, 4, 2), np.float32, chunks=chunks, compression="gzip", **options
        )
        dataset.id.write_direct_chunk((0, 0, 0), packed)
        file.flush()
        return file.id.get_file_image()


def test_an_hdf5_chunk_may_not_inflate_beyond_its_size():
    assert decode_flow(h5_with_chunk(zlib.compress(bytes(128)))).valid.all()
    with pytest.raises(FlowFileError, match="inflates beyond 128 bytes"):
        decode_flow(h5_with_chunk(zlib.compress(bytes(10**7))))


def test_hdf5_filters_that_are_not_gzip_are_refused():
    with h5py.File.in_memory() as file:
        file.create_dataset("flow", data=np.zeros((4, 4, 2), np.float32), compression="lzf")
        file.flush()
        with pytest.raises(FlowFileError, match="expected gzip"):
            decode_flow(file.id.get_file_image())


def test_hdf5_never_reaches_other_files(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["flow"] = np.ones((2, 2, 2), np.float32)
    raw = tmp_path / "raw.bin"
    raw.write_bytes(bytes(32))
    layout = h5py.VirtualLayout((2, 2, 2), np.float32)
    layout[:] = h5py.VirtualSource(str(secret), "flow", (2, 2, 2))
    for add, sentence in (
        (lambda file: file.__setitem__("flow", h5py.ExternalLink(str(secret), "flow")), "expected"),
        (lambda file: file.create_virtual_dataset("flow", layout), "other files"),
        (
            lambda file: file.create_dataset(
                "flow", (2, 2, 2), np.float32, external=[(str(raw), 0, 32)]
            ),
            "other files",
        ),
    ):
        with h5py.File.in_memory() as file:
            add(file)
            file.flush()
            with pytest.raises(FlowFileError, match=sentence):
                decode_flow(file.id.get_file_image())
