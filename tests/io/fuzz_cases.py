"""Hostile files: seeds of every format, ways to damage them, and bombs."""

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import cv2
import h5py
import numpy as np
from PIL import Image

from flowcore.io.flow_files import FLOW_FORMATS, encode_flow
from flowcore.types import FlowField
from tests.io.flow_samples import npy

EXTREMES = [b"\0\0\0\0", b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\xff" * 3 + b"\x7f", b"\x80\0\0\0"]
EXTREMES += [struct.pack(order + "I", 30000) for order in "<>"]

Case = tuple[str, bytes | Callable[[], bytes]]  # large ones are made only when they are read


def mutants(rng: np.random.Generator, seeds: dict[str, bytes], num_each: int) -> Iterator[Case]:
    """Each seed as it is, then damaged in every way there is, ``num_each`` times in all."""
    names = list(seeds)
    for name, data in seeds.items():
        yield f"{name} whole", data
        for index in range(num_each):
            damage = DAMAGES[index % len(DAMAGES)]
            other = seeds[names[rng.integers(len(names))]]
            yield f"{name} {damage.__name__} {index}", damage(rng, data, other)
    for index in range(num_each):
        yield f"random bytes {index}", seeds[names[0]][: index % 9] + rng.bytes(index * 7)


def truncate(rng, data, _):
    return data[: rng.integers(len(data))]


def flip_bits(rng, data, _):
    damaged = bytearray(data)
    for _ in range(rng.integers(1, 20)):
        damaged[rng.integers(len(data))] ^= 1 << rng.integers(8)
    return bytes(damaged)


def lie_in_header(rng, data, _):
    at = rng.integers(min(len(data), 128))
    return with_valid_checksums(data[:at] + EXTREMES[rng.integers(len(EXTREMES))] + data[at + 4 :])


def lie_anywhere(rng, data, _):
    at = rng.integers(len(data))
    return data[:at] + EXTREMES[rng.integers(len(EXTREMES))] + data[at + 4 :]


def splice(rng, data, other):
    return data[: rng.integers(len(data))] + other[rng.integers(len(other)) :]


def drop_block(rng, data, _):
    at = rng.integers(len(data))
    return data[:at] + data[at + rng.integers(1, 64) :]


def repeat_block(rng, data, _):
    at = rng.integers(len(data))
    return data[:at] + data[max(0, at - 100) : at] * int(rng.integers(1, 50)) + data[at:]


def fill_block(rng, data, _):
    at, length = rng.integers(len(data)), rng.integers(1, 200)
    return data[:at] + rng.bytes(1) * int(length) + data[at + length :]


DAMAGES = (
    truncate,
    flip_bits,
    lie_in_header,
    lie_anywhere,
    splice,
    drop_block,
    repeat_block,
    fill_block,
)


def with_valid_checksums(data: bytes) -> bytes:
    """A PNG whose first chunk has a true checksum again, so that the lie is believed."""
    if not data.startswith(b"\x89PNG") or len(data) < 33:
        return data
    return data[:29] + struct.pack(">I", zlib.crc32(data[12:29])) + data[33:]


def picture_cases(rng: np.random.Generator) -> Iterator[Case]:
    noise = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    color, palette = Image.fromarray(noise), Image.fromarray(noise).convert("P")
    tags = Image.Exif()
    tags[0x0112] = 6
    seeds = {
        "png": saved(color, "PNG", exif=tags),
        "palette png": saved(palette, "PNG", transparency=bytes(range(256))),
        "gray png": saved(color.convert("L"), "PNG"),
        "16-bit png": cv2.imencode(".png", noise.astype(np.uint16) * 257)[1].tobytes(),
        "16-bit label png": cv2.imencode(".png", noise[..., 0].astype(np.uint16) * 9)[1].tobytes(),
        "jpeg": saved(color, "JPEG", exif=tags),
        "progressive jpeg": saved(color, "JPEG", progressive=True),
        "cmyk jpeg": saved(color.convert("CMYK"), "JPEG"),
        "webp": saved(color, "WEBP", exif=tags),
        "lossless webp": saved(color, "WEBP", lossless=True),
        "avif": saved(color, "AVIF", exif=tags),
        "tiff": saved(color, "TIFF", exif=tags),
        "lzw tiff": saved(color, "TIFF", compression="tiff_lzw"),
        "jpeg tiff": saved(color, "TIFF", compression="jpeg"),
        "16-bit tiff": cv2.imencode(".tiff", noise.astype(np.uint16) * 257)[1].tobytes(),
        "float tiff": cv2.imencode(".tiff", noise.astype(np.float32))[1].tobytes(),
        "signed tiff": cv2.imencode(".tiff", noise[..., 0].astype(np.int16))[1].tobytes(),
        "tiff of pages": saved(color, "TIFF", save_all=True, append_images=[color.copy()]),
        "16-bit ppm": cv2.imencode(".ppm", noise.astype(np.uint16) * 257)[1].tobytes(),
        "bmp": saved(color, "BMP"),
        "ppm": saved(color, "PPM"),
        "pgm": b"P5\n4 2\n65535\n" + rng.bytes(16),
        "text ppm": b"P3\n2 1\n255\n1 2 3 4 5 6\n",
        "gif": saved(palette, "GIF"),
    }
    yield from mutants(rng, seeds, 96)
    yield "png bomb", png_bomb(30000, 30000)
    yield "narrow png bomb", png_bomb(2**31 - 1, 1)
    yield "webp bomb", b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + b"\xfe\x3f\0" * 2
    yield "gif bomb", b"GIF89a" + b"\xff" * 4 + seeds["gif"][10:]
    yield "ppm bomb", b"P6\n30000 30000\n255\n"
    yield "text ppm bomb", b"P3\n" + b"9" * 5000 + b" 1\n255\n1"
    yield "bmp bomb", seeds["bmp"][:18] + struct.pack("<ii", 30000, -30000) + seeds["bmp"][26:]


def flow_cases(rng: np.random.Generator) -> Iterator[Case]:
    uv = rng.uniform(-7, 7, (8, 12, 2)).astype(np.float32)
    flow = FlowField(uv, rng.random((8, 12)) < 0.9)
    seeds = {name: encode_flow(flow, name) for name in FLOW_FORMATS}
    seeds["plain flo5"] = flo5(data=uv)
    seeds["checked flo5"] = flo5(data=uv, chunks=(4, 4, 2), compression="gzip", fletcher32=True)
    seeds["stored npz"] = zipped(npy(uv), zipfile.ZIP_STORED)
    yield from mutants(rng, seeds, 120)
    array = npy(uv)
    for index in range(120):
        inner = DAMAGES[index % len(DAMAGES)](rng, array, array)
        yield f"npy damaged within npz {index}", zipped(inner, zipfile.ZIP_DEFLATED)
    yield "zip bomb", lambda: zipped(bytes(10**9), zipfile.ZIP_DEFLATED)
    yield (
        "zip of zeros",
        lambda: zipped(npy_header((4000, 5000, 2)) + bytes(160_000_000), zipfile.ZIP_DEFLATED),
    )
    yield (
        "zip bomb that lies",
        lambda: zipped(bytes(10**8), zipfile.ZIP_DEFLATED).replace(
            struct.pack("<I", 10**8), struct.pack("<I", 868)
        ),
    )
    yield "zip of many", many_members
    yield "npy that claims much", npy_header((10**6, 10**6, 2))
    yield "npy that overflows", npy_header((2**62, 4, 2)) + bytes(64)
    yield "npy that nests", npy_header("(" * 4000 + ")" * 4000)
    yield "pickle", b"\x93NUMPY\x01\0" + struct.pack("<H", 60) + pickle_header()
    yield "png bomb", png_bomb(30000, 30000, depth=16, color=2)
    yield "flo that claims much", b"PIEH" + struct.pack("<ii", 2**30, 2**30)
    yield "pfm that claims much", b"PF\n999999999 999999999\n-1\n"
    yield "pfm of digits", b"PF\n" + b"1" * 10**6
    yield from hdf5_bombs()


def hdf5_bombs() -> Iterator[Case]:
    yield "h5 chunk that inflates", inflating_chunk
    for name, options in {
        "h5 that claims much": {"shape": (10**6, 10**6, 2), "chunks": (100, 100, 2)},
        "h5 with huge chunks": {
            "shape": (2, 2, 2),
            "chunks": (20000, 20000, 2),
            "maxshape": (None, None, 2),
        },
        "h5 of nothing": {"shape": (4000, 5000, 2), "chunks": (1, 1, 2)},
        "h5 of strings": {"shape": (2, 2, 2), "dtype": h5py.string_dtype()},
        "h5 of records": {"shape": (2, 2, 2), "dtype": [("a", "f4"), ("b", "f4")]},
        "h5 scalar": {"shape": ()},
    }.items():
        yield name, flo5(**({"dtype": np.float32} | options))
    with h5py.File.in_memory() as file:
        file["flow"] = h5py.SoftLink("/flow")
        file.flush()
        yield "h5 link to itself", file.id.get_file_image()
    with h5py.File.in_memory() as file:
        file.create_group("flow")
        file.flush()
        yield "h5 group", file.id.get_file_image()


def inflating_chunk() -> bytes:
    with h5py.File.in_memory() as file:
        shape, chunks = (64, 64, 2), (64, 64, 2)
        dataset = file.create_dataset("flow", shape, np.float32, chunks=chunks, compression="gzip")
        dataset.id.write_direct_chunk((0, 0, 0), zlib.compress(bytes(5 * 10**8), 1))
        file.flush()
        return file.id.get_file_image()


def video_cases(rng: np.random.Generator) -> Iterator[Case]:
    pictures = [rng.integers(0, 256, (16, 24, 3), dtype=np.uint8) for _ in range(4)]
    seeds = {"gif": animated_gif(pictures)}
    for name, codec, suffix in [
        ("mp4", "mp4v", ".mp4"),
        ("mjpeg avi", "MJPG", ".avi"),
        ("xvid avi", "XVID", ".avi"),
        ("ffv1 avi", "FFV1", ".avi"),
    ]:
        seeds[name] = written_video(pictures, codec, suffix)
    yield from mutants(rng, seeds, 24)
    yield "gif bomb", b"GIF89a" + b"\xff" * 4 + seeds["gif"][10:]
    avi = seeds["ffv1 avi"]
    size = struct.pack("<II", 24, 16)
    yield "avi bomb", avi.replace(size, struct.pack("<II", 60000, 60000))
    yield "playlist", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    yield "playlist within an avi", avi[:64] + b"#EXTM3U\nfile:///etc/passwd\n" + avi[64:]


def saved(picture: Image.Image, format: str, **options: object) -> bytes:
    stream = BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


def animated_gif(pictures: list[np.ndarray]) -> bytes:
    first, *others = (Image.fromarray(picture) for picture in pictures)
    return saved(first, "GIF", save_all=True, append_images=others, duration=100)


def written_video(pictures: list[np.ndarray], codec: str, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video{suffix}"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 10, (24, 16))
        for picture in pictures:
            writer.write(picture)
        writer.release()
        return path.read_bytes()


def png_bomb(width: int, height: int, depth: int = 8, color: int = 0) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(10**7)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def npy_header(shape: object) -> bytes:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text


def pickle_header() -> bytes:
    return (
        b"{'descr': '|O', 'fortran_order': False, 'shape': (1, 1, 2)}".ljust(60) + b"cos\nsystem\n"
    )


def zipped(member: bytes, method: int) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("uv.npy", member)
    return stream.getvalue()


def many_members() -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for index in range(5000):
            archive.writestr(f"{index}.npy", b"")
    return stream.getvalue()


def flo5(**options: object) -> bytes:
    with h5py.File.in_memory() as file:
        file.create_dataset("flow", **options)
        file.flush()
        return file.id.get_file_image()
