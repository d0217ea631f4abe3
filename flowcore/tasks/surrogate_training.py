"""A surrogate learns: from drives under noise, then from drives under attacks through itself."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch.nn import functional as F

from flowcore.errors import ConfigError, DivergedError
from flowcore.hardware import use_threads
from flowcore.robustness.attacks.threat import Threat
from flowcore.robustness.attacks.victim import Victim, victim_of
from flowcore.tasks.drive import Lane, Perturb
from flowcore.tasks.examples import Examples, collect
from flowcore.tasks.perturb import attacked, noise, task_threat
from flowcore.tasks.surrogate import SURROGATES, Guess, Surrogate, seen_flow, seen_frames
from flowcore.tasks.vehicle import MAX_TURN
from flowcore.tasks.world_camera import CAMERA, Camera
from flowcore.tasks.world_course import SEEN_LAYOUTS, draw_courses
from flowcore.types import PipelineConfig

__all__ = ["Lesson", "by_surrogate", "joined", "learn", "teach"]

_BATCH = 32
_RATE = 2e-3
_WARM_UP = 0.1  # of all steps


@dataclass(frozen=True)
class Lesson:
    """How surrogates are taught.

    Parameters
    ----------
    epsilon : float
        Of the noise and the attacks in what it learns from, linf, brightness being 0..1.
    num_courses : int
        Of the seen layouts: half of them plain or noisy, half attacked through a first surrogate.
    epochs : int
    hardness : float
        As of ``draw_courses``.
    seed : int
        Of courses, weights and their order.

    Raises
    ------
    ConfigError
        Nothing to learn from, or a number out of range.
    """

    epsilon: float = 0.02
    num_courses: int = 48
    epochs: int = 12
    hardness: float = 0.7
    seed: int = 0

    def __post_init__(self) -> None:
        good = self.num_courses >= 2 and self.epochs >= 1 and self.seed >= 0
        if not (good and 0 < self.epsilon <= 1 and 0 <= self.hardness <= 1):
            raise ConfigError(
                "A lesson has 2 courses or more, 1 epoch or more, an epsilon in 0..1 above 0, a "
                f"hardness in 0..1 and a seed of 0 or more; got {self}."
            )


def teach(
    algorithm: str,
    lane: Lane,
    lesson: Lesson,
    *,
    camera: Camera = CAMERA,
    threads: int | None = None,
    device: str | None = None,
    progress: Callable[[float, str], None] = lambda fraction, message: None,
) -> Examples:
    """What surrogates of an algorithm on a lane learn from, courses of the seen layouts.

    The first half is driven as it is, and under noise, fine and coarse. A surrogate that learnt
    from this attacks the second half, so that the next one knows what attacks do (the augmentation
    of Papernot et al., 2017, with what its own gradients find).
    """
    courses = draw_courses(
        lesson.num_courses, SEEN_LAYOUTS, seed=lesson.seed, hardness=lesson.hardness
    )
    half = len(courses) // 2
    where: dict[str, Any] = {"camera": camera, "threads": threads, "device": device}
    plain: list[Perturb] = [
        lambda sight: sight.second,
        noise(lesson.epsilon, seed=lesson.seed),
        noise(lesson.epsilon, cell=8, seed=lesson.seed),
        noise(lesson.epsilon, cell=24, seed=lesson.seed),
    ]
    first = collect(
        courses[:half], algorithm, lane, plain, **where,
        progress=lambda fraction: progress(0.4 * fraction, "driving"),
    )  # fmt: skip
    progress(0.4, "learning once")
    begun = learn("together", first, lesson, threads=threads)
    threat = task_threat("pgd", lesson.epsilon, steps=4, seed=lesson.seed)
    second = collect(
        courses[half:], algorithm, lane, [by_surrogate(begun, threat)], **where,
        progress=lambda fraction: progress(0.5 + 0.5 * fraction, "attacking"),
    )  # fmt: skip
    return joined([first, second])


def learn(
    kind: str,
    examples: Examples,
    lesson: Lesson,
    *,
    threads: int | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Surrogate:
    """A surrogate of some kind that has seen these examples, and each mirrored, in every epoch.

    Raises
    ------
    ConfigError
        No such kind.
    DivergedError
        The loss is no longer finite.
    """
    generator = torch.Generator().manual_seed(lesson.seed)
    with torch.random.fork_rng(devices=[]), use_threads(threads):
        torch.manual_seed(lesson.seed)
        surrogate = Surrogate(kind)
        surrogate.mean.fill_(examples.ahead.mean())
        surrogate.spread.fill_(max(examples.ahead.std(correction=0).item(), 1e-3))
        optimizer = torch.optim.AdamW(surrogate.parameters(), _RATE, weight_decay=1e-2)
        per_epoch = math.ceil(2 * len(examples) / _BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, _RATE, total_steps=lesson.epochs * per_epoch, pct_start=_WARM_UP
        )
        for epoch in range(lesson.epochs):
            progress(epoch / lesson.epochs)
            order = torch.randperm(2 * len(examples), generator=generator)
            for chosen in torch.split(order, _BATCH):
                loss = _loss(surrogate, examples, chosen)
                if not torch.isfinite(loss):
                    raise DivergedError("The surrogate's loss is not finite.")
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
    return surrogate.eval().requires_grad_(False)


def by_surrogate(
    surrogate: Surrogate,
    threat: Threat,
    *,
    config: PipelineConfig | None = None,
    device: str | None = None,
) -> Perturb:
    """The worst for the metric as a surrogate guesses it.

    One that sees frames is all that is asked. One that sees flow is asked of the flow of the lane
    ``config``, through whose net the attack goes; of the algorithm it knows no more than the other.

    Raises
    ------
    ConfigError
        A surrogate that sees flow, and no lane.
    ConfigError, ModelError
        Of the lane, as of ``flowcore.robustness.attacks.attack.attack``.
    """
    if SURROGATES[surrogate.kind].channels == 2:
        if config is None:
            raise ConfigError("This surrogate sees flow: say of which lane, or choose another one.")

        def believed(flow: torch.Tensor) -> torch.Tensor:
            guess: Guess = surrogate(seen_flow(flow).cpu())
            return guess.ahead

        return attacked(victim_of(config, device=device), lambda sight: believed, threat)

    def answer(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        guess: Guess = surrogate(seen_frames(first, second))
        return guess.ahead.view(-1, 1, 1, 1)

    name = PipelineConfig(f"surrogate ({surrogate.kind})")
    victim = Victim(name, surrogate, answer, "cpu")  # type: ignore[arg-type]  # gives no flow
    return attacked(victim, lambda sight: lambda answers: answers[:, 0, 0, 0], threat)


def joined(parts: Sequence[Examples]) -> Examples:
    """Examples one after the other."""
    tensors = {
        field.name: torch.cat([getattr(part, field.name) for part in parts])
        for field in fields(Examples)
        if field.name != "places"
    }
    return Examples(**tensors, places=tuple(place for part in parts for place in part.places))


def _loss(surrogate: Surrogate, examples: Examples, chosen: torch.Tensor) -> torch.Tensor:
    """Of some examples; those whose number is beyond the last one are mirrored ones."""
    number, side = chosen % len(examples), 1.0 - 2.0 * (chosen >= len(examples))  # 1 or -1
    kind = SURROGATES[surrogate.kind]
    seen = _mirrored(examples.seen_by(surrogate.kind, number), side)
    guess: Guess = surrogate(_recolored(seen) if kind.channels == 6 else seen)
    ahead, sigma = (
        value / surrogate.spread for value in (guess.ahead - examples.ahead[number], guess.sigma)
    )
    # The claimed sigma learns from the errors, and not the other way round: else what is hard to
    # guess is soon given up (Seitzer et al., ICLR 2022).
    loss: torch.Tensor = ahead.square().mean() + F.gaussian_nll_loss(
        ahead.detach(), torch.zeros_like(ahead), sigma.square()
    )
    if kind.steers:
        loss = loss + ((guess.turn - side * examples.turn[number]) / MAX_TURN).square().mean()
    return loss


def _recolored(frames: torch.Tensor) -> torch.Tensor:
    """Frames (B, 6, H, W), colors exchanged and their contrast changed alike in both of a pair.

    What pictures hang on walls says nothing about how near they are.
    """
    count, _, height, width = frames.shape
    order = torch.rand(count, 3).argsort(1)[:, None, :, None, None]
    gain = 2 ** (2 * torch.rand(count, 1, 3, 1, 1) - 1)  # 0.5..2
    pair = frames.view(count, 2, 3, height, width)
    shuffled = pair.gather(2, order.expand_as(pair))
    middle = shuffled.mean((1, 3, 4), keepdim=True)
    return (middle + gain * (shuffled - middle)).reshape(count, 6, height, width)


def _mirrored(seen: torch.Tensor, side: torch.Tensor) -> torch.Tensor:
    """Frames (B, 6, H, W) or flows (B, 2, H, W), left and right exchanged where side is -1."""
    side = side.view(-1, 1, 1, 1)
    turned = torch.where(side < 0, seen.flip(-1), seen)
    if seen.shape[1] != 2:
        return turned
    return torch.cat([side * turned[:, :1], turned[:, 1:]], 1)
