"""Where the scenes of a run come from: textures and shapes in memory, drawn from by step."""

import signal
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from flowcore.data.augment import augment
from flowcore.data.classes import kinds_of_shapes
from flowcore.data.scenes import SceneConfig, Scenes, make_scenes
from flowcore.data.shapes import load_shapes, make_furniture, make_shapes
from flowcore.data.textures import load_textures, make_textures
from flowcore.training.config import Stage, TrainingConfig
from flowcore.training.labelled import LabelledSource

__all__ = ["Batch", "SceneSource"]

_NUM_SHAPES = 512
_NUM_PATTERNS = (32, 256)  # at least and at most; between them one for each step
_HELD_OUT = 20  # every twentieth texture is kept for validation
_HELD_OUT_BATCHES = ((0.05, 1.0), (1.0, 10.0), (10.0, 60.0))  # speeds in px


class Batch(NamedTuple):
    """Frames ``(B, 3, H, W)`` as the net gets them, and the scenes behind them."""

    first: torch.Tensor
    second: torch.Tensor
    scenes: Scenes


class SceneSource:
    """Scenes by step number. ``num_textures`` and ``num_skipped`` say what the photos gave.

    A run with semantics gets classes with them, and pairs from folders of labelled data sets, if it
    names some.
    """

    def __init__(self, config: TrainingConfig, *, device: torch.device, rank: int = 0) -> None:
        self.config, self.rank, self.num_skipped = config, rank, 0
        if config.photos:
            photos = load_textures(config.photos)
            textures, self.num_skipped = photos.textures, photos.num_skipped
            shapes = torch.cat([make_shapes(_NUM_SHAPES), load_shapes(config.photos)])
        else:
            fewest, most = _NUM_PATTERNS
            textures = make_textures(min(max(config.steps, fewest), most))
            shapes = make_shapes(_NUM_SHAPES)
        shapes = torch.cat([shapes, make_furniture(config.furniture)])
        self.kinds, self.labelled = None, None
        if config.semantic:
            kinds = kinds_of_shapes(_NUM_SHAPES, len(shapes) - _NUM_SHAPES)
            self.kinds = torch.from_numpy(kinds.astype(np.int64)).to(device)
            self.labelled = LabelledSource(config.semantic, seed=config.seed, device=device)
        self.num_textures = len(textures)
        is_held_out = torch.arange(len(textures)) % _HELD_OUT == _HELD_OUT - 1
        if not is_held_out.any():
            is_held_out[-1] = True
        self.kept = textures[is_held_out].to(device)
        self.textures = textures[~is_held_out].to(device) if len(textures) > 1 else self.kept
        self.shapes = shapes.to(device)
        self.generator = torch.Generator(device)

    def batch(self, step: int) -> Batch:
        """What the step of that number, from 0, learns from; the same each time it is asked."""
        stage, _ = self.config.stage_at(step)
        if self.config.semantic and self.config.semantic.samples:
            step %= max(1, self.config.semantic.samples // stage.batch)
        return self.made(stage, step)

    def made(self, stage: Stage, number: int) -> Batch:
        """The batch of that number, from 0, of the kind that a stage learns from."""
        seed = _seed_of(self.config.seed, self.rank, number)
        self.generator.manual_seed(seed)
        scenes = self.labelled.batch(stage.batch, stage.size, seed) if self.labelled else None
        if scenes is None:
            scenes = make_scenes(
                self.textures,
                self.shapes,
                batch=stage.batch,
                size=stage.size,
                config=stage.scenes,
                generator=self.generator,
                kinds=self.kinds,
            )
        return Batch(*augment(scenes.first, scenes.second, stage.augment, self.generator), scenes)

    def batches(self, first_step: int, *, num_workers: int = 0) -> Iterator[Batch]:
        """The batches of all steps from ``first_step`` on, made ahead by other processes if any."""
        steps = _Steps(self, first_step)
        loader = DataLoader(
            steps,
            batch_size=None,
            num_workers=num_workers,
            worker_init_fn=_leave_signals_to_the_run,
        )
        return iter(loader)

    def held_out(self) -> Iterator[Scenes]:
        """The same few batches each time: slow, medium and fast motion in equal parts.

        Then the pairs of labelled folders that are kept for validation; those alone, if nothing is
        learnt from generated scenes.
        """
        if self.config.semantic is None or self.config.semantic.generated:
            yield from self._held_out_scenes()
        if self.labelled:
            yield from self.labelled.held_out()

    def _held_out_scenes(self) -> Iterator[Scenes]:
        generator = torch.Generator(self.kept.device).manual_seed(2**31)
        for slowest, fastest in _HELD_OUT_BATCHES:
            yield make_scenes(
                self.kept,
                self.shapes,
                batch=4,
                size=(256, 320),
                config=SceneConfig(min_motion=slowest, max_motion=fastest),
                generator=generator,
                kinds=self.kinds,
            )


def _seed_of(seed: int, rank: int, step: int) -> int:
    """A seed of 32 bits, all that a generator on the processor looks at.

    Runs (seeds below 2^24) and their ranks (below 256) begin at places of their own, scattered by
    the golden ratio.
    """
    return (step + 0x9E3779B1 * (256 * seed + rank)) % 2**32


def _leave_signals_to_the_run(_worker: int) -> None:
    """A terminal tells all processes to stop; the run ends these, once its step is done."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class _Steps(Dataset[Batch]):
    """The steps of a run that are still to do, as torch's loader wants them."""

    def __init__(self, source: SceneSource, first_step: int) -> None:
        self.source, self.first_step = source, first_step

    def __len__(self) -> int:
        return self.source.config.steps - self.first_step

    def __getitem__(self, index: int) -> Batch:
        return self.source.batch(self.first_step + index)
