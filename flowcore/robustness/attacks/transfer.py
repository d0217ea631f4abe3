"""Attacks made on one lane and measured on another."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from flowcore import models
from flowcore.metrics.flow import epe
from flowcore.pipeline import run
from flowcore.robustness.attacks.attack import Attacked, attack
from flowcore.robustness.attacks.threat import METHODS, Threat
from flowcore.robustness.attacks.trail import one_of_many
from flowcore.types import FloatArray, FlowField, FramePair, PipelineConfig

__all__ = ["TransferMatrix", "can_attack", "flow_shift", "transfer_matrix"]


class TransferMatrix(NamedTuple):
    """Damage of attacks, by the lane they were made on and the lane that sees them.

    Parameters
    ----------
    damage : (N, N + M) float32
        Mean distance in px of a lane's flow of the saved frames from that of the clean ones. A row
        for each lane that was attacked, a column for each of them and for each that was measured
        alone; higher is worse.
    attacked : tuple of Attacked
        One for each row.
    """

    damage: FloatArray
    attacked: tuple[Attacked, ...]


def transfer_matrix(
    pair: FramePair,
    configs: Sequence[PipelineConfig],
    threat: Threat,
    *,
    also_on: Sequence[PipelineConfig] = (),
    queries: int = 1000,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> TransferMatrix:
    """Every lane attacked, and every attack measured on every lane.

    Parameters
    ----------
    pair : FramePair
    configs : sequence of PipelineConfig
        Classical methods too: where a lane has no gradient, a white-box threat of norm linf is
        carried out by the square attack, with so many ``queries``.
    threat : Threat
    also_on : sequence of PipelineConfig
        More lanes to measure on, such as those that this threat cannot attack (`can_attack`).
    queries : int
    threads, device : optional
    progress : callable
        Is told the finished share, 0..1, and what is being done.

    Raises
    ------
    FlowcoreError
        As of `attack`; a threat of another norm for a lane without gradient is among it.
    """
    lanes = [*configs, *also_on]
    clean = [run(pair, config, threads=threads, device=device).flow for config in lanes]
    attacked, rows = [], []
    for number, config in enumerate(configs):
        used = _feasible(threat, config, queries)
        tell = one_of_many(progress, number, len(configs), f"attacking {config.model}")
        made = attack(pair, config, used, threads=threads, device=device, progress=tell)
        attacked.append(made)
        rows.append(
            [
                flow_shift(made.pair, other, plain, threads=threads, device=device)
                for other, plain in zip(lanes, clean, strict=True)
            ]
        )
    return TransferMatrix(np.array(rows, np.float32), tuple(attacked))


def can_attack(config: PipelineConfig, threat: Threat) -> bool:
    """Whether `transfer_matrix` can attack a lane so, be it by queries.

    Examples
    --------
    >>> [can_attack(PipelineConfig("dis_fast"), Threat.of("pgd", norm=n)) for n in ("linf", "l2")]
    [True, False]
    """
    is_learnt = models.describe(config.model).is_learnt
    return is_learnt or not METHODS[threat.method].white_box or threat.norm == "linf"


def flow_shift(
    pair: FramePair,
    config: PipelineConfig,
    clean: FlowField,
    *,
    threads: int | None = None,
    device: str | None = None,
) -> float:
    """The mean distance in px of a lane's flow of a pair from a flow of its own."""
    return float(epe(run(pair, config, threads=threads, device=device).flow.uv, clean.uv).mean())


def _feasible(threat: Threat, config: PipelineConfig, queries: int) -> Threat:
    """The threat, by queries where the lane has no gradient and the norm allows it."""
    if models.describe(config.model).is_learnt or not METHODS[threat.method].white_box:
        return threat
    if threat.norm != "linf":
        return threat  # which the attack itself will refuse, in words
    return replace(threat, method="square", steps=queries)
