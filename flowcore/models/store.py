"""Weights on disk: two folders, one card beside each file, and loading that checks the hash.

Both folders hold ``NAME.safetensors`` and its card ``NAME.json``: the bundled one what ships with
the program, the user's one what was imported or trained. What is imported has the beginning of its
hash in the file's name, and its card is written last: on a server others may be reading weights
while they are replaced, and the file that a card names never changes.
"""

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from flowcore.errors import WeightsError
from flowcore.io.atomic import write_bytes
from flowcore.places import ASSETS
from flowcore.types import Weights

__all__ = [
    "BUNDLED_FOLDER",
    "NAME_PATTERN",
    "StoredWeights",
    "broken_cards",
    "card_of",
    "load_state",
    "save_weights",
    "stored_weights",
    "user_folder",
]

BUNDLED_FOLDER = ASSETS / "weights"
NAME_PATTERN = re.compile(r"[a-z0-9_]{1,64}\.[a-z0-9_]{1,64}")  # architecture.tag


def user_folder() -> Path:
    """Where imported weights live: ``FLOWCORE_WEIGHTS``, else the user's data folder."""
    chosen = os.environ.get("FLOWCORE_WEIGHTS")
    return Path(chosen) if chosen else platformdirs.user_data_path("flowscope") / "weights"


class StoredWeights(NamedTuple):
    """A set of weights and the folder that holds it."""

    folder: Path
    weights: Weights


def stored_weights() -> dict[str, StoredWeights]:
    """All sets of weights by name; a set trained anew takes the place of a bundled one.

    What has no sound card is passed over, and told by ``broken_cards``.
    """
    return _scan()[0]


def broken_cards() -> list[str]:
    """A sentence for each card that is not read: what is wrong with it."""
    return _scan()[1]


def _scan() -> tuple[dict[str, StoredWeights], list[str]]:
    found, broken = {}, []
    for folder in (BUNDLED_FOLDER, user_folder()):
        for path in sorted(folder.glob("*.json")):
            try:
                found[path.stem] = StoredWeights(folder, card_of(path))
            except WeightsError as error:
                broken.append(f"{path.name} is passed over: {error}")
    return found, broken


def save_weights(
    name: str, state: dict[str, torch.Tensor], *, folder: Path | None = None, **facts: Any
) -> Weights:
    """Write weights and their card; what had that name in the folder is replaced.

    Parameters
    ----------
    name : str
        ``architecture.tag``.
    state : mapping of name to tensor
    folder : Path, optional
        The user's if left out; then the file's name holds its hash, for those who read meanwhile.
    **facts
        The fields of ``Weights`` other than file, sha256 and num_bytes.

    Raises
    ------
    WeightsError
        The folder cannot be written.
    """
    data = save(state)
    digest = hashlib.sha256(data).hexdigest()
    by_name, by_hash = _files_of(name, digest)
    file = by_name if folder else by_hash
    weights = Weights(file=file, sha256=digest, num_bytes=len(data), **facts)
    folder = folder or user_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replaced = stored_weights().get(name)
        write_bytes(folder / file, data)
        card = json.dumps(dataclasses.asdict(weights), indent=2)
        write_bytes(folder / f"{name}.json", card.encode())
        _remove_older(folder, name, keep=(file, replaced.weights.file if replaced else ""))
    except OSError as error:
        raise WeightsError(
            f"The weights folder cannot be written ({error.strerror}); "
            "FLOWCORE_WEIGHTS may name another folder."
        ) from error
    return weights


def _remove_older(folder: Path, name: str, *, keep: Sequence[str]) -> None:
    """Files of that name and another hash; the one just replaced may still be read."""
    for file in folder.glob(f"{name}-*.safetensors"):
        if file.name not in keep:
            file.unlink(missing_ok=True)


def load_state(folder: Path, weights: Weights) -> dict[str, torch.Tensor]:
    """The tensors of a weight file, its hash checked.

    Raises
    ------
    WeightsError
        The file is missing, or its content is not what the card says.
    """
    try:
        data = (folder / weights.file).read_bytes()
    except OSError as error:
        raise WeightsError(
            f"The weight file {weights.file} cannot be read ({error.strerror})."
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != weights.sha256:
        raise WeightsError(
            f"The weight file {weights.file} was altered: its sha256 begins with {found[:12]}, "
            f"expected {weights.sha256[:12]}."
        )
    try:
        return load(data)
    except SafetensorError as error:
        raise WeightsError(f"The weight file {weights.file} is not a safetensors file.") from error


@lru_cache(maxsize=1)
def _card_reader() -> TypeAdapter[Weights]:
    return TypeAdapter(Weights)


def card_of(path: Path) -> Weights:
    """The card in a file ``NAME.json``; it is read again only when it has changed.

    Raises
    ------
    WeightsError
        There is none, it is not sound, or it does not fit the weights beside it.
    """
    try:
        status = path.stat()
        weights = _read_card(path, (status.st_mtime_ns, status.st_ino, status.st_size))
        num_bytes = (path.parent / weights.file).stat().st_size
    except OSError as error:
        raise WeightsError(f"{Path(error.filename).name}: {error.strerror}.") from error
    if weights.num_bytes != num_bytes:
        raise WeightsError(
            f"it says that {weights.file} has {weights.num_bytes:,} bytes; it has {num_bytes:,}."
        )
    return weights


@lru_cache(maxsize=256)
def _read_card(path: Path, _version: tuple[int, ...]) -> Weights:
    """The card in a file, if it is sound and speaks of weights that may stand beside it."""
    if not NAME_PATTERN.fullmatch(path.stem):
        raise WeightsError("its name is not architecture.tag in small letters, digits and _.")
    try:
        weights = _card_reader().validate_json(path.read_bytes(), strict=True, extra="forbid")
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the card"
        raise WeightsError(f"{where}: {fault['msg']}.") from error
    names = _files_of(path.stem, weights.sha256)
    if weights.file not in names:
        raise WeightsError(f"it speaks of {weights.file[:80]}, not of {names[0]}.")
    return weights


def _files_of(name: str, sha256: str) -> tuple[str, str]:
    """How the file of some weights may be called: by their name, or by their name and hash."""
    return f"{name}.safetensors", f"{name}-{sha256[:16]}.safetensors"
