"""Weights on disk: two folders, one card beside each file, and loading that checks the hash.

Both folders hold ``NAME.safetensors`` and its card ``NAME.json``: the bundled one what ships with
the program, the user's one what was imported or trained.
"""

import dataclasses
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

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
    "StoredWeights",
    "load_state",
    "save_weights",
    "stored_weights",
    "user_folder",
]

BUNDLED_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "weights"
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

    Files without a readable card are passed over.
    """
    found = {}
    for folder in (BUNDLED_FOLDER, user_folder()):
        for path in sorted(folder.glob("*.json")):
            weights = _read_card(path)
            if weights is not None and path.with_suffix(".safetensors").is_file():
                found[path.stem] = StoredWeights(folder, weights)
    return found


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
        The user's if left out.
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
    folder = folder or user_folder()
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
        and isinstance(weights.training, dict)
        and all(isinstance(scores, dict) for scores in weights.scores.values())
    )
    return weights if is_sound else None
