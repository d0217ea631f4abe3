"""Between flow files and flow: one reader and one writer for every format of the field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flowcore.errors import FlowFileError
from flowcore.io.atomic import write_bytes
from flowcore.io.flow_arrays import (
    decode_npy,
    decode_npz,
    encode_npy,
    encode_npz,
    encode_viper,
)
from flowcore.io.flow_hdf5 import decode_flo5, encode_flo5
from flowcore.io.flow_png import (
    decode_dsec,
    decode_kitti,
    decode_png,
    decode_vkitti2,
    encode_dsec,
    encode_kitti,
    encode_vkitti2,
)
from flowcore.io.flow_raw import decode_flo, decode_pfm, encode_flo, encode_pfm
from flowcore.io.guard import read_bytes
from flowcore.types import FlowField

__all__ = [
    "FLOW_FORMATS",
    "FlowReading",
    "decode_flow",
    "encode_flow",
    "interpret_flow",
    "read_flow",
    "write_flow",
]

FLOW_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "flo": ".flo",
        "kitti": ".png",
        "pfm": ".pfm",
        "npy": ".npy",
        "npz": ".npz",
        "flo5": ".flo5",
        "viper": ".npz",
        "vkitti2": ".png",
        "dsec": ".png",
    }
)
"""Name of each format and its suffix; the first one of a suffix is what the suffix alone means."""

_Decoder = Callable[[bytes, str], FlowField]
_DECODERS: Mapping[str, _Decoder] = {
    "flo": decode_flo,
    "kitti": decode_kitti,
    "pfm": decode_pfm,
    "npy": decode_npy,
    "npz": decode_npz,
    "flo5": decode_flo5,
    "viper": decode_npz,
    "vkitti2": decode_vkitti2,
    "dsec": decode_dsec,
}
_ENCODERS: Mapping[str, Callable[[FlowField], bytes]] = {
    "flo": encode_flo,
    "kitti": encode_kitti,
    "pfm": encode_pfm,
    "npy": encode_npy,
    "npz": encode_npz,
    "flo5": encode_flo5,
    "viper": encode_viper,
    "vkitti2": encode_vkitti2,
    "dsec": encode_dsec,
}
_PNG = b"\x89PNG\r\n\x1a\n"
_BY_CONTENT: tuple[tuple[bytes, str], ...] = (
    (b"PIEH", "flo"),
    (b"PF", "pfm"),
    (b"Pf", "pfm"),
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "npz"),
    (b"\x89HDF\r\n\x1a\n", "flo5"),
)


@dataclass(frozen=True, eq=False)
class FlowReading:
    """A flow, and how its file was understood.

    Parameters
    ----------
    flow : FlowField
    format : str
        A key of ``FLOW_FORMATS``; ``npz`` stands for VIPER's as well.
    doubt : str
        What the file does not prove, in a sentence; empty where it proves all.
    """

    flow: FlowField
    format: str
    doubt: str = ""


def interpret_flow(
    data: bytes, *, name: str = "flow file", format: str | None = None
) -> FlowReading:
    """The flow in the bytes of a file, of a format found from its content, and what is not proven.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What messages and doubts call it.
    format : str, optional
        A key of ``FLOW_FORMATS``, to insist on one; there is no doubt then.

    Raises
    ------
    FlowFileError
        Another format, a header that contradicts the content, more than ``MAX_PIXELS`` pixels, or
        a file that is damaged, cut short or has bytes to spare.
    """
    if format is None and data.startswith(_PNG):
        return FlowReading(*decode_png(data, name))
    if format is None:
        format = next((known for magic, known in _BY_CONTENT if data.startswith(magic)), None)
    if format is None:
        raise FlowFileError(f"{name} starts with {data[:8]!r}, expected one of {_choices()}.")
    return FlowReading(_DECODERS[_require_format(format)](data, name), format)


def decode_flow(data: bytes, *, name: str = "flow file", format: str | None = None) -> FlowField:
    """The flow in the bytes of a file, as ``interpret_flow`` finds it."""
    return interpret_flow(data, name=name, format=format).flow


def encode_flow(flow: FlowField, format: str) -> bytes:
    """The bytes of a flow file.

    ``flo``, ``pfm``, ``npy``, ``npz`` and ``flo5`` give every bit back; ``viper`` keeps 11
    significant bits, ``kitti`` 1/64 px, ``dsec`` 1/128 px and ``vkitti2`` 2 (size - 1) / 65535 px.

    Raises
    ------
    FlowFileError
        An unknown format, or motion that the format cannot hold.
    """
    return _ENCODERS[_require_format(format)](flow)


def read_flow(path: str | Path, format: str | None = None) -> FlowField:
    """The flow in the file at ``path``, as ``decode_flow`` gives it."""
    return decode_flow(read_bytes(path, FlowFileError), name=Path(path).name, format=format)


def write_flow(path: str | Path, flow: FlowField, format: str | None = None) -> None:
    """Write the flow as a file.

    Parameters
    ----------
    path : path
        Without ``format`` its suffix decides (.png is KITTI's, .npz is ours).
    flow : FlowField
    format : str, optional
        A key of ``FLOW_FORMATS``.

    Raises
    ------
    FlowFileError
        As ``encode_flow``, or the file cannot be written.
    """
    data = encode_flow(flow, _format_of_suffix(path) if format is None else format)
    try:
        write_bytes(path, data)
    except OSError as caught:
        raise FlowFileError(f"Cannot write {path}: {caught.strerror or caught}.") from caught


def _format_of_suffix(path: str | Path) -> str:
    suffix = Path(path).suffix.lower()
    for format, known in FLOW_FORMATS.items():
        if suffix == known:
            return format
    raise FlowFileError(f"No flow format has the suffix {suffix!r}; choose from {_choices()}.")


def _require_format(format: str) -> str:
    if format not in FLOW_FORMATS:
        raise FlowFileError(f"Unknown flow format {format!r}; choose from {_choices()}.")
    return format


def _choices() -> str:
    return ", ".join(f"{name} ({suffix})" for name, suffix in FLOW_FORMATS.items())
