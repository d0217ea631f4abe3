"""The classes that a net decodes beside its flow, as labels of both frames."""

import numpy as np

from flowcore.pipeline import run
from flowcore.types import FramePair, IntArray, PipelineConfig

__all__ = ["decoded_labels"]


def decoded_labels(
    pair: FramePair,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
) -> tuple[IntArray, IntArray]:
    """The most likely class of every pixel of the first and of the second frame, (H, W) int32.

    From 1; what the numbers mean is on the card of the weights. With them a pair without labels has
    errors by class.

    Raises
    ------
    ConfigError
        The model decodes no classes; and what ``flowcore.pipeline.run`` raises.
    """
    names = ("classes", "second_classes")
    estimate = run(pair, config, threads=threads, device=device, keep=frozenset(names))
    first, second = (np.asarray(1 + estimate.maps[name].argmax(2), np.int32) for name in names)
    return first, second
