"""The surrogate S: one network in place of flow net, algorithm and metric together.

It sees what they see and guesses what they come to: the least clearance ahead, how sure it is of
that, and the command. A substitute model in the sense of Papernot et al., Practical Black-Box
Attacks, 2017: it has a gradient where nothing is known of what it stands for.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn
from torch.nn import functional as F

from flowcore.errors import ConfigError, WeightsError
from flowcore.io.atomic import write_bytes
from flowcore.tasks.vehicle import MAX_TURN

__all__ = [
    "SURROGATES",
    "Guess",
    "Kind",
    "Surrogate",
    "load_surrogate",
    "save_surrogate",
    "seen_flow",
    "seen_frames",
    "surrogate_bytes",
]

_FRAMES_POOL, _FLOW_POOL = 2, 4  # px to a side that one px of the input stands for
_WIDTHS = (16, 24, 32, 32)
_GRID = (4, 5)  # rows and columns that are left of any frame
_HIDDEN = 64
_DROPOUT = 0.2
_FLOW_UNIT = 5.0  # px


class Kind(NamedTuple):
    """What a surrogate sees, in channels, and whether it guesses the command too."""

    label: str
    channels: int
    steers: bool


SURROGATES: Mapping[str, Kind] = MappingProxyType(
    {
        "together": Kind("algorithm and metric, from the frames", 6, True),
        "metric": Kind("the metric alone, from the frames", 6, False),
        "on_flow": Kind("algorithm and metric, from the net's flow", 2, True),
    }
)


class Guess(NamedTuple):
    """What a surrogate says, each (B,).

    Parameters
    ----------
    ahead : tensor
        Least clearance if the command were kept, m.
    sigma : tensor
        Standard deviation that it claims, m.
    turn : tensor
        Rad a frame; zero of a kind that does not steer.
    """

    ahead: torch.Tensor
    sigma: torch.Tensor
    turn: torch.Tensor


class Surrogate(nn.Module):
    """Four convolutions, each half as fine, and two linear layers; see `SURROGATES` for its kinds.

    Attributes
    ----------
    mean, spread : (1,)
        Of the metric in what it learnt from, m; its outputs are in units of them.
    """

    stride, min_size, default_iterations = 1, 16, None

    def __init__(self, kind: str) -> None:
        super().__init__()
        if kind not in SURROGATES:
            raise ConfigError(f"No surrogate is {kind[:40]!r}; there are {', '.join(SURROGATES)}.")
        self.kind = kind
        channels = (SURROGATES[kind].channels, *_WIDTHS)
        self.features = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(before, after, 3, stride=2, padding=1),
                    nn.BatchNorm2d(after),
                    nn.ReLU(),
                )
                for before, after in pairwise(channels)
            )
        )
        self.head = nn.Sequential(
            nn.Dropout(_DROPOUT),
            nn.Linear(_WIDTHS[-1] * _GRID[0] * _GRID[1], _HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, 3),
        )
        self.register_buffer("mean", torch.zeros(1))
        self.register_buffer("spread", torch.ones(1))
        self.mean: torch.Tensor
        self.spread: torch.Tensor

    def forward(self, seen: torch.Tensor) -> Guess:
        """The guess for what `seen_frames` or, of the kind on flow, `seen_flow` gives."""
        if SURROGATES[self.kind].channels == 2:
            scaled = seen / _FLOW_UNIT
        else:
            first, second = seen.chunk(2, 1)
            scaled = torch.cat([second - 0.5, 4 * (second - first)], 1)
        grid = F.adaptive_avg_pool2d(self.features(scaled), _GRID)
        ahead, log_sigma, turn = self.head(grid.flatten(1)).unbind(1)
        return Guess(
            self.mean + self.spread * ahead,
            self.spread * log_sigma.clamp(-4, 3).exp(),
            MAX_TURN * torch.tanh(turn) if SURROGATES[self.kind].steers else torch.zeros_like(turn),
        )

    def memory_bytes(self, height: int, width: int) -> int:
        """An estimate of the working memory for one pair of this size."""
        return 4 * 24 * height * width


def seen_frames(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Frames (B, 3, H, W) as surrogates see them: one over the other, means over 2x2 px."""
    return F.avg_pool2d(torch.cat([first, second], 1), _FRAMES_POOL)


def seen_flow(flow: torch.Tensor) -> torch.Tensor:
    """A flow (B, 2, H, W) as surrogates see it: means over 4x4 px, in px of the frame."""
    return F.avg_pool2d(flow, _FLOW_POOL)


def save_surrogate(path: str | Path, surrogate: Surrogate) -> None:
    """Write a surrogate as safetensors, its kind among the metadata."""
    write_bytes(path, surrogate_bytes(surrogate))


def surrogate_bytes(surrogate: Surrogate) -> bytes:
    """The same as bytes."""
    tensors = {name: value.contiguous() for name, value in surrogate.state_dict().items()}
    return bytes(save(tensors, {"surrogate": surrogate.kind}))


def load_surrogate(path: str | Path) -> Surrogate:
    """A surrogate from its file, ready to use.

    Raises
    ------
    WeightsError
        The file cannot be read, or holds something else.
    """
    try:
        with safe_open(path, "pt") as file:
            surrogate = Surrogate((file.metadata() or {}).get("surrogate", ""))
            names = file.keys()
            surrogate.load_state_dict({name: file.get_tensor(name) for name in names})
    except (OSError, SafetensorError, RuntimeError, ConfigError) as error:
        raise WeightsError(f"{Path(path).name} does not hold a surrogate: {error}") from error
    return surrogate.eval()
