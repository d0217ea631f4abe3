"""How a flow comes about step by step: updates, and where it stops changing."""

from collections.abc import Sequence

import numpy as np

from flowcore.errors import ConfigError, InputError
from flowcore.metrics.flow import epe
from flowcore.types import FloatArray, IntArray

__all__ = ["settled_share", "stopping_point", "update_size"]


def update_size(iterates: Sequence[FloatArray], stage: int) -> FloatArray:
    """How far a stage moved each vector, px, ``(H, W)``; the first one starts from no motion.

    Parameters
    ----------
    iterates : sequence of (H, W, 2)
        The flow after each stage, px.
    stage : int
        From 0.

    Raises
    ------
    InputError
        There is no such stage.

    Examples
    --------
    >>> flows = [np.array([[[3.0, 4.0]]]), np.array([[[3.0, 5.0]]])]
    >>> [update_size(flows, stage).item() for stage in (0, 1)]
    [5.0, 1.0]
    """
    if not 0 <= stage < len(iterates):
        raise InputError(f"There is no stage {stage} of {len(iterates)}, counted from 0.")
    before = iterates[stage - 1] if stage else np.zeros_like(iterates[0])
    return epe(iterates[stage], before)


def stopping_point(iterates: Sequence[FloatArray], *, tolerance: float) -> IntArray:
    """The stage from which on each vector stays within ``tolerance`` px of the final one.

    Parameters
    ----------
    iterates : sequence of (H, W, 2)
        The flow after each stage, px; the last one is final.
    tolerance : float
        px.

    Returns
    -------
    (H, W) int32
        From 0; the last stage at most. A vector that comes near, leaves and comes back has not
        stopped before its return.

    Raises
    ------
    InputError
        No stages.
    ConfigError
        A tolerance below 0 px.

    Examples
    --------
    >>> flows = [np.array([[[u, 0.0]]]) for u in (4.9, 3.0, 5.2, 5.0)]
    >>> stopping_point(flows, tolerance=0.5).item()
    2
    """
    if not iterates:
        raise InputError("A stopping point needs at least one stage, got none.")
    if not tolerance >= 0:
        raise ConfigError(f"The tolerance must be 0 px or more, got {tolerance}.")
    stopped = np.zeros(iterates[-1].shape[:2], np.int32)
    for stage, flow in enumerate(iterates[:-1]):
        stopped[epe(flow, iterates[-1]) > tolerance] = stage + 1
    return stopped


def settled_share(stopped: IntArray, num_stages: int) -> list[float]:
    """Percent of the pixels that have stopped by the end of each stage.

    Examples
    --------
    >>> settled_share(np.array([[0, 2], [2, 1]]), 3)
    [25.0, 50.0, 100.0]
    """
    counts = np.bincount(stopped.ravel(), minlength=num_stages)[:num_stages]
    return [float(share) for share in 100 * counts.cumsum() / stopped.size]
