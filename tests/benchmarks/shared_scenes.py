"""Photos and scenes that many runs of one process learn from, made once."""

from functools import cache, lru_cache

import torch

from flowcore.data.scenes import Scenes
from flowcore.training import source

__all__ = ["read_photos_once", "share_scenes"]


def read_photos_once() -> None:
    """All runs learn from the same photos and shapes."""
    for name in ("load_textures", "load_shapes", "make_textures", "make_shapes"):
        setattr(source, name, cache(getattr(source, name)))


def share_scenes() -> None:
    """Runs of one seed look at the same photos, and many at the same scenes: made once."""
    read_photos_once()
    make = source.SceneSource.batch

    @lru_cache(maxsize=2300)  # two stages of 800 steps and one of 600, 1 MB each
    def made(look: Look) -> list[torch.Tensor]:
        batch = make(look.source, look.step)
        return [tensor.half() for tensor in (batch.first, batch.second, batch.scenes.flow)]

    def batch(self: source.SceneSource, step: int) -> source.Batch:
        first, second, flow = (tensor.float() for tensor in made(Look(self, step)))
        nothing = torch.zeros(0)  # no loss here looks at the clean frames, or at what is hidden
        return source.Batch(first, second, Scenes(nothing, nothing, flow, nothing.bool(), nothing))

    source.SceneSource.batch = batch


class Look:
    """What a step sees; equal where seed, step and kind of scenes are, whatever the net."""

    def __init__(self, origin: source.SceneSource, step: int) -> None:
        stage, _ = origin.config.stage_at(step)
        self.source, self.step = origin, step
        look = stage.scenes, stage.augment, stage.size, stage.batch
        self.key = origin.config.seed, step, *look

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Look) and self.key == other.key
