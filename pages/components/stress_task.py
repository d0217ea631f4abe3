"""Corruptions and attacks for worker processes; free of streamlit, so that they start quickly."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from flowcore.types import FlowField, FramePair, PipelineConfig, UInt8Array

__all__ = [
    "corrupt_pair",
    "cross_attacks",
    "flow_alone",
    "map_vulnerability",
    "put_patch",
    "search_change",
    "sweep_corruptions",
    "try_defences",
]

TELL_SECONDS = 0.2  # between two reports of an attack, whose curve grows with every step

Report = Callable[..., bool]


def corrupt_pair(
    _report: Report, pair: FramePair, kind: str, severity: int, mode: Any, seed: int
) -> FramePair:
    """The pair with both frames corrupted."""
    from flowcore.robustness.corruptions.kinds import corrupt

    return corrupt(pair, kind, severity, mode=mode, seed=seed)


def sweep_corruptions(
    progress: Report,
    pair: FramePair,
    config: PipelineConfig,
    threads: int | None,
    kinds: Sequence[str],
    mode: Any,
    seed: int,
) -> Any:
    """The ``CorruptionPoint`` of one lane on the pair as it is and for each kind and severity."""
    from flowcore.robustness.corruptions.sweep import corruption_sweep

    return corruption_sweep(
        pair, config, kinds=kinds, mode=mode, seed=seed, threads=threads, progress=progress
    )


def search_change(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None, threat: Any
) -> Any:
    """What an attack made of the pair; its curve so far is handed over, and it can be stopped."""
    from flowcore.robustness.attacks.attack import attack  # brings scipy

    curve: list[Any] = []
    told, is_asked = 0.0, False

    def tell(step: Any) -> None:
        nonlocal told, is_asked
        curve.append(step)
        if time.monotonic() - told < TELL_SECONDS:
            return
        message = f"step {step.number} of {step.of}, best so far {step.best_damage:.2f} px"
        is_asked = progress(step.number / step.of, message, tuple(curve))
        told = time.monotonic()

    progress(0.0, "the clean flow, and a first step")
    return attack(
        pair, config, threat, threads=threads, progress=tell, should_stop=lambda: is_asked
    )


def cross_attacks(
    progress: Report,
    pair: FramePair,
    configs: Sequence[PipelineConfig],
    also_on: Sequence[PipelineConfig],
    threat: Any,
    threads: int | None,
) -> Any:
    """The ``TransferMatrix`` of lanes, and of others that are measured alone."""
    from flowcore.robustness.attacks.transfer import transfer_matrix

    return transfer_matrix(
        pair, configs, threat, also_on=also_on, threads=threads, progress=progress
    )


def try_defences(
    progress: Report,
    pair: FramePair,
    config: PipelineConfig,
    threads: int | None,
    threat: Any,
    names: Sequence[str],
) -> Any:
    """A ``DefenceRow`` for no defence and for each of these."""
    from flowcore.robustness.attacks.defences import compare_defences

    return compare_defences(pair, config, threat, names=names, threads=threads, progress=progress)


def map_vulnerability(
    progress: Report,
    pair: FramePair,
    config: PipelineConfig,
    threads: int | None,
    cell: int,
    frames: Any,
) -> Any:
    """The damage of a spot in each cell, (rows, cols)."""
    from flowcore.robustness.attacks.vulnerability import vulnerability_map

    return vulnerability_map(
        pair,
        config,
        cell=cell,
        frames=frames,
        threads=threads,
        progress=lambda share: progress(share, "one call for each cell"),
    )


def put_patch(
    _report: Report, pair: FramePair, patch: UInt8Array, place: tuple[float, ...], frames: Any
) -> FramePair:
    """The pair with a round patch on it; its place is x and y, px, angle and scale."""
    from flowcore.robustness.attacks.patch import place_patch

    x, y, angle, scale = place
    return place_patch(pair, patch, x, y, angle=angle, scale=scale, frames=frames)


def flow_alone(
    progress: Report, pair: FramePair, config: PipelineConfig, threads: int | None
) -> FlowField:
    """The flow of a lane, once, without times and measurements."""
    from flowcore.pipeline import run

    progress(0.0, "estimating the flow")
    return run(
        pair,
        config,
        threads=threads,
        progress=lambda done: progress(done, "estimating the flow"),
    ).flow
