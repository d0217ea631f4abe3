"""A short training run of one net on one task, and how well the net does afterwards."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from flowcore.digits.argmax import LearntEdges
from flowcore.digits.canvases import Canvases, render
from flowcore.digits.data import CANVAS, DigitSet, Split
from flowcore.digits.networks import NETWORKS, build, count_params
from flowcore.digits.parts import Answer, ReadoutNet, average_pool
from flowcore.digits.scoring import Score, evaluate
from flowcore.digits.tasks import TASKS, Task, targets_of
from flowcore.errors import ConfigError, DivergedError
from flowcore.ops.grid import pixel_grid

__all__ = ["LabConfig", "Progress", "Trained", "run_lab", "train"]

NUM_TEST = 1000  # canvases
TEST_SEED = 1_000_003
POOL = 6144  # canvases that a run draws its batches from
CLASS_WEIGHT = 0.1  # of the loss of the digits, beside the distance in half canvases
HEAT_SIGMA = 1.0  # cells of a heat map
MAX_STEPS = 20_000
EDGE_RATE = 10  # of the numbers of LearntEdges, times the learning rate


@dataclass(frozen=True)
class LabConfig:
    """One net, one task.

    Parameters
    ----------
    network, task : str
        Names in ``NETWORKS`` and ``TASKS``.
    seed : int
        Of the weights, the canvases and their order.
    steps, batch : int
    learning_rate : float
        The highest: it rises over the first third and falls to nothing.

    Raises
    ------
    ConfigError
        A name or a number that makes no sense.
    """

    network: str
    task: str
    seed: int = 0
    steps: int = 300
    batch: int = 32
    learning_rate: float = 3e-3

    def __post_init__(self) -> None:
        for kind, name, known in (("net", self.network, NETWORKS), ("task", self.task, TASKS)):
            if name not in known:
                raise ConfigError(f"Unknown {kind} {name!r}; choose from {', '.join(known)}.")
        if not (1 <= self.steps <= MAX_STEPS and 2 <= self.batch <= 1024 and self.seed >= 0):
            raise ConfigError(
                f"Got {self.steps} steps of {self.batch} canvases, seed {self.seed}; expected up "
                f"to {MAX_STEPS} steps of 2 to 1024 canvases and a seed of 0 or more."
            )
        if not 0 < self.learning_rate <= 1:
            raise ConfigError(f"The learning rate is above 0, at most 1, got {self.learning_rate}.")


class Progress(NamedTuple):
    """What a run tells after a step: the step, and the mean distance in px on its batch."""

    step: int
    distance: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A net after its run.

    Parameters
    ----------
    config : LabConfig
    net : module
    curve : tuple of Progress
        One for each step.
    seconds : float
        Of processor time, for the steps and for those that first taught a frozen backbone.
    """

    config: LabConfig
    net: nn.Module
    curve: tuple[Progress, ...]
    seconds: float

    @property
    def num_params(self) -> int:
        """Learnt numbers."""
        return count_params(self.net)

    @property
    def threshold(self) -> float | None:
        """The learnt threshold of the ink as a share of the maximum, where the net has one."""
        edges = getattr(self.net, "edges", None)
        return None if edges is None else edges.threshold.item()


def run_lab(
    config: LabConfig,
    digits: Mapping[Split, DigitSet],
    *,
    progress: Callable[[Progress], object] = lambda _: None,
) -> tuple[Trained, Score]:
    """The net of a config, trained on fresh canvases, and its score on those of unseen digits.

    Raises
    ------
    InputError
        The digits hold none that the task asks for.
    DivergedError
        The loss is no longer finite.
    """
    task = TASKS[config.task]
    shown = {split: part.only(task.digits) for split, part in digits.items()}
    pool = min(POOL, config.steps * config.batch)
    trained = train(config, render(shown["train"], pool, seed=config.seed), progress=progress)
    return trained, evaluate(trained.net, render(shown["test"], NUM_TEST, seed=TEST_SEED), task)


def train(
    config: LabConfig,
    canvases: Canvases,
    *,
    progress: Callable[[Progress], object] = lambda _: None,
) -> Trained:
    """The net after its steps on these canvases; a run can be stopped by an error in ``progress``.

    Raises
    ------
    DivergedError
        The loss is no longer finite.
    """
    task = TASKS[config.task]
    started = time.process_time()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        net = build(config.network, classifies=task.classifies, seed=config.seed)
        _prepare_backbone(net, config, canvases)
        curve = _fit(
            net, config, canvases, lambda answer, picked: _loss(answer, picked, task), progress
        )
    return Trained(config, net.eval(), tuple(curve), time.process_time() - started)


def _fit(
    net: nn.Module,
    config: LabConfig,
    canvases: Canvases,
    loss_of: Callable[[Answer, Canvases], tuple[torch.Tensor, float]],
    progress: Callable[[Progress], object],
) -> list[Progress]:
    """The steps: AdamW, one cycle of the learning rate."""
    groups = _parameter_groups(net, config.learning_rate)
    optimizer = torch.optim.AdamW(groups, weight_decay=1e-4, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [group["lr"] for group in groups], total_steps=config.steps + 1
    )
    curve = []
    for step in range(1, config.steps + 1):
        picked = torch.randint(len(canvases.labels), (config.batch,))
        batch = Canvases(*(column[picked] for column in canvases))
        loss, distance = loss_of(net(batch.images), batch)
        if not loss.isfinite():
            raise DivergedError(f"Training diverged at step {step}: the loss is {loss.item()}.")
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        curve.append(Progress(step, distance))
        progress(curve[-1])
    return curve


def _parameter_groups(net: nn.Module, learning_rate: float) -> list[dict[str, Any]]:
    """The two numbers of ``LearntEdges`` learn ten times as fast as weights, of which many act."""
    edges = [part for part in net.modules() if isinstance(part, LearntEdges)]
    few = [parameter for part in edges for parameter in part.parameters()]
    known = {id(parameter) for parameter in few}
    weights = [p for p in net.parameters() if p.requires_grad and id(p) not in known]
    groups = ((weights, learning_rate), (few, EDGE_RATE * learning_rate))
    return [{"params": params, "lr": rate} for params, rate in groups if params]


def _loss(answer: Answer, batch: Canvases, task: Task) -> tuple[torch.Tensor, float]:
    """What is minimized, and the mean distance in px."""
    targets = targets_of(batch.points, batch.labels, task)
    distance = (answer.point - targets).square().sum(-1).clamp(min=1e-8).sqrt().mean()
    loss = distance * 2 / (CANVAS - 1)
    if answer.logits is not None:
        loss = loss + CLASS_WEIGHT * F.cross_entropy(answer.logits, batch.labels)
    if answer.heat is not None and answer.heat.shape[1] == 1:
        loss = loss + _heat_divergence(answer.heat[:, 0], targets).mean()
    return loss, distance.item()


def _heat_divergence(heat: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Jensen-Shannon divergence of heat ``(B, h, w)`` from a Gaussian around the target, ``(B,)``.

    As in DSNT (Nibali et al., arXiv:1801.07372).
    """
    side = heat.shape[-1]
    cells = (targets + 0.5) * side / CANVAS - 0.5
    grid = pixel_grid(side, side, like=heat)
    squares = (grid - cells[:, :, None, None]).square().sum(1)
    wanted = (-squares / (2 * HEAT_SIGMA**2)).flatten(1).softmax(-1)
    got = heat.flatten(1)
    middle = (wanted + got).clamp(min=1e-12).log() - torch.log(torch.tensor(2.0))
    return (_kl(got, middle) + _kl(wanted, middle)) / 2


def _kl(weights: torch.Tensor, log_other: torch.Tensor) -> torch.Tensor:
    return (weights * (weights.clamp(min=1e-12).log() - log_other)).sum(-1)


def _prepare_backbone(net: nn.Module, config: LabConfig, canvases: Canvases) -> None:
    """Freeze a backbone that is not to learn the task, after it has learnt to tell digits."""
    kind = NETWORKS[config.network].backbone
    if kind == "trained" or not isinstance(net, ReadoutNet):
        return
    if kind == "digits":
        teacher = ReadoutNet(num_out=12, backbone=net.backbone, readouts=(average_pool,))

        def classify(answer: Answer, batch: Canvases) -> tuple[torch.Tensor, float]:
            return F.cross_entropy(answer.logits, batch.labels), 0.0  # type: ignore[arg-type]

        _fit(teacher, config, canvases, classify, lambda _: None)
    net.backbone.requires_grad_(False)
