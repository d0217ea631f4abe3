"""Training of burst nets: bursts cut on the fly, mean squared error, log, checkpoint, card.

What a step sees follows from the seed and the step's number alone, so a run that was killed goes
on from its last checkpoint as if nothing had happened.
"""

import csv
import io
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch import nn

from flowcore.cost import count_params
from flowcore.data.bursts import BurstBatch, cut_bursts
from flowcore.data.palette import make_palette
from flowcore.data.textures import load_textures, make_textures
from flowcore.errors import ConfigError, DivergedError
from flowcore.io.atomic import write_bytes
from flowcore.models.burst import BurstNet
from flowcore.models.burst_store import load_weight_file
from flowcore.models.store import save_weights
from flowcore.training.burst_config import BurstTraining
from flowcore.training.checkpoint import load_checkpoint, save_checkpoint
from flowcore.training.ship import card_beside, cost_of_run
from flowcore.types import Weights

__all__ = [
    "BURST_LOG_COLUMNS",
    "BurstProgress",
    "BurstTrainer",
    "read_burst_log",
    "ship_burst",
    "train_burst",
]

BURST_LOG_COLUMNS = (
    "step",
    "epoch",
    "learning_rate",
    "loss",
    "psnr",
    "validation_psnr",
    "seconds",
)
_NUM_PATTERNS = 256
_HELD_OUT = 20  # every twentieth photo is kept for validation
_NUM_VALIDATED, _SIDE_VALIDATED = 24, 64  # bursts, and px about


class BurstProgress(NamedTuple):
    """Where a run stands; ``psnr`` in dB, of the last steps' patches."""

    step: int
    steps: int
    psnr: float


def train_burst(
    config: BurstTraining,
    folder: Path,
    *,
    resume: bool = False,
    stop_after: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[BurstProgress], None] = lambda _: None,
) -> "BurstTrainer":
    """The finished run; its log and checkpoint are in ``folder``.

    The parameters are those of ``flowcore.training.loop.train``.

    Raises
    ------
    ConfigError
        The folder holds a checkpoint already and ``resume`` is false, a checkpoint of other
        settings, no photos, or it cannot be written.
    DivergedError
        The loss is no longer finite; the checkpoint from before is kept.
    """
    trainer = BurstTrainer(config, folder, resume=resume)
    end = config.steps if stop_after is None else min(config.steps, stop_after)
    is_over = False
    while trainer.step < end and not is_over:
        progress(trainer.advance())
        is_over = trainer.step == end or should_stop()
        if is_over or trainer.step % config.checkpoint_every == 0:
            trainer.save()
    return trainer


class BurstTrainer:
    """A run in memory: net, optimizer, and how far they have come."""

    def __init__(self, config: BurstTraining, folder: Path, *, resume: bool = False) -> None:
        self.config, self.folder = config, folder
        self.textures, self.kept = _textures(config.photos)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.net = BurstNet(config.net)
        if config.init:
            load_weight_file(self.net, config.init)
        elif config.net.palette:
            self.net.palette.copy_(make_palette(self.textures))
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=1e-4
        )
        self.step, self.seconds, self.smoothed = 0, 0.0, math.nan
        self.rows: list[tuple[float, ...]] = []
        checkpoint = folder / "checkpoint.pt"
        if checkpoint.is_file():
            if not resume:
                raise ConfigError(
                    f"{folder} holds a checkpoint already; go on with --resume, or name another "
                    "folder."
                )
            self._restore(checkpoint)
        self.held_out = self._held_out()

    def advance(self) -> BurstProgress:
        """Do one step."""
        started, config = time.perf_counter(), self.config
        rate = config.rate_at(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.net.train()
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + self.step)
        batch = self._cut(self.textures, config.batch, config.side, generator)
        loss = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), config.clip)
        self.optimizer.step()
        self.step += 1
        if not math.isfinite(loss.item()):
            raise DivergedError(
                f"Training diverged at step {self.step}: the loss is {loss.item()}. "
                "Begin again with a lower learning rate."
            )
        fresh = 1.0 if math.isnan(self.smoothed) else max(0.02, 1 / self.step)
        self.smoothed = loss.item() * fresh + (0.0 if fresh == 1 else self.smoothed * (1 - fresh))
        self.seconds += time.perf_counter() - started
        psnr = -10 * math.log10(self.smoothed)
        if self.step % config.validate_every == 0 or self.step == config.steps:
            self.rows.append(
                (self.step, self._epoch(), rate, self.smoothed, psnr, self.validate(), self.seconds)
            )
        return BurstProgress(self.step, config.steps, psnr)

    @torch.inference_mode()
    def validate(self) -> float:
        """Mean PSNR in dB on bursts from photos that training never sees."""
        net, halo = self.net.eval(), self.config.net.halo
        values = []
        for frames, clean in zip(*self.held_out, strict=True):
            error = (net.inside(frames[None]).clamp(0, 1) - _inner(clean[None], halo)).square()
            values.append(-10 * math.log10(error.mean().item() + 1e-10))
        return sum(values) / len(values)

    def save(self) -> None:
        """Write log and checkpoint, each in one piece or not at all."""
        buffer = io.StringIO(newline="")
        rows = [[f"{value:.5g}" for value in row] for row in self.rows]
        csv.writer(buffer).writerows([BURST_LOG_COLUMNS, *rows])
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_bytes(self.folder / "log.csv", buffer.getvalue().encode())
        except OSError as error:
            raise ConfigError(
                f"The folder {self.folder} cannot be written ({error.strerror})."
            ) from error
        save_checkpoint(
            self.folder / "checkpoint.pt",
            self.config,
            {
                "net": self.net.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "smoothed": self.smoothed,
                "rows": self.rows,
            },
        )

    def _restore(self, checkpoint: Path) -> None:
        state = load_checkpoint(checkpoint, self.config)
        try:
            self.net.load_state_dict(state["net"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds = state["step"], state["seconds"]
            self.smoothed, self.rows = state["smoothed"], state["rows"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise ConfigError(
                f"The checkpoint in {self.folder} does not fit the burst net as it is now."
            ) from error

    def _loss(self, batch: BurstBatch) -> torch.Tensor:
        target = _inner(batch.clean, self.config.net.halo)
        return (self.net.inside(batch.frames) - target).square().mean()

    def _cut(
        self, textures: torch.Tensor, batch: int, side: int, generator: torch.Generator
    ) -> BurstBatch:
        config = self.config
        return cut_bursts(
            textures,
            batch=batch,
            size=side,
            num_frames=config.net.num_frames,
            motion=config.motion,
            noise=config.noise,
            generator=generator,
        )

    def _held_out(self) -> BurstBatch:
        """The same bursts each time, several target patches wide."""
        net = self.config.net
        side = net.covered(_SIDE_VALIDATED) + 2 * net.halo
        generator = torch.Generator().manual_seed(2**31)
        return self._cut(self.kept, _NUM_VALIDATED, side, generator)

    def _epoch(self) -> float:
        """Bursts seen so far, over photos."""
        return self.step * self.config.batch / len(self.textures)


def ship_burst(trainer: BurstTrainer, *, command: str, folder: Path | None = None) -> Weights:
    """Write the weights of a run as ``burst.TAG``, in half precision, with their card.

    Raises
    ------
    WeightsError
        The folder cannot be written.
    """
    config = trainer.config
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in trainer.net.state_dict().items()
    }
    before = card_beside(config.init)
    earlier = f"{before['recipe']}; then " if before.get("recipe") else ""
    kind = "photos" if config.photos else "generated patterns"
    data = f"bursts cut on the fly from {len(trainer.textures)} {kind}"
    seconds = trainer.seconds + 3600 * before.get("training", {}).get("hours", 0)
    motion, noise = (f"{least:g} to {most:g}" for least, most in (config.motion, config.noise))
    return save_weights(
        config.name,
        state,
        folder=folder,
        num_params=count_params(trainer.net),
        recipe=f"{earlier}{trainer.step} steps of {config.batch} bursts, moving by {motion} px in "
        f"all, noise of {noise} gray levels",
        data=f"{data}: {config.card.data}" if config.card.data else data,
        licence=config.card.licence,
        scores={"held-out patches": {"psnr": round(trainer.validate(), 2)}},
        training={
            "command": command,
            "net": asdict(config.net),
            "motion": list(config.motion),
            "noise": list(config.noise),
            "seed": config.seed,
            "steps": trainer.step + before.get("training", {}).get("steps", 0),
            "hours": round(seconds / 3600, 2),
            "failures": config.card.failures,
            **cost_of_run(seconds, torch.get_num_threads()),
        },
    )


def read_burst_log(path: Path) -> pd.DataFrame:
    """The log of a run, a column for each of ``BURST_LOG_COLUMNS``."""
    return pd.read_csv(path)


@lru_cache(maxsize=1)
def _textures(photos: tuple[str, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """What is learnt from, and what is kept for validation."""
    textures = load_textures(photos).textures if photos else make_textures(_NUM_PATTERNS)
    is_kept = torch.arange(len(textures)) % _HELD_OUT == _HELD_OUT - 1
    if not is_kept.any():
        return textures, textures
    return textures[~is_kept], textures[is_kept]


def _inner(frames: torch.Tensor, halo: int) -> torch.Tensor:
    height, width = frames.shape[-2:]
    return frames[..., halo : height - halo, halo : width - halo]
