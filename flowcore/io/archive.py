"""ZIP files of strangers, unpacked into a folder of our own."""

import re
import shutil
import stat
import zipfile
from io import BytesIO
from pathlib import Path, PurePosixPath

from flowcore.errors import InputError
from flowcore.io.guard import naming_damage

__all__ = ["unpack_zip"]

MAX_FILES = 20_000
MAX_BYTES = 2 * 10**9
MAX_RATIO = 200  # frames and flows that are packed well take a tenth; a bomb takes a thousandth
_MAX_DEPTH = 10
_NAME = re.compile(r"\w[\w .,+()-]{0,99}")  # of a file or folder: no dot first, nothing odd


def unpack_zip(data: bytes, folder: Path) -> int:
    """Unpack a ZIP into an empty folder; gives the number of bytes of its files.

    Names are checked before anything is written: no way out of the folder, no links, nothing
    hidden but what systems add by themselves, which is left out. Sizes are bounded by what the
    archive declares, and what a file really holds may not be more.

    Raises
    ------
    InputError
        No ZIP, damaged or encrypted; a name that is not taken; more than 20,000 files or 2 GB; or
        files that are over 200 times smaller than what they hold.
    """
    with naming_damage("The ZIP", InputError), zipfile.ZipFile(BytesIO(data)) as archive:
        members = [info for info in archive.infolist() if not _is_left_out(info)]
        _require_bounds(members)
        for info in members:
            target = folder / _checked(info)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as packed, target.open("xb") as file:
                shutil.copyfileobj(packed, file)  # zipfile stops at the size that is declared
    return sum(info.file_size for info in members)


def _is_left_out(info: zipfile.ZipInfo) -> bool:
    """Folders come with their files; macOS and Windows add notes of their own."""
    path = PurePosixPath(info.filename)
    return info.is_dir() or "__MACOSX" in path.parts or path.name in (".DS_Store", "Thumbs.db")


def _require_bounds(members: list[zipfile.ZipInfo]) -> None:
    if not members:
        raise InputError("The ZIP holds no file.")
    if len(members) > MAX_FILES:
        raise InputError(f"The ZIP holds {len(members)} files, more than the {MAX_FILES} taken.")
    total = sum(info.file_size for info in members)
    if total > MAX_BYTES:
        raise InputError(
            f"The ZIP holds {total / 1e9:.1f} GB, more than the {MAX_BYTES / 1e9:.0f} GB taken."
        )
    packed = sum(info.compress_size for info in members)
    if total > MAX_RATIO * max(packed, 1) and total > 10**6:
        raise InputError(
            f"The ZIP holds {total / max(packed, 1):.0f} times its size, more than the {MAX_RATIO} "
            "times taken: no frames are packed so well."
        )


def _checked(info: zipfile.ZipInfo) -> PurePosixPath:
    """The path of a member below the folder."""
    path = PurePosixPath(info.filename)
    shown = info.filename[:60]
    if stat.S_ISLNK(info.external_attr >> 16):
        raise InputError(f"The ZIP holds a link, {shown!r}: only files are taken.")
    if len(path.parts) > _MAX_DEPTH or not all(_NAME.fullmatch(part) for part in path.parts):
        raise InputError(f"The ZIP holds the name {shown!r}, which is not taken.")
    return path
