"""The flow of a lane after each of its stages, and the curves over them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from flowcore import models
from flowcore.cost import available_memory, format_bytes
from flowcore.errors import ConfigError
from flowcore.metrics.flow import mean_epe
from flowcore.metrics.stages import settled_share, stopping_point, update_size
from flowcore.pipeline import run
from flowcore.types import FloatArray, FlowField, FramePair, IntArray, PipelineConfig

__all__ = ["Refinement", "is_learnt", "refine"]

MAX_KEPT_BYTES = 2**27  # of the iterates of one lane; beyond, pixels are left out
_NUM_STAGES = 8  # that memory is asked for, where a model does not refine in equal steps


@dataclass(frozen=True, eq=False)
class Refinement:
    """What a model made of a pair, stage by stage.

    Parameters
    ----------
    names : tuple of str
        Of the stages: "iteration 1", "iteration 2", or the model's own.
    iterates : tuple of (h, w, 2) float32
        The flow after each stage, in px of the pair; every ``thin``-th pixel along each axis.
    thin : int
        1 unless the pair is so large that keeping every pixel would take too much memory.
    epe : tuple of float
        Mean end-point error after each stage over all pixels with truth, px; empty without truth.
    update : tuple of float
        Mean length of the change that each stage made, over all pixels, px.
    """

    names: tuple[str, ...]
    iterates: tuple[FloatArray, ...]
    thin: int
    epe: tuple[float, ...]
    update: tuple[float, ...]
    _stopped: dict[float, IntArray] = field(default_factory=dict, init=False, repr=False)

    def stopping_point(self, tolerance: float) -> IntArray:
        """Of each pixel kept; computed once. See `flowcore.metrics.stages.stopping_point`."""
        if tolerance not in self._stopped:
            self._stopped[tolerance] = stopping_point(self.iterates, tolerance=tolerance)
        return self._stopped[tolerance]

    def settled_share(self, tolerance: float) -> list[float]:
        """Percent of the pixels kept that have stopped by the end of each stage."""
        return settled_share(self.stopping_point(tolerance), len(self.names))

    def truth(self, pair: FramePair) -> FlowField | None:
        """The pair's truth at the pixels that are kept."""
        if pair.truth is None:
            return None
        kept = (slice(None, None, self.thin),) * 2
        return FlowField(pair.truth.uv[kept], pair.truth.valid[kept])


def is_learnt(config: PipelineConfig) -> bool:
    """Whether the lane's model has weights: only such models have stages, and gradients."""
    return config.model in models.available() and models.describe(config.model).is_learnt


def refine(
    pair: FramePair,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    max_bytes: int = MAX_KEPT_BYTES,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> Refinement:
    """The flow of one lane after each stage; none where the model has no stages.

    Parameters
    ----------
    pair : FramePair
    config : PipelineConfig
    threads : int, optional
    max_bytes : int
        What the iterates may take in memory.
    progress : callable
        Is told the finished share, 0..1, and what is being done.

    Raises
    ------
    ConfigError
        The memory of this machine does not hold all stages at once; and as of
        ``flowcore.pipeline.run``.
    """
    _require_memory_for_stages(pair.size, config)
    progress(0.0, "keeping every stage")
    estimate = run(
        pair,
        config,
        threads=threads,
        keep=frozenset({"iterates"}),
        progress=lambda done: progress(0.8 * done, "keeping every stage"),
    )
    progress(0.8, "measuring every stage")
    iterates = estimate.iterates
    count = len(iterates)
    size = sum(flow.nbytes for flow in iterates)
    thin = max(1, math.ceil(math.sqrt(size / max_bytes)))
    truth = pair.truth
    return Refinement(
        estimate.stages or tuple(f"iteration {number}" for number in range(1, count + 1)),
        tuple(np.ascontiguousarray(flow[::thin, ::thin]) for flow in iterates),
        thin,
        () if truth is None else tuple(mean_epe(flow, truth.uv, truth.valid) for flow in iterates),
        tuple(float(update_size(iterates, stage).mean()) for stage in range(count)),
    )


def _require_memory_for_stages(size: tuple[int, int], config: PipelineConfig) -> None:
    """Stages are held twice for a moment, as tensors and as arrays."""
    card = models.describe(config.model)
    count = config.iterations or card.default_iterations or _NUM_STAGES
    count *= config.passes or card.default_passes or 1
    needed, free = 2 * count * 8 * math.prod(size), available_memory()
    if needed > free:
        raise ConfigError(
            f"Keeping {count} stages of {size[1]}x{size[0]} px takes about "
            f"{format_bytes(needed)}, {format_bytes(free)} are free. Use smaller frames or fewer "
            "iterations."
        )
