"""Flow as raw floats behind a short header: Middlebury's .flo and .pfm."""

import re

import numpy as np

from flowcore.errors import FlowFileError
from flowcore.io.flow_arrays import array_from_field, field_from_array
from flowcore.io.guard import require_size
from flowcore.types import FlowField

__all__ = ["decode_flo", "decode_pfm", "encode_flo", "encode_pfm"]

_FLO_MAGIC = b"PIEH"  # 202021.25 as a little-endian float32
_FLO_UNKNOWN = 1e9
_GAP = rb"(?:\s|#[^\n]*\n)+"
_PFM_HEADER = re.compile(  # the scale may be any decimal number that C reads
    rb"(P[Ff])" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})" + _GAP
    + rb"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)[ \t]*(?:#[^\n]*)?\r?\n"
)  # fmt: skip


def decode_flo(data: bytes, name: str) -> FlowField:
    """The flow in a .flo file; a component beyond 1e9 means unknown.

    Little-endian: ``PIEH``, int32 width, int32 height, then float32 u, v row by row
    (Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 2011).
    """
    if not data.startswith(_FLO_MAGIC) or len(data) < 12:
        raise FlowFileError(f"{name} starts with {data[:12]!r}, expected PIEH and the size.")
    width, height = np.frombuffer(data[4:12], "<i4").tolist()
    require_size(height, width, name=name, error=FlowFileError)
    _require_length(len(data) - 12, 8, height, width, name)
    uv = np.frombuffer(data, "<f4", offset=12).reshape(height, width, 2)
    known = (np.abs(uv) <= _FLO_UNKNOWN).all(axis=2, keepdims=True)
    return field_from_array(np.where(known, uv, np.float32(np.nan)), name=name)


def encode_flo(flow: FlowField) -> bytes:
    """A .flo file, with 1e10 where the flow is unknown.

    Raises
    ------
    FlowFileError
        A known component beyond 1e9, which would read as unknown.
    """
    largest = float(np.abs(flow.uv).max())
    if largest > _FLO_UNKNOWN:
        raise FlowFileError(f".flo files hold up to 1e9 px, got {largest:g} px.")
    height, width = flow.size
    size = np.array([width, height], "<i4").tobytes()
    return _FLO_MAGIC + size + array_from_field(flow, unknown=1e10).astype("<f4").tobytes()


def decode_pfm(data: bytes, name: str) -> FlowField:
    """The flow in a color .pfm file: its first two channels, not finite where unknown.

    ``PF``, width, height and a scale whose sign tells the byte order (negative: little-endian;
    its magnitude is not used), comments from # to the end of a line, then rows from the bottom up
    (Debevec, "PFM: portable float map"; the layout of FlyingThings3D).
    """
    header = _PFM_HEADER.match(data)
    if header is None:
        raise FlowFileError(
            f"{name} starts with {data[:24]!r}, expected PF, the width, the height and a scale."
        )
    kind, width, height, scale = header[1], int(header[2]), int(header[3]), float(header[4])
    if kind != b"PF":
        raise FlowFileError(f"{name} is a gray .pfm with one channel, expected PF with three.")
    if scale == 0:
        raise FlowFileError(f"{name} has the scale 0, whose sign should tell the byte order.")
    require_size(height, width, name=name, error=FlowFileError)
    _require_length(len(data) - header.end(), 12, height, width, name)
    values = np.frombuffer(data, "<f4" if scale < 0 else ">f4", offset=header.end())
    return field_from_array(values.reshape(height, width, 3)[::-1, :, :2], name=name)


def encode_pfm(flow: FlowField) -> bytes:
    """A little-endian color .pfm file: u, v and zeros; NaN where the flow is unknown."""
    height, width = flow.size
    values = np.zeros((height, width, 3), "<f4")
    values[..., :2] = array_from_field(flow)
    return b"PF\n%d %d\n-1.0\n" % (width, height) + values[::-1].tobytes()


def _require_length(num_bytes: int, per_pixel: int, height: int, width: int, name: str) -> None:
    expected = per_pixel * height * width
    if num_bytes != expected:
        raise FlowFileError(
            f"{name} declares {width}x{height} (width x height), so {expected} bytes of values, "
            f"and holds {num_bytes}."
        )
