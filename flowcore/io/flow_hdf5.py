"""Flow as .flo5: HDF5 with one dataset ``flow``, NaN where unknown (the Spring benchmark)."""

import math
import zlib

import h5py

from flowcore.errors import FlowFileError
from flowcore.io.flow_arrays import array_from_field, field_from_array
from flowcore.io.guard import MAX_PIXELS, naming_damage, require_size
from flowcore.types import FlowField

__all__ = ["decode_flo5", "encode_flo5"]

_KNOWN_FILTERS = {h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32}
_MAX_CHUNKS = 100_000
_MAX_CHUNK_BYTES = MAX_PIXELS * 2 * 8
_CHECKSUM_BYTES = 4


def decode_flo5(data: bytes, name: str) -> FlowField:
    """The flow in a .flo5 file, on the file's own grid.

    Spring's truth has twice the height and width of its frames (Mehl et al., CVPR 2023): what to
    make of that is the caller's decision.

    Raises
    ------
    FlowFileError
        No dataset ``flow`` of ``(H, W, 2)`` floats; one whose values lie in other files; unknown
        compression, or more values than declared; too large, damaged or cut short.
    """
    with naming_damage(name, FlowFileError), h5py.File.in_memory(data) as file:
        if not isinstance(file.get("flow", getlink=True), h5py.HardLink):
            raise FlowFileError(f"{name} holds {list(file)[:5]}, expected a dataset 'flow'.")
        dataset = file["flow"]
        _require_flow(dataset, name)
        _require_honest_chunks(dataset, name)
        return field_from_array(dataset[()], name=name)


def encode_flo5(flow: FlowField) -> bytes:
    """A .flo5 file: dataset ``flow`` ``(H, W, 2) float32``, gzip, NaN where unknown."""
    with h5py.File.in_memory() as file:
        file.create_dataset("flow", data=array_from_field(flow), compression="gzip", shuffle=True)
        file.flush()
        image: bytes = file.id.get_file_image()
        return image


def _require_flow(dataset: h5py.Dataset, name: str) -> None:
    """Refuse a dataset whose description alone says that it is no flow kept in this file."""
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise FlowFileError(f"'flow' in {name} is not a dataset of values.")
    if dataset.ndim != 3 or dataset.shape[2] != 2 or dataset.dtype.kind != "f":
        raise FlowFileError(
            f"{name} holds 'flow' as {dataset.shape} {dataset.dtype}, expected (H, W, 2) of floats."
        )
    require_size(*dataset.shape[:2], name=name, error=FlowFileError)
    if dataset.external or dataset.is_virtual:
        raise FlowFileError(f"{name} points to values in other files, expected them in this one.")


def _require_honest_chunks(dataset: h5py.Dataset, name: str) -> None:
    """Refuse chunks that inflate to more than they declare.

    HDF5 itself gives a chunk as much memory as its compressed bytes ask for.
    """
    if dataset.chunks is None:
        return
    settings = dataset.id.get_create_plist()
    filters = [settings.get_filter(index)[0] for index in range(settings.get_nfilters())]
    if not _KNOWN_FILTERS.issuperset(filters) or len(set(filters)) != len(filters):
        raise FlowFileError(f"{name} is compressed with the HDF5 filters {filters}, expected gzip.")
    chunk_bytes = math.prod(dataset.chunks) * dataset.dtype.itemsize
    num_chunks = math.prod(
        -(-size // step) for size, step in zip(dataset.shape, dataset.chunks, strict=True)
    )
    if chunk_bytes > _MAX_CHUNK_BYTES or num_chunks > _MAX_CHUNKS:
        raise FlowFileError(
            f"{name} has {num_chunks} chunks of {chunk_bytes} bytes, expected at most "
            f"{_MAX_CHUNKS} of {_MAX_CHUNK_BYTES}."
        )
    if h5py.h5z.FILTER_DEFLATE not in filters:
        return
    skips_deflate = 1 << filters.index(h5py.h5z.FILTER_DEFLATE)
    for index in range(dataset.id.get_num_chunks()):
        skipped, packed = dataset.id.read_direct_chunk(
            dataset.id.get_chunk_info(index).chunk_offset
        )
        limit = chunk_bytes + _CHECKSUM_BYTES
        if not skipped & skips_deflate and _inflated_size(packed, limit) > limit:
            raise FlowFileError(f"{name} has a chunk that inflates beyond {chunk_bytes} bytes.")


def _inflated_size(packed: bytes, limit: int) -> int:
    """Bytes that a deflated block inflates to, as far as ``limit`` + 1."""
    return len(zlib.decompressobj().decompress(packed, limit + 1))
