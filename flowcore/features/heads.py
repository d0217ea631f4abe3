"""What a net says beside its flow: the classes of both frames, and what is occluded."""

from dataclasses import dataclass

import numpy as np

from flowcore import models
from flowcore.data.classes import CLASS_SETS, MAX_CLASSES
from flowcore.pipeline import run
from flowcore.types import FloatArray, FramePair, IntArray, PipelineConfig

__all__ = ["Heads", "names_with_heads", "read_heads"]


@dataclass(frozen=True, eq=False)
class Heads:
    """What the heads of a net make of a pair.

    Parameters
    ----------
    labels, second_labels : (H, W) int32
        The most likely class of every pixel of the first and of the second frame, from 1; what the
        numbers mean is on the card of the weights.
    occlusion : (H, W) float32
        How likely a pixel of the first frame is not visible in the second, 0..1.
    """

    labels: IntArray
    second_labels: IntArray
    occlusion: FloatArray


def names_with_heads() -> list[str]:
    """The models that are here and decode classes of a set that is known, sorted."""
    cards = [card for card in models.catalog() if card.available]
    return [card.name for card in cards if card.training.get("classes") in CLASS_SETS]


def read_heads(
    pair: FramePair,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
) -> Heads:
    """What the heads of the lane's net make of a pair.

    With its labels a pair that has none has errors by class.

    Raises
    ------
    ConfigError
        The model has no such heads; and what ``flowcore.pipeline.run`` raises.
    """
    names = ("classes", "second_classes", "occlusion")
    maps = run(pair, config, threads=threads, device=device, keep=frozenset(names)).maps
    known = CLASS_SETS.get(models.describe(config.model).training.get("classes", ""))
    num_classes = len(known.classes) if known else MAX_CLASSES  # the other slots never learnt
    first, second = (
        np.asarray(1 + maps[name][..., :num_classes].argmax(2), np.int32) for name in names[:2]
    )
    likely = 1 / (1 + np.exp(-np.clip(maps["occlusion"][..., 0], -30, 30)))
    return Heads(first, second, np.asarray(likely, np.float32))
