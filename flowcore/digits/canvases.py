"""Canvases by the thousand: digits drawn and placed at random, with all points of their ink."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, get_args

import torch

from flowcore.digits.data import DigitSet, Split, load_mnist, place, shipped_digits
from flowcore.digits.tasks import points_of

__all__ = ["Canvases", "load_digits", "render"]


class Canvases(NamedTuple):
    """Canvases ``(N, 1, 64, 64)``, the digits on them ``(N,)``, all their points ``(N, 6, 2)``."""

    images: torch.Tensor
    labels: torch.Tensor
    points: torch.Tensor


def load_digits(*, mnist: Path | None = None) -> Mapping[Split, DigitSet]:
    """Digits to train on and to test with: MNIST where a folder is given, else those that ship."""
    splits: tuple[Split, ...] = get_args(Split)
    if mnist is None:
        return {split: shipped_digits(split) for split in splits}
    return {split: load_mnist(mnist, split) for split in splits}


def render(digits: DigitSet, count: int, *, seed: int) -> Canvases:
    """Digits drawn at random, placed at random."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(digits.labels), (count,), generator=generator)
    parts = []
    for part in torch.split(chosen, 512):
        canvas, _ = place(digits.images[part], generator=generator)
        parts.append((canvas, digits.labels[part], points_of(canvas)))
    return Canvases(*(torch.cat(column) for column in zip(*parts, strict=True)))
