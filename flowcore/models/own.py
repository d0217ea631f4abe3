"""Models of one's own: a builder in a Python file, or of an installed package.

Three ways in, each the operator's choice and none of them open to a visitor of the app:
``bring("path/to/file.py:build")`` (the command line's ``--model``), the environment's
``FLOWCORE_MODELS`` (several separated by commas; worker processes read it too), and the entry-point
group ``flowcore.models`` of packages. See ``docs/own-models.md``.
"""

import hashlib
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from flowcore.errors import ModelError
from flowcore.types import Prediction

__all__ = ["OwnModel", "bring", "is_path", "own_models", "paths_in_environment"]

_PATH = re.compile(r"(?P<file>.+\.py):(?P<builder>[A-Za-z_]\w*)")
_brought: list[str] = []


@dataclass(frozen=True)
class OwnModel:
    """A builder that is none of ours.

    Parameters
    ----------
    name : str
        As the model is called: the entry point's name, or ``path/to/file.py:build``.
    load : callable
        Gives the builder.
    source : str
        Where it comes from, for people.
    digest : str
        sha256 of its code, or of its package's version: results are kept under it.
    """

    name: str
    load: Callable[[], Callable[[], Any]] = field(compare=False)
    source: str
    digest: str

    def build(self) -> Any:
        """The model, its protocol checked.

        Raises
        ------
        ModelError
            It cannot be built, or lacks a part of what ``FlowModel`` promises; the message says
            which.
        """
        try:
            model = self.load()()
        except ModelError:
            raise
        except Exception as error:  # whatever a stranger's code stumbles over
            raise ModelError(
                f"{self.name} cannot be built: {type(error).__name__}: {error}"
            ) from error
        if isinstance(model, torch.nn.Module):
            model.eval()
        _require_protocol(self.name, model)
        return model


def is_path(name: str) -> bool:
    """Whether a model's name is ``path/to/file.py:build``."""
    return _PATH.fullmatch(name) is not None


def bring(path: str) -> None:
    """Let ``path/to/file.py:build`` be a model's name from now on, in this process.

    Raises
    ------
    ModelError
        There is no such file, or the name is of another form.
    """
    _of_path(path)
    if path not in _brought:
        _brought.append(path)


def own_models() -> Mapping[str, OwnModel]:
    """All models of one's own by name.

    Raises
    ------
    ModelError
        ``FLOWCORE_MODELS`` names a file that is not there, or two packages give one name.
    """
    paths = (*paths_in_environment(), *_brought)
    return _of_packages() | {path: _of_path(path) for path in paths}


def paths_in_environment() -> list[str]:
    """What ``FLOWCORE_MODELS`` names."""
    named = os.environ.get("FLOWCORE_MODELS", "").split(",")
    return [part.strip() for part in named if part.strip()]


@lru_cache(maxsize=1)
def _of_packages() -> dict[str, OwnModel]:
    found: dict[str, OwnModel] = {}
    for entry in entry_points(group="flowcore.models"):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
        if entry.name in found:
            raise ModelError(
                f"Two packages give a model named {entry.name}: {found[entry.name].source} and "
                f"{package}. Uninstall one of them."
            )
        digest = hashlib.sha256(f"{package} {entry.value}".encode()).hexdigest()
        found[entry.name] = OwnModel(entry.name, entry.load, package, digest)
    return found


def _of_path(name: str) -> OwnModel:
    match = _PATH.fullmatch(name)
    if match is None:
        raise ModelError(f"A model of one's own is path/to/file.py:build, got {name[:99]!r}.")
    file = Path(match["file"])
    try:
        code = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror}).") from error

    def load() -> Callable[[], Any]:
        module = ModuleType(file.stem)
        module.__file__ = str(file)
        # What the digest is of: an import may take a compiled file of what stood here a moment ago.
        exec(compile(code, file, "exec"), vars(module))  # noqa: S102  the operator's own code
        builder = getattr(module, match["builder"], None)
        if not callable(builder):
            raise ModelError(f"{file} has no function {match['builder']}.")
        return builder  # type: ignore[no-any-return]

    return OwnModel(name, load, str(file), hashlib.sha256(code).hexdigest())


def _require_protocol(name: str, model: Any) -> None:
    """Check the parts of a ``FlowModel``, and try it on a frame that is no square."""

    def refuse(fault: str) -> ModelError:
        return ModelError(f"{name} is no flow model: {fault} See docs/own-models.md.")

    for part in ("stride", "min_size"):
        value = getattr(model, part, None)
        if not isinstance(value, int) or value < 1:
            raise refuse(f"{part} must be a whole number of 1 or more, got {value!r}.")
    if not isinstance(iterations := getattr(model, "default_iterations", 0), int | None):
        raise refuse(f"default_iterations must be a number or None, got {iterations!r}.")
    if iterations == 0:
        raise refuse("it has no default_iterations (None, if it does not refine).")
    if not callable(getattr(model, "memory_bytes", None)):
        raise refuse("it has no memory_bytes(height, width).")
    side = model.stride * math.ceil(model.min_size / model.stride)
    size = (side, side + model.stride)
    frames = torch.rand(2, 1, 3, *size, generator=torch.Generator().manual_seed(0))
    try:
        with torch.inference_mode():
            made = model(*frames, iterations=None, keep=frozenset())
    except Exception as error:  # whatever a stranger's code stumbles over
        text = f"{type(error).__name__}: {error}"
        raise refuse(f"on frames of {size[1]}x{size[0]} px it fails with {text}.") from error
    if not isinstance(made, Prediction):
        raise refuse(f"it returns {type(made).__name__}, not a flowcore.types.Prediction.")
    if made.flow.shape != (1, 2, *size) or made.flow.dtype != torch.float32:
        raise refuse(
            f"its flow of frames {(1, 3, *size)} is {tuple(made.flow.shape)} {made.flow.dtype}, "
            f"expected {(1, 2, *size)} float32."
        )
