"""Labelled pairs of public data sets as a source of training scenes."""

import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch

from flowcore.data.labelled import LabelledFiles, find_labelled, read_labelled
from flowcore.data.scenes import Scenes
from flowcore.data.spatial import Window, scene_in
from flowcore.errors import ConfigError, InputError
from flowcore.training.semantic_config import SemanticConfig

__all__ = ["LabelledSource"]

_HELD_OUT_SIZE = (256, 320)  # height, width of what is seen of a pair in validation


class LabelledSource:
    """The folders of a run: which step learns from which pair, and what is kept for validation.

    Parameters
    ----------
    config : SemanticConfig
    seed : int
        Of the run; it draws the pairs for validation, at random and not the first ones, which are
        all of one sequence.
    device : torch.device

    Raises
    ------
    ConfigError
        A folder is not the data set that it is said to be, or has no pair left to learn from.
    """

    def __init__(self, config: SemanticConfig, *, seed: int, device: torch.device) -> None:
        self.config, self.device = config, device
        self.training: list[list[LabelledFiles]] = []
        self.validation: list[LabelledFiles] = []
        for one in config.labelled:
            try:
                pairs = find_labelled(one.kind, Path(one.folder))
            except InputError as error:
                raise ConfigError(str(error)) from error
            if len(pairs) < 2:
                raise ConfigError(
                    f"{one.folder} holds one labelled pair; one to learn from and one for "
                    "validation are the least."
                )
            count = min(config.validation, len(pairs) // 2)
            kept = np.random.default_rng(seed).choice(len(pairs), count, replace=False)
            self.validation += [pairs[number] for number in sorted(kept.tolist())]
            chosen = set(kept.tolist())
            self.training.append([pair for n, pair in enumerate(pairs) if n not in chosen])

    def batch(self, count: int, size: tuple[int, int], seed: int) -> Scenes | None:
        """What a step of that seed learns from; None where it is generated scenes."""
        weights = np.array([self.config.generated, *(one.weight for one in self.config.labelled)])
        if not weights[1:].any():
            return None
        rng = np.random.default_rng(seed)
        source = int(rng.choice(len(weights), p=weights / weights.sum()))
        if source == 0:
            return None
        pairs = self.training[source - 1]
        least, most = map(math.log, self.config.zoom)
        scenes = []
        for number in rng.integers(len(pairs), size=count).tolist():
            zoom, top, left = rng.uniform([least, 0, 0], [most, 1, 1]).tolist()
            window = Window(math.exp(zoom), top, left)
            scenes.append(self._scene(pairs[number], size, window))
        return _joined(scenes)

    def held_out(self) -> Iterator[Scenes]:
        """The pairs kept for validation that have a true flow, one at a time, their middles."""
        for files in self.validation:
            if files.flow is not None:
                yield self._scene(files, _HELD_OUT_SIZE, Window())

    def _scene(self, files: LabelledFiles, size: tuple[int, int], window: Window) -> Scenes:
        scene = scene_in(read_labelled(files), size, window)
        return Scenes(*(getattr(scene, part.name).to(self.device) for part in fields(scene)))


def _joined(scenes: list[Scenes]) -> Scenes:
    names = [part.name for part in fields(Scenes)]
    return Scenes(*(torch.cat([getattr(one, name) for one in scenes]) for name in names))
