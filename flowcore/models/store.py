"""Weights on disk: two folders, one card beside each file, and loading that checks the hash.

The bundled folder ships with the program and is described in code, by ``@register``. The user's
folder holds what was imported: ``NAME.safetensors`` and its card ``NAME.json``.
"""

import dataclasses
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import platformdirs
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from flowcore.errors import WeightsError
from flowcore.io.atomic import write_bytes
from flowcore.types import Weights

__all__ = [
    "BUNDLED_FOLDER",
    "NAME_PATTERN",
    "imported_weights",
    "load_state",
    "save_weights",
    "user_folder",
]

BUNDLED_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "weights"
NAME_PATTERN = re.compile(r"[a-z0-9_]{1,64}\.[a-z0-9_]{1,64}")  # architecture.tag


def user_folder() -> Path:
    """Where imported weights live: ``FLOWCORE_WEIGHTS``, else the user's data folder."""
    chosen = os.environ.get("FLOWCORE_WEIGHTS")
    return Path(chosen) if chosen else platformdirs.user_data_path("flowscope") / "weights"


def imported_weights() -> dict[str, Weights]:
    """The weights in the user's folder by name; files without a readable card are passed over."""
    found = {}
    for path in sorted(user_folder().glob("*.json")):
        weights = _read_card(path)
        if weights is not None and path.with_suffix(".safetensors").is_file():
            found[path.stem] = weights
    return found


def save_weights(name: str, state: dict[str, torch.Tensor], **facts: Any) -> Weights:
    """Write weights and their card to the user's folder; what had that name is replaced.

    Parameters
    ----------
    name : str
        ``architecture.tag``.
    state : mapping of name to tensor
    **facts
        The fields of ``Weights`` other than file, sha256 and num_bytes.

    Raises
    ------
    WeightsError
        The folder cannot be written.
    """
    data = save(state)
    weights = Weights(
        file=f"{name}.safetensors",
        sha256=hashlib.sha256(data).hexdigest(),
        num_bytes=len(data),
        **facts,
    )
    folder = user_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / weights.file, data)
        card = json.dumps(dataclasses.asdict(weights), indent=2)
        write_bytes(folder / f"{name}.json", card.encode())
    except OSError as error:
        raise WeightsError(
            f"The weights folder cannot be written ({error.strerror}); "
            "FLOWCORE_WEIGHTS may name another folder."
        ) from error
    return weights


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


def _read_card(path: Path) -> Weights | None:
    """The card, or None if it is not one that ``save_weights`` could have written."""
    if not NAME_PATTERN.fullmatch(path.stem):
        return None
    try:
        weights = Weights(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    is_sound = (
        weights.file == f"{path.stem}.safetensors"
        and isinstance(weights.sha256, str)
        and isinstance(weights.num_params, int)
        and isinstance(weights.num_bytes, int)
        and all(isinstance(text, str) for text in (weights.recipe, weights.data, weights.licence))
        and isinstance(weights.scores, dict)
        and all(isinstance(scores, dict) for scores in weights.scores.values())
    )
    return weights if is_sound else None
