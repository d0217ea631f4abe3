"""Photos and scenes that many runs of one process learn from, made once."""

from functools import cache

import torch

from flowcore.data.scenes import Scenes
from flowcore.training import source

__all__ = ["read_photos_once", "share_scenes"]


def read_photos_once() -> None:
    """All runs learn from the same photos and shapes."""
    for name in ("load_textures", "load_shapes", "make_textures", "make_shapes"):
        setattr(source, name, cache(getattr(source, name)))


def share_scenes(num_batches: int) -> None:
    """All runs of one seed learn from the same set of scenes, gone through again and again.

    Parameters
    ----------
    num_batches : int
        Of each kind of scenes.
    """
    read_photos_once()

    @cache
    def made(look: Look) -> list[torch.Tensor]:
        batch = look.origin.made(look.stage, look.number)
        return [tensor.half() for tensor in (batch.first, batch.second, batch.scenes.flow)]

    def batch(self: source.SceneSource, step: int) -> source.Batch:
        first, second, flow = (tensor.float() for tensor in made(Look(self, step, num_batches)))
        nothing = torch.zeros(0)  # no loss here looks at the clean frames, or at what is hidden
        return source.Batch(first, second, Scenes(nothing, nothing, flow, nothing.bool(), nothing))

    source.SceneSource.batch = batch


class Look:
    """What a step sees; equal where seed, number and kind of scenes are, whatever the net."""

    def __init__(self, origin: source.SceneSource, step: int, num_batches: int) -> None:
        self.origin, self.number = origin, step % num_batches
        self.stage, _ = origin.config.stage_at(step)
        look = self.stage.scenes, self.stage.augment, self.stage.size, self.stage.batch
        self.key = origin.config.seed, self.number, *look

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Look) and self.key == other.key
