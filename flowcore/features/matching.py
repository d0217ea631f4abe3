"""What a lane compared, kept small enough to be asked about any pixel at once."""

import bisect
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import torch

from flowcore import models
from flowcore.budget import enlarged_size, grid_for, require_memory, scaled_size
from flowcore.chunking.motion import View
from flowcore.chunking.plan import Chunk, seam_lines
from flowcore.chunking.stitch import chunk_views
from flowcore.cost import format_bytes
from flowcore.errors import ConfigError, InputError
from flowcore.features.patches import PatchLevel, patch_level
from flowcore.features.place import Place, place_of
from flowcore.hardware import chosen_device, use_threads
from flowcore.models import FlowModel, Matcher
from flowcore.ops.convert import frame_to_levels
from flowcore.ops.matching import MatchingLevel
from flowcore.pipeline import fitted, load_model, predict, prepared
from flowcore.types import FramePair, PipelineConfig

__all__ = ["MatchedView", "Matching", "look_inside"]

MAX_KEPT_BYTES = 2**28  # features of one lane

Level = MatchingLevel | PatchLevel


@dataclass(frozen=True, eq=False)
class MatchedView:
    """One crop of the pair and what was compared in it; without chunks the crop is the frame."""

    place: Place
    levels: tuple[Level, ...]


@dataclass(frozen=True, eq=False)
class Matching:
    """What a lane compared.

    Parameters
    ----------
    size : (height, width)
        Of the pair.
    views : tuple of MatchedView
        Of the chunks, row by row.
    row_seams, col_seams : tuple of float
        Where one view hands over to the next, y and x in px of the pair.
    """

    size: tuple[int, int]
    views: tuple[MatchedView, ...]
    row_seams: tuple[float, ...] = ()
    col_seams: tuple[float, ...] = ()

    def view_at(self, x: int, y: int) -> MatchedView:
        """The view in which a pixel of the first frame lies; the nearer one where two overlap.

        Raises
        ------
        InputError
            A pixel outside the frame.
        """
        height, width = self.size
        if not (0 <= x < width and 0 <= y < height):
            raise InputError(
                f"The pixel x {x}, y {y} lies outside the frame of {width}x{height} px."
            )
        row, col = bisect.bisect(self.row_seams, y), bisect.bisect(self.col_seams, x)
        return self.views[row * (len(self.col_seams) + 1) + col]

    def regions(self) -> Iterator[tuple[slice, slice, MatchedView]]:
        """Rows and columns of the pair that belong to each view."""
        rows, cols = _slices(self.row_seams, self.size[0]), _slices(self.col_seams, self.size[1])
        places = [(row, col) for row in rows for col in cols]
        for (row, col), view in zip(places, self.views, strict=True):
            yield row, col, view


def look_inside(pair: FramePair, config: PipelineConfig, *, threads: int | None = None) -> Matching:
    """What a lane compares on a pair: features, or gray values for a classical method.

    Raises
    ------
    ConfigError
        The model compares nothing that can be shown, or its features take too much memory; and as
        of ``flowcore.pipeline.run``.
    """
    model = load_model(config.model)
    is_classical = not models.describe(config.model).is_learnt
    if not (is_classical or isinstance(model, Matcher)):
        raise ConfigError(
            f"{config.model} has no cost volume to look into: it estimates flow without comparing "
            "features of the two frames."
        )
    fixed = replace(config, chunks=grid_for(model, pair.size, config))
    require_memory(model, pair.size, fixed)
    device = "cpu" if is_classical else chosen_device()
    first, second = (
        prepared(frame_to_levels(frame).to(device), config) for frame in (pair.first, pair.second)
    )
    views = []
    with use_threads(threads), torch.inference_mode(), torch.autocast(
        device, torch.bfloat16, enabled=config.precision == "bfloat16"
    ):  # fmt: skip
        for view in _views(model, first, second, fixed):
            views.append(_matched(model, first, second, view, pair.size, config))
            _require_room(views, config)
    working = scaled_size(pair.size, config.scale)
    seams = ([], []) if fixed.chunks is None else seam_lines(*working, fixed.chunks)
    ratios = (full / side for full, side in zip(pair.size, working, strict=True))
    rows, cols = (
        tuple((line + 0.5) * ratio - 0.5 for line in lines)
        for lines, ratio in zip(seams, ratios, strict=True)
    )
    return Matching(pair.size, tuple(views), rows, cols)


def _views(
    model: FlowModel, first: torch.Tensor, second: torch.Tensor, config: PipelineConfig
) -> list[View]:
    """The crops that the lane estimates."""
    if config.chunks is None:
        return [View(Chunk(0, first.shape[-2], 0, first.shape[-1]), (0, 0))]
    plain = replace(config, scale=1.0, blur_sigma=0.0, chunks=None)
    views = chunk_views(
        lambda one, other: predict(model, one, other, plain), first, second, config.chunks
    )
    return [view for _, view in views]


def _matched(
    model: FlowModel,
    first: torch.Tensor,
    second: torch.Tensor,
    view: View,
    size: tuple[int, int],
    config: PipelineConfig,
) -> MatchedView:
    """What the model compares in one crop."""
    working = (first.shape[-2], first.shape[-1])
    enlarged = enlarged_size(model, *view.area.size)
    one, padding = fitted(model, view.area.crop(first))
    other, _ = fitted(model, view.area.crop(second, view.shift))
    place = place_of(size, working, view, enlarged, padding)
    if not isinstance(model, Matcher):
        return MatchedView(place, (patch_level(one, other),))
    levels = model.matching(one, other, **config.asked)
    return MatchedView(place, _kept(levels))


def _kept(levels: tuple[MatchingLevel, ...]) -> tuple[MatchingLevel, ...]:
    """The levels on the processor, each tensor with memory of its own; what is shared stays so."""
    owned: dict[int, torch.Tensor] = {}

    def own(tensor: torch.Tensor) -> torch.Tensor:
        return owned.setdefault(id(tensor), tensor.detach().cpu().clone())

    return tuple(
        replace(
            level,
            queries=own(level.queries),
            keys=own(level.keys),
            moved_by=None if level.moved_by is None else own(level.moved_by),
        )
        for level in levels
    )


def _require_room(views: list[MatchedView], config: PipelineConfig) -> None:
    tensors = {
        id(tensor): tensor.nbytes
        for view in views
        for level in view.levels
        for tensor in level.tensors()
    }
    needed = sum(tensors.values())
    if needed > MAX_KEPT_BYTES:
        raise ConfigError(
            f"Looking inside {config.model} keeps more than {format_bytes(MAX_KEPT_BYTES)} of "
            "features at this size. Use smaller frames or a smaller scale."
        )


def _slices(seams: tuple[float, ...], length: int) -> list[slice]:
    """The whole numbers 0..length-1 between the seams."""
    cuts = [0, *(math.ceil(seam) for seam in seams), length]
    return [slice(start, stop) for start, stop in pairwise(cuts)]
