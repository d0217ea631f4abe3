"""Checkpoints: everything that a run needs to go on, written in one piece."""

import io
from pathlib import Path
from typing import Any, Protocol

import torch

from flowcore.errors import ConfigError
from flowcore.io.atomic import write_bytes

__all__ = ["Settings", "load_checkpoint", "require_writable", "save_checkpoint"]


class Settings(Protocol):
    """What a checkpoint must know of a run's config."""

    @property
    def model(self) -> str:
        """The architecture."""

    @property
    def digest(self) -> str:
        """Of every setting that shapes the run."""


def save_checkpoint(path: Path, config: Settings, state: dict[str, Any]) -> None:
    """Write the state of a run; what had been there stays until the new file is complete.

    Raises
    ------
    ConfigError
        The disk is full or the folder is gone.
    """
    buffer = io.BytesIO()
    torch.save({"model": config.model, "config": config.digest, **state}, buffer)
    try:
        write_bytes(path, buffer.getvalue())
    except OSError as error:
        raise ConfigError(
            f"The checkpoint {path} cannot be written ({error.strerror}); "
            "the one from before is kept."
        ) from error


def load_checkpoint(path: Path, config: Settings) -> dict[str, Any]:
    """The state of a run under this very config.

    Raises
    ------
    ConfigError
        The file cannot be read, or belongs to another net or other settings.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever the decoder of a damaged file stumbles over
        raise ConfigError(f"The checkpoint {path} cannot be read.") from error
    if not isinstance(state, dict) or not {"model", "config"} <= state.keys():
        raise ConfigError(f"{path} is not a checkpoint of a training run.")
    if state["model"] != config.model:
        raise ConfigError(
            f"The checkpoint {path} is of {state['model']}, the config is for {config.model}."
        )
    if state["config"] != config.digest:
        raise ConfigError(
            f"The checkpoint {path} was made under other settings; resume with the config that it "
            "began with, or start from its weights with --init."
        )
    return state


def require_writable(folder: Path) -> None:
    """Make the folder of a run.

    Raises
    ------
    ConfigError
        Nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink(missing_ok=True)  # another process of the run may have been quicker
    except OSError as error:
        raise ConfigError(f"The folder {folder} cannot be written ({error.strerror}).") from error
