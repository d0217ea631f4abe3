"""What every model offers, and what is known about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from flowcore.errors import ShapeMismatchError
from flowcore.ops.matching import MatchingLevel
from flowcore.types import Prediction

__all__ = ["FlowModel", "InParts", "Matcher", "ModelCard", "parts_of", "require_frames"]


class FlowModel(Protocol):
    """Anything that estimates flow from a pair of frames. It owns its normalization.

    One that has ``default_passes`` beside what is listed here takes ``passes`` too, and goes over
    the pair so often; see ``flowcore.models.passes``.
    """

    @property
    def stride(self) -> int:
        """Both sides of a frame must be multiples of it."""

    @property
    def min_size(self) -> int:
        """Both sides of a frame must be at least this many px."""

    @property
    def default_iterations(self) -> int | None:
        """Refinement steps unless told otherwise; None for a model that does not refine."""

    @property
    def maps(self) -> Mapping[str, str]:
        """What it can show of its inside beside its iterates: names, and what they mean."""

    def __call__(
        self,
        first: torch.Tensor,
        second: torch.Tensor,
        *,
        iterations: int | None = None,
        keep: frozenset[str] = frozenset(),
    ) -> Prediction:
        """The flow of frames ``(B, 3, H, W) float32``, RGB in [0, 1].

        ``keep`` names what the prediction is to hold beside the flow: ``iterates``, and any of
        ``maps``.

        Raises
        ------
        ShapeMismatchError
            The frames differ in size, or a side is too small or not a multiple of the stride.
        ConfigError
            Iterations below one, or asked of a model that does not refine.
        """

    def memory_bytes(self, height: int, width: int) -> int:
        """An estimate of the working memory that one pair of this size takes at its peak."""


@runtime_checkable
class Matcher(Protocol):
    """A model with a correlation or cost volume, which can show what it compares."""

    def matching(
        self, first: torch.Tensor, second: torch.Tensor, *, iterations: int | None = None
    ) -> tuple[MatchingLevel, ...]:
        """What the model compares of frames ``(1, 3, H, W)``, the most telling level first.

        Where lookups follow the flow so far, it is the last lookup that counts.
        """


@runtime_checkable
class InParts(Protocol):
    """A net of which some can learn while all else rests, such as the networks of a stack."""

    def parts(self) -> Mapping[str, nn.Module]:
        """What can learn by itself, by name."""


@dataclass(frozen=True)
class ModelCard:
    """What is known about a model, without loading it.

    Parameters
    ----------
    name : str
        ``architecture`` or ``architecture.tag``.
    family : str
        The file it is in: "classical", "raft".
    available : bool
        Whether it can be created now.
    is_learnt : bool
        Whether it has weights at all.
    num_params : int
        Learnt numbers; 0 for a classical method.
    num_bytes : int, optional
        Size of the weight file.
    default_iterations, default_passes : int, optional
        None for a model that does not refine, or that goes over a pair only once.
    source, licence, recipe, data : str
        The paper; terms of the weights (of the implementation, where there are none); how and on
        what it was trained.
    sha256 : str, optional
        Of the weight file, in hex.
    scores : mapping
        ``{"middlebury": {"epe": 0.36}}``.
    training : mapping
        Of weights trained by this project: command, seed, steps, hours, hardware, energy, known
        failures.
    """

    name: str
    family: str
    available: bool
    is_learnt: bool
    num_params: int
    num_bytes: int | None
    default_iterations: int | None
    default_passes: int | None = None
    source: str = ""
    licence: str = ""
    recipe: str = ""
    data: str = ""
    sha256: str | None = None
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The fields that the command line shows, ready for ``json.dumps``."""
        return {
            "name": self.name,
            "family": self.family,
            "available": self.available,
            "num_params": self.num_params,
            "num_bytes": self.num_bytes,
            "licence": self.licence,
            "source": self.source,
            "scores": {dataset: dict(scores) for dataset, scores in self.scores.items()},
        }


def parts_of(net: nn.Module) -> Mapping[str, nn.Module]:
    """The parts of a net that has any; one without learns as a whole."""
    return net.parts() if isinstance(net, InParts) else {}


def require_frames(model: FlowModel, first: torch.Tensor, second: torch.Tensor) -> None:
    """Check that a model can work on these frames.

    Raises
    ------
    ShapeMismatchError
        The frames differ in size, or a side is too small or not a multiple of the stride.
    """
    if first.shape != second.shape or first.ndim != 4 or first.shape[1] != 3:
        raise ShapeMismatchError(
            f"Expected two batches of frames of one shape (B, 3, H, W), "
            f"got {tuple(first.shape)} and {tuple(second.shape)}."
        )
    height, width = first.shape[-2:]
    for side in (height, width):
        if side % model.stride or side < model.min_size:
            raise ShapeMismatchError(
                f"The frames are {width}x{height} px (width x height); both sides must be "
                f"multiples of {model.stride} and at least {model.min_size}."
            )
