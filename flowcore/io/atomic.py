"""Files that are either there in full or not there at all."""

import os
import secrets
from pathlib import Path

__all__ = ["write_bytes"]


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write ``data`` in full, or leave the file as it was if there is an error.

    The bytes go to a draft in the same folder, which then takes the file's place in one step.

    Raises
    ------
    OSError
        The folder is missing, read-only or full; no draft is left behind.
    """
    path = Path(path)
    draft = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
