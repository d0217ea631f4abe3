"""One attack in numbers: the frames, what may be added to them, and what is to be made small."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from flowcore.errors import ConfigError, InputError, ShapeMismatchError
from flowcore.gradient import require_gradient
from flowcore.ops.convert import flow_to_tensor, frame_to_tensor
from flowcore.robustness.attacks.threat import METHODS, Threat
from flowcore.robustness.attacks.victim import Victim
from flowcore.types import FlowField, FramePair
from flowcore.types.arrays import size_text

__all__ = ["Problem", "problem_of", "rms"]

_TINY = 1e-12  # px^2; keeps the derivative of a length finite at zero


@dataclass(frozen=True, eq=False)
class Problem:
    """What an attack works on.

    A change ``delta`` is ``(K, 3, H, W)``: K is 2 where both frames have changes of their own,
    else 1. It is shared by all pairs.

    Parameters
    ----------
    threat : Threat
    victim : Victim
    first, second : (B, 3, H, W)
        The clean frames in [0, 1].
    clean : (B, 2, H, W)
        The victim's flow of them.
    target : (B, 2, H, W)
        The flow to bring about; the clean one where the threat is to go away from it.
    counts : (B, H, W)
        1 where the target is known, else 0.
    """

    threat: Threat
    victim: Victim
    first: torch.Tensor
    second: torch.Tensor
    clean: torch.Tensor
    target: torch.Tensor
    counts: torch.Tensor

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of a change."""
        _, channels, height, width = self.first.shape
        return (2 if self.threat.frames == "both" else 1, channels, height, width)

    def changed(self) -> torch.Tensor:
        """The clean frames that may be changed, ``(B K, 3, H, W)``; of "joint" both of them."""
        return {"first": self.first, "second": self.second}.get(
            self.threat.frames, torch.cat([self.first, self.second])
        )

    def apply(self, delta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The frames with a change added, in [0, 1]."""
        frames = self.threat.frames
        first = self.first if frames == "second" else (self.first + delta[:1]).clamp(0, 1)
        second = self.second if frames == "first" else (self.second + delta[-1:]).clamp(0, 1)
        return first, second

    def flow(self, delta: torch.Tensor) -> torch.Tensor:
        """The victim's flow ``(B, 2, H, W)`` of the changed frames."""
        return self.victim.flow(*self.apply(delta))

    def fitted(self, delta: torch.Tensor) -> torch.Tensor:
        """The nearest change of those that shrink it into the budget and into what can be seen.

        First into the box outside of which no frame would change any more, then into the ball:
        shrinking towards zero leaves the box kept.
        """
        frames = self.changed()
        parts = frames.chunk(2) if self.threat.frames == "both" else (frames,)
        low = torch.cat([-part.amax(0, keepdim=True) for part in parts])
        high = torch.cat([1 - part.amin(0, keepdim=True) for part in parts])
        delta, epsilon = delta.clamp(low, high), self.threat.epsilon
        if self.threat.norm == "linf":
            return delta.clamp(-epsilon, epsilon)
        if self.threat.norm == "l2":
            return delta * min(1.0, epsilon / max(rms(delta), 1e-30))
        return delta

    def loss(self, flow: torch.Tensor) -> torch.Tensor:
        """What the attacker makes small: the mean of `losses`."""
        return self.losses(flow).mean()

    def losses(self, flow: torch.Tensor) -> torch.Tensor:
        """What the attacker makes small of each pair, (B,)."""
        if self.threat.loss == "cosine":
            away = not self.threat.is_targeted
            aim = -self.target if away else self.target
            return self._mean(1 - F.cosine_similarity(flow, aim, dim=1, eps=1e-6))
        squared = (flow - self.target).square().sum(1)
        distance = squared if self.threat.loss == "mse" else (squared + _TINY).sqrt()
        return (1 if self.threat.is_targeted else -1) * self._mean(distance)

    def gains(self, flow: torch.Tensor) -> torch.Tensor:
        """How far each pair's flow came, px: from the clean one, or nearer to the target, (B,)."""
        distance = self.distances(flow)
        return self.distances(self.clean) - distance if self.threat.is_targeted else distance

    def distances(self, flow: torch.Tensor) -> torch.Tensor:
        """The mean end-point distance of each pair's flow from the target, px, (B,)."""
        return self._mean(torch.linalg.vector_norm(flow - self.target, dim=1))

    def damages(self, flow: torch.Tensor) -> torch.Tensor:
        """The mean end-point distance of each pair's flow from the clean one, px, (B,)."""
        distance: torch.Tensor = torch.linalg.vector_norm(flow - self.clean, dim=1)
        return distance.mean((1, 2))

    def gradient(self, delta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The flow of a change, and the gradient of the loss by the change."""
        delta = delta.detach().requires_grad_()
        flow = self.flow(delta)
        if not flow.requires_grad:
            raise ConfigError(f"{self.victim.config.model} cuts its gradient off on the way.")
        (gradient,) = torch.autograd.grad(self.loss(flow), delta)
        return flow.detach(), gradient

    def _mean(self, values: torch.Tensor) -> torch.Tensor:
        """The mean over each pair's pixels that count, (B,)."""
        return (values * self.counts).sum((1, 2)) / self.counts.sum((1, 2)).clamp(min=1)


def rms(delta: torch.Tensor) -> float:
    """The root mean square of all values."""
    return math.sqrt(delta.double().square().mean().item())


def problem_of(pairs: Sequence[FramePair], victim: Victim, threat: Threat) -> Problem:
    """The pairs, as an attack works on them.

    Raises
    ------
    ConfigError
        A method without gradient under a white-box attack, a target that knows no pixel, a patch
        that is larger than the frame, or too little memory.
    ShapeMismatchError
        Pairs or a target of different sizes.
    """
    size = _common_size(pairs, threat)
    way = METHODS[threat.method]
    if way.white_box:
        if not victim.has_gradient:
            blind = ", ".join(name for name, other in METHODS.items() if not other.white_box)
            raise ConfigError(
                f"{victim.config.model} has no gradient, which {way.label} needs. Attack it by "
                f"queries ({blind}), or transfer an attack made on a net."
            )
        require_gradient(victim.model, size, victim.config, pairs=len(pairs) * victim.runs)
    first, second = (
        torch.cat([frame_to_tensor(getattr(pair, name)) for pair in pairs]).to(victim.device)
        for name in ("first", "second")
    )
    with torch.no_grad():
        clean = victim.flow(first, second)
    target, counts = clean, torch.ones_like(clean[:, 0])
    if isinstance(threat.target, FlowField):
        target = flow_to_tensor(threat.target.uv).to(clean).expand_as(clean)
        counts = torch.from_numpy(threat.target.valid.copy()).to(clean).expand_as(counts)
    elif threat.is_targeted:
        target = {"zero": torch.zeros_like(clean), "negative": -clean}[threat.target]
    return Problem(threat, victim, first, second, clean, target, counts)


def _common_size(pairs: Sequence[FramePair], threat: Threat) -> tuple[int, int]:
    if not pairs:
        raise InputError("An attack needs a pair of frames, got none.")
    size = pairs[0].size
    for pair in pairs:
        if pair.size != size:
            raise ShapeMismatchError(
                f"A universal attack needs pairs of one size, got {size_text(size)} and "
                f"{size_text(pair.size)}."
            )
    if threat.norm == "patch" and threat.epsilon > min(size):
        raise ConfigError(
            f"A patch of {threat.epsilon:g} px is larger than the frame of {size_text(size)}."
        )
    if threat.norm == "l0" and threat.epsilon > math.prod(size):
        raise ConfigError(
            f"{threat.epsilon:g} pixels are more than the frame of {size_text(size)} has."
        )
    if isinstance(threat.target, FlowField):
        if threat.target.size != size:
            raise ShapeMismatchError(
                f"The target flow is {size_text(threat.target.size)}, the frames are "
                f"{size_text(size)}."
            )
        if not threat.target.valid.any():
            raise ConfigError("The target flow knows no pixel.")
    return size
