"""Flow as NumPy files: .npy, our .npz (``uv`` and ``valid``) and VIPER's .npz (``u`` and ``v``)."""

import math
import zipfile
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from flowcore.errors import FlowFileError
from flowcore.io.guard import MAX_PIXELS, naming_damage, require_size
from flowcore.types import FloatArray, FlowField

__all__ = [
    "array_from_field",
    "decode_npy",
    "decode_npz",
    "encode_npy",
    "encode_npz",
    "encode_viper",
    "field_from_array",
]

_MAX_MEMBER_BYTES = MAX_PIXELS * 2 * 8 + 10_000  # a float64 flow and its header
_MAX_FLOAT16 = float(np.finfo(np.float16).max)
_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def field_from_array(array: npt.NDArray[Any], *, name: str) -> FlowField:
    """An array ``(H, W, 2)`` of floats as a flow; what is not finite becomes unknown.

    An array ``(2, H, W)``, as PyTorch and scikit-image give it, is turned where W is too large for
    channels.

    Raises
    ------
    FlowFileError
        Another shape or kind of number, or too large.
    """
    if array.ndim == 3 and array.shape[0] == 2 and array.shape[2] > 4:
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] != 2 or array.dtype.kind != "f":
        raise FlowFileError(
            f"{name} holds an array {array.shape} {array.dtype}, expected (H, W, 2) of floats."
        )
    require_size(*array.shape[:2], name=name, error=FlowFileError)
    with np.errstate(over="ignore"):  # float64 beyond float32 becomes infinite, so unknown
        uv = array.astype(np.float32)
    return FlowField(uv, np.isfinite(uv[..., 0]) & np.isfinite(uv[..., 1]))


def array_from_field(flow: FlowField, *, unknown: float = math.nan) -> FloatArray:
    """The flow as ``(H, W, 2) float32``, with ``unknown`` where it is not valid."""
    return np.where(flow.valid[..., None], flow.uv, np.float32(unknown))


def decode_npy(data: bytes, name: str) -> FlowField:
    """The flow in an .npy file: ``(H, W, 2)`` or ``(2, H, W)`` floats, not finite where unknown."""
    return field_from_array(_parse_npy(data, name), name=name)


def encode_npy(flow: FlowField) -> bytes:
    """An .npy file: ``(H, W, 2) float32``, NaN where unknown."""
    stream = BytesIO()
    np.save(stream, array_from_field(flow), allow_pickle=False)
    return stream.getvalue()


def decode_npz(data: bytes, name: str) -> FlowField:
    """The flow in an .npz file, ours or VIPER's, told apart by the names of the arrays."""
    with (
        naming_damage(name, FlowFileError),
        zipfile.ZipFile(BytesIO(data)) as archive,
    ):
        members = archive.namelist()
        if "uv.npy" in members:
            flow = field_from_array(_read_member(archive, "uv", name), name=name)
            if "valid.npy" not in members:
                return flow
            valid = _read_member(archive, "valid", name)
            if valid.dtype != np.bool_ or valid.shape != flow.size:
                raise FlowFileError(
                    f"{name} holds 'valid' as {valid.shape} {valid.dtype}, "
                    f"expected {flow.size} bool."
                )
            return FlowField(flow.uv, flow.valid & valid)
        if {"u.npy", "v.npy"} <= set(members):
            u, v = (_read_member(archive, key, name) for key in "uv")
            return field_from_array(np.stack([u, v], axis=-1), name=name)
    raise FlowFileError(
        f"{name} holds the arrays {sorted(members)[:5]}, expected uv.npy (with valid.npy), "
        "or u.npy and v.npy."
    )


def encode_npz(flow: FlowField) -> bytes:
    """An .npz file with ``uv`` ``(H, W, 2) float32`` and ``valid`` ``(H, W) bool``."""
    stream = BytesIO()
    np.savez_compressed(stream, uv=flow.uv, valid=flow.valid)
    return stream.getvalue()


def encode_viper(flow: FlowField) -> bytes:
    """An .npz file with ``u`` and ``v`` ``(H, W) float16``, NaN where unknown (VIPER's layout).

    Raises
    ------
    FlowFileError
        A component beyond the 65504 px that float16 holds.
    """
    largest = float(np.abs(flow.uv).max())
    if largest > _MAX_FLOAT16:
        raise FlowFileError(f"VIPER files hold up to {_MAX_FLOAT16:g} px, got {largest:g} px.")
    halves = array_from_field(flow).astype(np.float16)
    stream = BytesIO()
    np.savez_compressed(stream, u=halves[..., 0], v=halves[..., 1])
    return stream.getvalue()


def _read_member(archive: zipfile.ZipFile, key: str, name: str) -> npt.NDArray[Any]:
    """One array of an archive; its declared size bounds what is inflated."""
    info = archive.getinfo(f"{key}.npy")
    if info.file_size > _MAX_MEMBER_BYTES:
        raise FlowFileError(
            f"{name} declares {info.file_size} bytes for {info.filename}, more than the "
            f"{_MAX_MEMBER_BYTES} that are read."
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FlowFileError(f"{name} is packed in a way that NumPy does not write.")
    return _parse_npy(archive.read(info), f"{info.filename} in {name}")


def _parse_npy(data: bytes, name: str) -> npt.NDArray[Any]:
    """An array of floats or booleans, once its header agrees with the number of bytes."""
    with naming_damage(name, FlowFileError):
        stream = BytesIO(data)
        version = np.lib.format.read_magic(stream)
        if version not in _HEADER_READERS:
            raise FlowFileError(f"{name} has the .npy version {version}, expected (1, 0).")
        shape, _, dtype = _HEADER_READERS[version](stream)
        num_bytes = len(data) - stream.tell()
        if dtype.kind not in "fb" or dtype.itemsize > 8:
            raise FlowFileError(f"{name} holds {dtype}, expected floats of up to 64 bits.")
        if min(shape, default=1) < 1 or math.prod(shape) * dtype.itemsize != num_bytes:
            raise FlowFileError(
                f"{name} declares {shape} {dtype} and holds {num_bytes} bytes of values."
            )
        array: npt.NDArray[Any] = np.load(BytesIO(data), allow_pickle=False)
        return array
