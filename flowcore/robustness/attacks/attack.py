"""An attack from beginning to end: the frames it leaves, and how far the flow went."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import torch

from flowcore.errors import ConfigError, DivergedError
from flowcore.hardware import use_threads
from flowcore.ops.convert import flow_to_array, frame_to_tensor
from flowcore.robustness.attacks.gradient import projected_gradient
from flowcore.robustness.attacks.patch import train_patch
from flowcore.robustness.attacks.pcfa import pcfa
from flowcore.robustness.attacks.pixels import few_pixels
from flowcore.robustness.attacks.problem import Problem, problem_of
from flowcore.robustness.attacks.queries import square
from flowcore.robustness.attacks.threat import METHODS, Method, Threat
from flowcore.robustness.attacks.trail import Candidate, Step, Stopped, Trail
from flowcore.robustness.attacks.victim import Victim, victim_of
from flowcore.types import FloatArray, FlowField, FramePair, PipelineConfig, UInt8Array

__all__ = [
    "SEARCHES",
    "Attacked",
    "attack",
    "attack_victim",
    "rounded_towards",
    "universal_attack",
]

_Search: TypeAlias = Callable[[Problem, Trail, torch.Tensor | None], None]

SEARCHES: Mapping[Method, _Search] = MappingProxyType(
    {
        "fgsm": projected_gradient,
        "ifgsm": projected_gradient,
        "pgd": projected_gradient,
        "pcfa": pcfa,
        "patch": train_patch,
        "pixels": few_pixels,
        "square": square,
    }
)
_WHOLE = 1e-4  # gray levels; a change that is so near to a whole one is that


@dataclass(frozen=True, eq=False)
class Attacked:
    """What an attack made of a pair.

    Parameters
    ----------
    threat : Threat
    config : PipelineConfig
        The lane that was attacked.
    pair : FramePair
        The attacked frames in 8 bits, every value rounded towards the clean one; what is known of
        the motion stays.
    first, second : (H, W, 3) float32
        The attacked frames in [0, 1] before they were rounded.
    made : tensor
        What makes them, to start another attack from: a change ``(K, 3, H, W)``, a patch
        ``(3, D, D)``, or pixels ``(K, N, 5)``.
    clean, flow, saved_flow : FlowField
        The victim's flow of the clean frames, of the attacked ones, and of those in 8 bits.
    damage, saved_damage : float
        Mean distance in px of the latter two from the clean flow; higher is worse.
    gain, saved_gain : float
        What the threat counts, px: the damage, or how much nearer to the target they are.
    curve : tuple of Step
        How it came to this; means over all pairs of a universal attack.
    is_stopped : bool
        Told to stop before its last step; the best so far is here.
    seconds : float
        Of the whole attack.
    """

    threat: Threat
    config: PipelineConfig
    pair: FramePair
    first: FloatArray
    second: FloatArray
    made: torch.Tensor
    clean: FlowField
    flow: FlowField
    saved_flow: FlowField
    damage: float
    saved_damage: float
    gain: float
    saved_gain: float
    curve: tuple[Step, ...]
    is_stopped: bool
    seconds: float

    @property
    def patch(self) -> UInt8Array | None:
        """The trained patch ``(D, D, 3)``; None of other attacks."""
        if self.threat.norm != "patch":
            return None
        return np.ascontiguousarray((255 * self.made).round().byte().permute(1, 2, 0).cpu())


def attack(
    pair: FramePair,
    config: PipelineConfig,
    threat: Threat,
    *,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[Step], None] = lambda step: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Attacked:
    """The worst change of a pair that an attack finds for a lane.

    Parameters
    ----------
    pair : FramePair
    config : PipelineConfig
    threat : Threat
    threads, device : optional
        As of ``flowcore.pipeline.run``.
    progress : callable
        Is told every `Step`, the first one before anything is optimized.
    should_stop : callable
        Is asked after every step; the best so far is kept.

    Raises
    ------
    ConfigError
        A method without gradient under a white-box attack, a target of another size, a patch that
        is larger than the frame, or too little memory.
    ModelError
        The model cannot be had.
    DivergedError
        The clean flow is not finite.
    """
    victim = victim_of(config, device=device)
    return attack_victim(
        pair, victim, threat, threads=threads, progress=progress, should_stop=should_stop
    )


def universal_attack(
    pairs: Sequence[FramePair],
    config: PipelineConfig,
    threat: Threat,
    *,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[Step], None] = lambda step: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Attacked]:
    """One change, or one patch, for all pairs of a set; they are of one size.

    Raises
    ------
    ConfigError
        As of `attack`; or a threat that is about one pair: few pixels, a change of variables.
    """
    if len(pairs) > 1 and (threat.method == "pixels" or threat.box == "tanh"):
        what = "Few pixels are sought" if threat.method == "pixels" else "Variables are changed"
        raise ConfigError(f"{what} for one pair; choose another attack or clip for a set of them.")
    victim = victim_of(config, device=device)
    return _attack(pairs, victim, threat, None, threads, progress, should_stop)


def attack_victim(
    pair: FramePair,
    victim: Victim,
    threat: Threat,
    *,
    start: torch.Tensor | None = None,
    threads: int | None = None,
    progress: Callable[[Step], None] = lambda step: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Attacked:
    """As `attack`, on any victim, such as a lane behind a defence.

    ``start`` is what another attack with the same budget made (`Attacked.made`); it is the first
    candidate, so that the result is no weaker.
    """
    (attacked,) = _attack([pair], victim, threat, start, threads, progress, should_stop)
    return attacked


def _attack(
    pairs: Sequence[FramePair],
    victim: Victim,
    threat: Threat,
    start: torch.Tensor | None,
    threads: int | None,
    progress: Callable[[Step], None],
    should_stop: Callable[[], bool],
) -> list[Attacked]:
    begin = time.perf_counter()
    with use_threads(threads):
        problem = problem_of(pairs, victim, threat)
        if not torch.isfinite(problem.clean).all():
            raise DivergedError(f"{victim.config.model} gave a flow that is not finite.")
        trail = Trail(problem, progress, should_stop)
        is_stopped = False
        try:
            SEARCHES[threat.method](problem, trail, start)
        except Stopped:
            is_stopped = trail.curve[-1].number < threat.steps
        best = trail.best
        if best is None:
            raise DivergedError(f"{METHODS[threat.method].label} found no finite flow.")
        saved = [_rounded(pair, best, number) for number, pair in enumerate(pairs)]
        with torch.no_grad():
            flow = victim.flow(best.first, best.second)
            saved_flow = victim.flow(
                _stacked([pair.first for pair in saved]).to(flow),
                _stacked([pair.second for pair in saved]).to(flow),
            )
    seconds = time.perf_counter() - begin

    def of(values: torch.Tensor, number: int) -> FloatArray:
        return flow_to_array(values[number : number + 1])

    return [
        Attacked(
            threat,
            victim.config,
            saved[number],
            of(best.first, number),
            of(best.second, number),
            best.made,
            FlowField(of(problem.clean, number)),
            FlowField(of(flow, number)),
            FlowField(of(saved_flow, number)),
            problem.damages(flow)[number].item(),
            problem.damages(saved_flow)[number].item(),
            problem.gains(flow)[number].item(),
            problem.gains(saved_flow)[number].item(),
            tuple(trail.curve),
            is_stopped,
            seconds,
        )
        for number in range(len(pairs))
    ]


def _stacked(frames: Sequence[UInt8Array]) -> torch.Tensor:
    return torch.cat([frame_to_tensor(frame) for frame in frames])


def _rounded(pair: FramePair, best: Candidate, number: int) -> FramePair:
    """The attacked pair in 8 bits, each value as near to the clean one as a whole level allows."""
    own = slice(number, number + 1)
    first = rounded_towards(pair.first, flow_to_array(best.first[own]))
    second = rounded_towards(pair.second, flow_to_array(best.second[own]))
    return replace(pair, first=first, second=second, name=f"{pair.name}, attacked")


def rounded_towards(clean: UInt8Array, attacked: FloatArray) -> UInt8Array:
    """An attacked frame (H, W, 3) in [0, 1] in 8 bits, no value farther from the clean one."""
    levels = 255 * attacked.astype(np.float64) - clean
    return (clean + np.trunc(levels + _WHOLE * np.sign(levels))).astype(np.uint8)
