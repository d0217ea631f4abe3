"""Scenes of photos that no net here learnt from, the same each time, and the nets to look at."""

from collections.abc import Iterable

import torch

from flowcore.data.scenes import SceneConfig, Scenes, make_scenes
from flowcore.data.shapes import load_shapes, make_shapes
from flowcore.data.textures import load_textures

__all__ = ["LADDER", "held_out_scenes"]

LADDER = ("scope_035.scenes", "scope_070.scenes", "scope_200.scenes")  # from the smallest on
SIZE = (384, 512)
BATCH = 4


def held_out_scenes(
    photos: str, kinds: Iterable[SceneConfig], *, batches: int, seed: int
) -> list[list[Scenes]]:
    """So many batches of each kind, of the photos in a folder (BSDS500's val)."""
    textures = load_textures((photos,)).textures
    shapes = torch.cat([make_shapes(512), load_shapes((photos,))])
    generator = torch.Generator().manual_seed(seed)
    return [
        [
            make_scenes(textures, shapes, batch=BATCH, size=SIZE, config=kind, generator=generator)
            for _ in range(batches)
        ]
        for kind in kinds
    ]
