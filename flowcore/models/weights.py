"""Bringing weights in: public checkpoints recognized by their tensors, checked, converted, kept.

A checkpoint is a stranger's data: its size is limited before it is read, nothing in it is
executed, and every tensor must be there with the right shape, finite, and none beside them.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from safetensors.torch import load as load_safetensors

from flowcore.cost import format_bytes
from flowcore.errors import ConfigError, WeightsError
from flowcore.models.base import ModelCard
from flowcore.models.registry import describe, learnt_architectures, state_shapes
from flowcore.models.store import BUNDLED_FOLDER, NAME_PATTERN, save_weights, stored_weights

__all__ = [
    "MAX_CHECKPOINT_BYTES",
    "KnownFile",
    "Layout",
    "import_weights",
    "read_state",
    "register_layout",
]

MAX_CHECKPOINT_BYTES = 2**30

State: TypeAlias = dict[str, torch.Tensor]

_SCALAR = np._core.multiarray.scalar  # type: ignore[attr-defined]
_NUMPY_NUMBERS = [  # beside their tensors, many checkpoints hold a score as one of numpy's numbers
    _SCALAR,
    (_SCALAR, "numpy.core.multiarray.scalar"),  # its name before numpy 2
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("float64", "float32", "int64")),
]
_TAG_WORDS = re.compile(r"things|sintel|kitti|chairs|kubric|viper|c_t(?:_skht)?(?:_k)?(?:_v\d)?")


@dataclass(frozen=True)
class Layout:
    """The tensor names that one public implementation of an architecture uses.

    Parameters
    ----------
    name : str
        Of the implementation.
    architecture : str
        Ours.
    rename : callable
        From its state dict, wrappers and ``module.`` removed, to ours. It is offered every file
        there is, so it must pass over what it does not know.
    """

    name: str
    architecture: str
    rename: Callable[[State], State]


@dataclass(frozen=True)
class KnownFile:
    """What is known about a published file."""

    tag: str
    recipe: str = ""
    data: str = "not stated"
    licence: str = "not stated"


_LAYOUTS: list[Layout] = []
_KNOWN_FILES: dict[str, KnownFile] = {}


def register_layout(layout: Layout, known_files: Mapping[str, KnownFile] | None = None) -> None:
    """Let ``import_weights`` recognize a layout, and published files by their sha256."""
    _LAYOUTS.append(layout)
    _KNOWN_FILES.update(known_files or {})


def import_weights(
    data: bytes | str | Path, *, name: str | None = None, known: KnownFile | None = None
) -> ModelCard:
    """The card of the weights in a checkpoint, which are now in the user's weights folder.

    Parameters
    ----------
    data : bytes or path
        A ``.pth`` or ``.safetensors`` file of at most ``MAX_CHECKPOINT_BYTES``, in our layout or
        a registered public one, plain or under ``state_dict`` or ``model``. float16 and float64
        become float32.
    name : str, optional
        ``architecture.tag``; importing under a name again replaces what it named. If left out,
        the tag comes from the known file, the file's name, or is ``imported``.
    known : KnownFile, optional
        What is known about the file; looked up by its sha256 if left out.

    Raises
    ------
    WeightsError
        The file cannot be read, fits no architecture, or holds values that are not finite.
    ConfigError
        The name is malformed, names another architecture or bundled weights; or no name was
        given and the default one already names other weights.
    """
    if name is not None and not NAME_PATTERN.fullmatch(name):
        raise ConfigError(
            f"Weights are named architecture.tag in small letters, digits and _, got {name[:99]!r}."
        )
    content = _read(data)
    digest = hashlib.sha256(content).hexdigest()
    known = known or _KNOWN_FILES.get(digest, KnownFile(_tag_of(data)))
    tensors = _unwrap(_parse(content))
    layout = _recognize(tensors, name)
    target = name or f"{layout.architecture}.{known.tag}"
    _require_free(target, digest, may_replace=name is not None)
    origin = f"imported from the {layout.name} layout, file sha256 {digest}"
    save_weights(
        target,
        _convert(layout.rename(tensors), layout.architecture),
        num_params=describe(layout.architecture).num_params,
        recipe=f"{known.recipe}; {origin}" if known.recipe else origin,
        data=known.data,
        licence=known.licence,
    )
    return describe(target)


def read_state(data: bytes | str | Path, architecture: str) -> State:
    """The tensors of a checkpoint in our own layout, for one architecture and no other.

    Raises
    ------
    WeightsError
        The file cannot be read, is of another architecture, or holds values that are not finite.
    """
    tensors = _unwrap(_parse(_read(data)))
    faults = _faults(tensors, architecture)
    if faults:
        raise WeightsError(
            f"The file does not hold weights of {architecture}: {'; '.join(faults[:4])}."
        )
    return _convert(tensors, architecture)


def _tag_of(data: bytes | str | Path) -> str:
    found = None if isinstance(data, bytes) else _TAG_WORDS.search(Path(data).name.lower())
    return found.group() if found else "imported"


def _require_free(name: str, digest: str, *, may_replace: bool) -> None:
    if (BUNDLED_FOLDER / f"{name}.json").is_file():
        raise ConfigError(f"{name} names bundled weights; choose another tag.")
    stored = stored_weights().get(name)
    if stored and not may_replace and digest not in stored.weights.recipe:
        raise ConfigError(f"{name} already names other weights; give a name for these.")


def _read(data: bytes | str | Path) -> bytes:
    try:
        size = len(data) if isinstance(data, bytes) else Path(data).stat().st_size
        if size > MAX_CHECKPOINT_BYTES:
            raise WeightsError(
                f"The checkpoint has {format_bytes(size)}, "
                f"at most {format_bytes(MAX_CHECKPOINT_BYTES)} are read."
            )
        return data if isinstance(data, bytes) else Path(data).read_bytes()
    except OSError as error:
        raise WeightsError(f"The checkpoint cannot be read ({error.strerror}).") from error


def _parse(content: bytes) -> Any:
    """What a checkpoint holds, by its first bytes: safetensors, or torch's archive or pickle."""
    try:
        if content[8:9] == b"{":
            return load_safetensors(content)
        if content.startswith(b"PK"):
            _require_plain_archive(content)
        with torch.serialization.safe_globals(_NUMPY_NUMBERS):
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except Exception as error:  # whatever the decoder of a stranger's file stumbles over
        raise WeightsError(
            "The file is not a checkpoint that can be read safely; "
            "expected a state dict saved by torch or safetensors."
        ) from error


def _require_plain_archive(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAX_CHECKPOINT_BYTES:
        raise WeightsError(
            f"The checkpoint unpacks to {format_bytes(unpacked)}, "
            f"at most {format_bytes(MAX_CHECKPOINT_BYTES)} are read."
        )


def _unwrap(content: Any) -> State:
    """The state dict, out of its wrapper and without the ``module.`` of data-parallel training."""
    for wrapper in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not content:
        raise WeightsError("The file holds no state dict: expected names with tensors.")
    for key, tensor in content.items():
        if not isinstance(key, str) or not _is_plain(tensor):
            raise WeightsError(f"The entry {str(key)[:80]!r} of the file is not a plain tensor.")
    prefix = "module." if all(key.startswith("module.") for key in content) else ""
    return {key.removeprefix(prefix): tensor for key, tensor in content.items()}


def _is_plain(tensor: Any) -> bool:
    return (
        isinstance(tensor, torch.Tensor)
        and tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not tensor.is_quantized
        and not tensor.is_complex()
    )


def _recognize(tensors: State, name: str | None) -> Layout:
    """The layout that fits exactly."""
    own = [Layout("flowscope", architecture, dict) for architecture in learnt_architectures()]
    faults = {
        layout: _faults(layout.rename(tensors), layout.architecture) for layout in own + _LAYOUTS
    }
    fitting = [layout for layout, found in faults.items() if not found]
    for layout in fitting:
        if name is None or name.partition(".")[0] == layout.architecture:
            return layout
    if fitting:
        raise ConfigError(f"The file holds {fitting[0].architecture} weights, not those of {name}.")
    closest = min(faults, key=lambda layout: len(faults[layout]))
    shown = "; ".join(faults[closest][:4])
    num_more = len(faults[closest]) - 4
    raise WeightsError(
        f"The file fits no known architecture; closest is {closest.architecture} in the "
        f"{closest.name} layout, where {shown}{f'; and {num_more} more' if num_more > 0 else ''}."
    )


def _faults(state: State, architecture: str) -> list[str]:
    """What keeps a state dict from being that of an architecture, a phrase each."""
    expected = state_shapes(architecture)
    faults = [f"{key} is missing" for key in expected if key not in state]
    for key, tensor in state.items():
        if key not in expected:
            faults.append(f"{key[:80]} is unexpected")
            continue
        shape, dtype = expected[key]
        if tensor.shape != shape:
            faults.append(f"{key} is {tuple(tensor.shape)}, expected {tuple(shape)}")
        elif tensor.is_floating_point() != dtype.is_floating_point:
            faults.append(f"{key} holds {tensor.dtype}, expected {dtype}")
    return faults


def _convert(state: State, architecture: str) -> State:
    """The tensors in the net's own dtypes, each in memory of its own, all finite."""
    converted = {
        key: state[key].detach().to(dtype).clone(memory_format=torch.contiguous_format)
        for key, (_, dtype) in state_shapes(architecture).items()
    }
    for key, tensor in converted.items():
        if not tensor.isfinite().all():
            raise WeightsError(f"The tensor {key} holds values that are not finite in float32.")
    return converted
