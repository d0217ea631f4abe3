"""What is attacked: frames in, flow out. The seam between attacks and everything that makes flow.

A victim is a lane, or a lane behind a defence. Attacks know it by its ``flow`` alone, and take a
gradient through it where ``has_gradient`` says that there is one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch

from flowcore.gradient import device_of, has_gradient
from flowcore.hardware import chosen_device
from flowcore.models import FlowModel
from flowcore.pipeline import load_model, predict
from flowcore.types import PipelineConfig

__all__ = ["Estimate", "Victim", "victim_of"]

Estimate: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Victim:
    """A way from frames to flow.

    Parameters
    ----------
    config : PipelineConfig
        The lane.
    model : FlowModel
        What the lane's model names.
    flow : callable
        From two batches of frames ``(B, 3, H, W)`` in [0, 1] to flows ``(B, 2, H, W)`` in px.
    device : str
        Where the frames must be.
    runs : int
        Times that the model is run for one flow.
    """

    config: PipelineConfig
    model: FlowModel
    flow: Estimate
    device: str
    runs: int = 1

    @property
    def has_gradient(self) -> bool:
        """Whether the flow can be differentiated by the frames."""
        return has_gradient(self.model)


def victim_of(
    config: PipelineConfig, *, model: FlowModel | None = None, device: str | None = None
) -> Victim:
    """A lane as it is, to be attacked.

    Parameters
    ----------
    config : PipelineConfig
    model : FlowModel, optional
        Another model than the config's.
    device : str, optional
        The GPU where there is one if left out; of a given model where it is.

    Raises
    ------
    ModelError
        The model cannot be had.
    """
    used = load_model(config.model, chosen_device(device)) if model is None else model

    def flow(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return predict(used, first, second, config).flow

    return Victim(config, used, flow, device_of(used))
