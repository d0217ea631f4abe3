"""What might take the sting out of an attack, under attackers who know it and who do not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch.nn import functional as F

from flowcore import models
from flowcore.errors import ConfigError
from flowcore.metrics.flow import mean_epe
from flowcore.ops.convert import flow_to_array, frame_to_tensor
from flowcore.ops.jpeg import jpeg
from flowcore.robustness.attacks.attack import Attacked, attack_victim
from flowcore.robustness.attacks.problem import Problem, problem_of
from flowcore.robustness.attacks.threat import Threat
from flowcore.robustness.attacks.trail import one_of_many
from flowcore.robustness.attacks.victim import Estimate, Victim, victim_of
from flowcore.types import ChunkGrid, FramePair, PipelineConfig

__all__ = ["DEFENCES", "Defence", "DefenceRow", "Harm", "compare_defences", "defended"]

_JPEG_QUALITY = 75
_SHIFT = 4  # px
_SHIFTS = ((0, 0), (_SHIFT, 0), (-_SHIFT, 0), (0, _SHIFT), (0, -_SHIFT))  # right, down


@dataclass(frozen=True)
class Defence:
    """Something between an attack and the flow.

    Parameters
    ----------
    label : str
    lane : callable
        The lane that is used instead of a given one.
    around : callable
        From the lane's way from frames to flow to a defended one.
    runs : int
        Times that the lane is run.
    """

    label: str
    lane: Callable[[PipelineConfig], PipelineConfig] = lambda config: config
    around: Callable[[Estimate], Estimate] = lambda estimate: estimate
    runs: int = 1


def _after_jpeg(estimate: Estimate) -> Estimate:
    """Both frames through JPEG, whose rounding has no slope: backwards it counts as nothing.

    The straight-through estimate of Athalye et al., ICML 2018 (BPDA).
    """

    def flow(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        saved = (
            frame + (jpeg(frame, quality=_JPEG_QUALITY) - frame).detach()
            for frame in (first, second)
        )
        return estimate(*saved)

    return flow


def _median_of_shifts(estimate: Estimate) -> Estimate:
    """The median, u and v apart, of five runs on frames that are shifted by 4 px or not at all."""

    def flow(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        flows = [
            _shifted(estimate(_shifted(first, x, y), _shifted(second, x, y)), -x, -y)
            for x, y in _SHIFTS
        ]
        return torch.stack(flows).median(0).values

    return flow


def _shifted(values: torch.Tensor, right: int, down: int) -> torch.Tensor:
    """What is ``right`` and ``down`` px of each place, of ``(B, C, H, W)``; borders repeat."""
    height, width = values.shape[-2:]
    wide = F.pad(values, [_SHIFT] * 4, mode="replicate")
    top, left = _SHIFT + down, _SHIFT + right
    return wide[..., top : top + height, left : left + width]


def _smaller(config: PipelineConfig) -> PipelineConfig:
    """The lane with the next smaller model of its family."""
    own = models.describe(config.model)
    family = [
        card
        for card in map(models.describe, models.distinct())
        if card.family == own.family and 0 < card.num_params < own.num_params
    ]
    if not family:
        raise ConfigError(f"No smaller model of the family of {config.model} is here.")
    return replace(config, model=max(family, key=lambda card: card.num_params).name)


DEFENCES: Mapping[str, Defence] = MappingProxyType(
    {
        "none": Defence("no defence"),
        "blur": Defence("blur, 1 px", lambda config: replace(config, blur_sigma=1.0)),
        "jpeg": Defence(f"JPEG, quality {_JPEG_QUALITY}", around=_after_jpeg),
        "resize": Defence(
            "half the size", lambda config: replace(config, scale=0.5 * config.scale)
        ),
        "chunks": Defence("2x2 chunks", lambda config: replace(config, chunks=ChunkGrid(2, 2))),
        "smaller": Defence("the next smaller model", _smaller),
        "median": Defence("median of 5 shifted runs", around=_median_of_shifts, runs=len(_SHIFTS)),
    }
)


def defended(config: PipelineConfig, name: str, *, device: str | None = None) -> Victim:
    """A lane behind a defence.

    Raises
    ------
    ConfigError
        No such defence, or no smaller model.
    ModelError
        The model cannot be had.
    """
    if name not in DEFENCES:
        raise ConfigError(f"No defence is called {name!r}; there are {', '.join(DEFENCES)}.")
    defence = DEFENCES[name]
    victim = victim_of(defence.lane(config), device=device)
    return replace(victim, flow=defence.around(victim.flow), runs=defence.runs)


class Harm(NamedTuple):
    """Of saved frames, px: how far the flow moved, and what the threat counts (`Step.gain`)."""

    damage: float
    gain: float


class DefenceRow(NamedTuple):
    """What a defence costs and what it is worth.

    Parameters
    ----------
    name : str
        Of `DEFENCES`.
    cost : float
        Mean distance in px of the defended flow from the undefended one, on the clean pair.
    epe : float, optional
        Mean end-point error of the defended flow on the clean pair, px; None without truth.
    unknowing : Harm
        Of the attack that was made without the defence.
    knowing : Harm
        Of the attack that was made through it, starting from the former; never a smaller gain.
    attacked : Attacked
        The knowing one, as it was found.
    """

    name: str
    cost: float
    epe: float | None
    unknowing: Harm
    knowing: Harm
    attacked: Attacked


def compare_defences(
    pair: FramePair,
    config: PipelineConfig,
    threat: Threat,
    *,
    names: Sequence[str] = tuple(DEFENCES),
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> list[DefenceRow]:
    """A lane under attack without a defence, and behind each of several.

    Parameters
    ----------
    pair : FramePair
    config : PipelineConfig
    threat : Threat
    names : sequence of str
        Of `DEFENCES`; "none" is always the first row.
    threads, device : optional
    progress : callable
        Is told the finished share, 0..1, and what is being done.

    Raises
    ------
    FlowcoreError
        As of `attack` and `defended`.
    """
    wanted = ["none", *(name for name in names if name != "none")]
    victims = {name: defended(config, name, device=device) for name in wanted}  # refused early
    rows: list[DefenceRow] = []
    plain: Attacked | None = None
    for number, (name, victim) in enumerate(victims.items()):
        tell = one_of_many(progress, number, len(wanted), DEFENCES[name].label)
        start = None if plain is None else plain.made
        knowing = attack_victim(pair, victim, threat, start=start, threads=threads, progress=tell)
        plain = plain or knowing
        rows.append(_row(name, pair, problem_of([pair], victim, threat), plain, knowing))
    return rows


def _row(
    name: str, pair: FramePair, problem: Problem, unknowing: Attacked, knowing: Attacked
) -> DefenceRow:
    """The attacker who knows the defence may still use what he had before it."""
    harms = [_harm(problem, attacked.pair) for attacked in (unknowing, knowing)]
    clean, truth = flow_to_array(problem.clean), pair.truth
    return DefenceRow(
        name,
        mean_epe(clean, unknowing.clean.uv),
        None if truth is None else mean_epe(clean, truth.uv, truth.valid),
        harms[0],
        max(harms, key=lambda harm: harm.gain),
        knowing,
    )


def _harm(problem: Problem, saved: FramePair) -> Harm:
    frames = (frame_to_tensor(frame).to(problem.first) for frame in (saved.first, saved.second))
    with torch.no_grad():
        flow = problem.victim.flow(*frames)
    return Harm(problem.damages(flow).item(), problem.gains(flow).item())
