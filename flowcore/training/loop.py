"""The training loop: scenes, loss, step; log, guard, checkpoint.

What a step sees follows from the seed and the step's number alone, so a run that was killed goes on
from its last checkpoint as if nothing had happened: on the processor, bit for bit.
"""

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from flowcore.errors import ConfigError, DivergedError
from flowcore.models.norm import freeze_norm
from flowcore.models.scope_semantic import SemanticScopeNet
from flowcore.training.checkpoint import load_checkpoint, require_writable, save_checkpoint
from flowcore.training.config import Stage, TrainingConfig
from flowcore.training.distributed import Workers
from flowcore.training.fresh import fresh_net
from flowcore.training.guard import Guard
from flowcore.training.log import RunLog, StepRecord
from flowcore.training.objective import Objective, measure_gradients, objective
from flowcore.training.parts import asked_of, copy_network, rest
from flowcore.training.precision import settled, usable_precision
from flowcore.training.source import SceneSource
from flowcore.training.validation import mean_error, validate

__all__ = ["Progress", "Trainer", "train"]


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a run stands: ``step`` of ``steps`` are done."""

    step: int
    steps: int
    stage: str
    loss: float
    epe: float


def train(
    config: TrainingConfig,
    folder: Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    num_loaders: int = 0,
    stop_after: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[Progress], None] = lambda _: None,
) -> "Trainer":
    """The finished run; its log and checkpoint are in ``folder``.

    Parameters
    ----------
    config : TrainingConfig
    folder : Path
        Gets ``log.csv`` and ``checkpoint.pt``.
    resume : bool
        Go on from the folder's checkpoint if there is one; without it a folder with a checkpoint
        is refused.
    device : str
    num_loaders : int
        Processes that make scenes ahead; with 0 the run makes them between its steps.
    stop_after : int, optional
        Stop with a checkpoint once this many steps in all are done.
    should_stop : callable
        Is asked after every step: stop with a checkpoint now? Not where several processes share
        the run, as they would not stop at one step.
    progress : callable
        Is told after every step.

    Raises
    ------
    ConfigError
        The config contradicts the checkpoint, a photo folder is missing or empty, or the folder
        cannot be written.
    DivergedError
        The loss is no longer finite, or the error has doubled for good. The checkpoint from before
        is kept.
    """
    if stop_after is not None and stop_after < 1:
        raise ConfigError(f"Stop after 1 step or more, got {stop_after}.")
    with Workers.joined(device) as workers:
        trainer = Trainer(
            config,
            folder,
            workers=workers,
            device=device,
            resume=resume,
            num_loaders=num_loaders,
        )
        end = config.steps if stop_after is None else min(config.steps, stop_after)
        is_over = False
        try:
            while trainer.step < end and not is_over:
                progress(trainer.advance())
                is_over = trainer.step == end or (workers.count == 1 and should_stop())
                if is_over or trainer.step % config.checkpoint_every == 0:
                    trainer.save()
        finally:
            trainer.batches = iter(())  # its loaders end with it, also while an error is told
    return trainer


class Trainer:
    """A run in memory: net, averaged net, optimizer, and how far they have come."""

    def __init__(
        self,
        config: TrainingConfig,
        folder: Path,
        *,
        workers: "Workers | None" = None,
        device: str = "cpu",
        resume: bool = False,
        num_loaders: int = 0,
    ) -> None:
        self.config, self.folder, self.num_loaders = config, folder, num_loaders
        self.workers = workers or Workers()
        self.device = self.workers.device(device)
        self.precision = usable_precision(config.precision, self.device)
        if num_loaders and self.device.type != "cpu":
            raise ConfigError("Scenes are made on the card itself there: leave out --loaders.")
        self.net = settled(fresh_net(config), self.device)
        self.averaged = AveragedModel(
            self.net,
            multi_avg_fn=get_ema_multi_avg_fn(config.ema),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(),
            lr=1e-3,
            weight_decay=config.weight_decay,
            fused=self.device.type == "cuda" or None,
        )
        self.step = 0
        self.seconds = 0.0
        self.num_skipped = 0
        checkpoint, state = folder / "checkpoint.pt", {}
        if checkpoint.is_file() and not resume:
            raise ConfigError(
                f"{folder} holds a checkpoint already; go on with --resume, or name another folder."
            )
        if checkpoint.is_file():
            state = load_checkpoint(checkpoint, config)
            self._restore(state)
        require_writable(folder)
        self.source = SceneSource(config, device=self.device, rank=self.workers.rank)
        self.batches = self.source.batches(self.step, num_workers=num_loaders)
        self.log = RunLog(
            folder / "log.csv", config, keep_steps=self.step, pending=state.get("pending", ())
        )
        self.parallel = self.workers.wrap(
            self.net,
            has_resting=config.semantic is not None or any(stage.learns for stage in config.stages),
        )
        self._guard = Guard(is_learnt=config.init is not None)

    def advance(self) -> Progress:
        """Do one step."""
        started = time.perf_counter()
        stage, step_in_stage = self.config.stage_at(self.step)
        rate = _learning_rate(stage, step_in_stage)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        first, second, scenes = next(self.batches)
        backward = self._backward_flow(first, second, stage)
        self.net.train()
        if stage.frozen_norm:
            freeze_norm(self.net)
        heads_alone = self.config.semantic is not None and self.config.semantic.heads_alone
        rest(self.net, SemanticScopeNet.heads if heads_alone else stage.learns)
        if step_in_stage == 0 and stage.begins_as:
            for net in (self.net, self.averaged.module):
                copy_network(net, stage.begins_as, stage.learns)
        with self._autocast():
            prediction = self.parallel(
                first, second, **asked_of(self.net, stage, step_in_stage, self._maps)
            )
        goal = objective(prediction, scenes, stage.loss, self.config.semantic, backward)
        loss, more = goal.total, self._measured(goal)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip).item()
        if math.isfinite(norm):
            self.optimizer.step()
            self.averaged.update_parameters(self.net)
        self.num_skipped = 0 if math.isfinite(norm) else self.num_skipped + 1
        self.step += 1
        with torch.no_grad():
            errors = [mean_error(flow, scenes) for flow in prediction.iterates]
        epes = torch.stack(errors).tolist()
        parts = {name: part.item() for name, part in goal.parts.items()}
        self._guard.watch(self.step, stage.name, epes[-1], self.num_skipped, parts)
        self.seconds += time.perf_counter() - started
        validated = self.validate() if self.step % self.config.validate_every == 0 else {}
        if self.workers.is_first:
            record = StepRecord(loss.item(), epes, norm, more)
            self.log.add(self.step, stage.name, rate, record, validated, self.seconds)
        return Progress(self.step, self.config.steps, stage.name, loss.item(), epes[-1])

    @property
    def _maps(self) -> frozenset[str]:
        return self.config.semantic.maps if self.config.semantic else frozenset()

    @torch.no_grad()
    def _backward_flow(
        self, first: torch.Tensor, second: torch.Tensor, stage: Stage
    ) -> torch.Tensor | None:
        """The flow from the second frame to the first, where a loss looks for occlusions so."""
        if self.config.semantic is None or self.config.semantic.visible != "forward_backward":
            return None
        self.net.eval()  # its norms are to learn from the forward pass alone
        with self._autocast():
            flow: torch.Tensor = self.net(second, first, **asked_of(self.net, stage, 0)).flow
        return flow

    def _measured(self, goal: Objective) -> dict[str, float] | None:
        """What the log has of a step of a run with semantics."""
        if self.config.semantic is None:
            return None
        every = self.config.semantic.measure_every
        if not every or self.step % every:
            return goal.numbers()
        return goal.numbers() | measure_gradients(goal.parts, self.net)

    def validate(self) -> dict[str, float]:
        """What the averaged net is worth on scenes from photos that training never sees.

        In single precision, as it ships. ``epe`` in px, and of a run with heads what
        ``flowcore.training.validation`` has of them.
        """
        stage, _ = self.config.stage_at(self.step - 1)
        return validate(self.averaged.module, self.source.held_out(), stage, self.config.semantic)

    def save(self) -> None:
        """Write the checkpoint, in one piece or not at all, and what the log has gathered.

        Raises
        ------
        ConfigError
            The folder cannot be written.
        DivergedError
            A weight or a norm's statistic is not finite; the checkpoint from before is kept.
        """
        if not self.workers.is_first:
            return
        if not all(tensor.isfinite().all() for tensor in self.averaged.state_dict().values()):
            raise DivergedError(
                f"Training diverged by step {self.step}: the net holds numbers that are not "
                "finite. Resume with a lower learning rate; the last checkpoint is kept."
            )
        self.log.flush()
        save_checkpoint(
            self.folder / "checkpoint.pt",
            self.config,
            {
                "net": self.net.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "pending": [tuple(record) for record in self.log.pending],
            },
        )

    def _restore(self, state: dict[str, Any]) -> None:
        try:
            self.net.load_state_dict(state["net"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds = state["step"], state["seconds"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise ConfigError(
                f"The checkpoint in {self.folder} does not fit {self.config.model} as it is now."
            ) from error

    @contextlib.contextmanager
    def _autocast(self) -> Iterator[None]:
        is_on = self.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=is_on):
            yield


def _learning_rate(stage: Stage, step: int) -> float:
    if step < stage.warm_up:
        return stage.learning_rate * (step + 1) / stage.warm_up
    part = (step - stage.warm_up) / max(1, stage.steps - stage.warm_up)
    fall = 0.5 * (1 + math.cos(math.pi * part))
    return stage.learning_rate * (stage.final + (1 - stage.final) * fall)
