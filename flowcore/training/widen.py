"""A net that goes on from a smaller size of the same architecture, instead of from random numbers.

The smaller net's weights become a corner of the larger one's. What the new channels would add to
the old ones is zero at first, so the larger net begins with what the smaller one had learnt, and
the new channels join in as they learn; after Net2Net (Chen et al., ICLR 2016). A closer look that
the smaller one has not begins by reading the four windows of a cell as the window of 4 px is read.
"""

import math
import re
from itertools import accumulate
from typing import cast

import torch
from torch import nn

from flowcore.models.scope_net import ScopeNet, ScopeSizes
from flowcore.models.scope_parts import GridEntry

__all__ = ["widen"]

_NEW_FEATURES = 0.1  # of their default size: what they add to the correlation is noise at first


@torch.no_grad()
def widen(large: ScopeNet, small: dict[str, torch.Tensor], sizes: ScopeSizes) -> None:
    """Fill a net with the weights of a smaller size, in place.

    Parameters
    ----------
    large : ScopeNet
        With its default random weights; the new channels keep theirs.
    small : dict
        The state of a net of ``sizes``, none of them larger than the large net's.
    """
    for name, parameter in large.named_parameters():
        if name not in small:
            if ".conv2." in name:  # a further residual block, to be the identity at first
                parameter.zero_()
            continue
        old = small[name].to(parameter)
        if re.match(r"encoder\.(laterals|closer\.stage2\.5|closer\.of4)\.", name):
            parameter.mul_(_NEW_FEATURES)
        if re.fullmatch(r"entries\.\d\.seen\.weight", name):  # correlations are by sqrt(channels)
            old = old * math.sqrt(large.sizes.matching / sizes.matching)
        if name == "closer.weight" and large.sizes.closer and sizes.closer:
            old = old * math.sqrt(large.sizes.closer[1] / sizes.closer[1])
        rows, *columns = (
            _places(before, after)
            for before, after in zip(
                _groups(name, sizes, old.shape),
                _groups(name, large.sizes, parameter.shape),
                strict=True,
            )
        )
        if not columns:
            parameter[rows] = old
            continue
        whole = torch.zeros_like(parameter[rows])
        whole[:, columns[0]] = old
        parameter[rows] = whole
    if large.closer is not None and sizes.closer is None:
        seen = cast(nn.Conv2d, cast(GridEntry, large.entries[0]).seen)
        of_four = seen.weight.expand(-1, -1, 2, 2) / 4
        large.closer.load_state_dict({**seen.state_dict(), "weight": of_four})


def _groups(name: str, sizes: ScopeSizes, shape: torch.Size) -> list[tuple[int, ...]]:
    """What a layer's output channels, and a weight's input channels, are made of, in order."""
    hidden, context, motion = sizes.fine if re.match(r"fine|entries\.0", name) else sizes.coarse
    groups: list[tuple[int, ...]] = [(size,) for size in shape[:2]]
    if re.search(r"\.start\.", name):
        groups[0] = hidden, context
    if name.endswith(".joined.weight"):
        groups[1] = hidden, shape[1] - hidden
    if re.search(r"\.gru\.conv.\.weight", name):
        groups[1] = hidden, context, motion - 2, 2
    return groups


def _places(before: tuple[int, ...], after: tuple[int, ...]) -> torch.Tensor:
    """Where the channels of the groups go as each group grows."""
    starts = accumulate((0, *after[:-1]))
    return torch.cat(
        [torch.arange(start, start + size) for start, size in zip(starts, before, strict=True)]
    )
