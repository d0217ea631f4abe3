"""Whether a gradient can be taken through a lane: what attribution and attacks ask first.

``flowcore.pipeline.predict`` is differentiable wherever its model is, from the frames that were
given to the flow on their own grid: blur, resize, chunks and padding included. It must be called
outside of ``torch.inference_mode``, which ``flowcore.pipeline.run`` enters.
"""

from torch import nn

from flowcore.budget import memory_needed
from flowcore.cost import available_memory, format_bytes
from flowcore.errors import ConfigError
from flowcore.models import FlowModel
from flowcore.types import PipelineConfig

__all__ = ["GRADIENT_MEMORY", "device_of", "has_gradient", "require_gradient"]

GRADIENT_MEMORY = 6
"""Times what an estimate takes, for what backpropagation keeps; measured."""


def has_gradient(model: FlowModel) -> bool:
    """Whether the flow of a model can be differentiated: nets can, classical methods cannot."""
    return isinstance(model, nn.Module)


def device_of(model: FlowModel) -> str:
    """The torch device that holds a model's weights; the processor where it has none."""
    weights = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    return "cpu" if weights is None else str(weights.device)


def require_gradient(
    model: FlowModel, size: tuple[int, int], config: PipelineConfig, *, pairs: int = 1
) -> None:
    """Check that a gradient through a lane can be had, before anything is allocated.

    Parameters
    ----------
    model : FlowModel
        What ``config.model`` names.
    size : (height, width)
        Of the frames.
    config : PipelineConfig
    pairs : int
        That are differentiated at once.

    Raises
    ------
    ConfigError
        The model has no gradient, or the machine too little memory.
    """
    if not has_gradient(model):
        raise ConfigError(f"{config.model} learns nothing, so it has no gradient.")
    needed = GRADIENT_MEMORY * pairs * memory_needed(model, size, config)
    if needed > (free := available_memory(device_of(model))):
        raise ConfigError(
            f"A gradient through {config.model} takes about {format_bytes(needed)} at this size, "
            f"{format_bytes(free)} are free. Use a smaller scale or smaller frames."
        )
