"""Burst nets by name: what ships, and what was trained here.

They are no flow models, so they stand in a list of their own; their files lie beside the others.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load

from flowcore.errors import ConfigError, UnknownModelError, WeightsError
from flowcore.models.burst import BurstNet
from flowcore.models.burst_config import BurstConfig
from flowcore.models.store import load_state, stored_weights
from flowcore.types import Weights

__all__ = ["BURST", "BurstCard", "burst_cards", "load_burst_net", "load_weight_file"]

BURST = "burst"


@dataclass(frozen=True)
class BurstCard:
    """What is known about a trained burst net.

    Parameters
    ----------
    name : str
        ``burst.tag``.
    config : BurstConfig
    weights : Weights
    """

    name: str
    config: BurstConfig
    weights: Weights


def burst_cards() -> dict[str, BurstCard]:
    """All trained burst nets by name; a file whose card tells no valid variant is passed over."""
    found = {}
    for name, (_, weights) in stored_weights().items():
        if name.partition(".")[0] != BURST:
            continue
        try:
            config = BurstConfig(**weights.training["net"])
        except (KeyError, TypeError, ConfigError):
            continue
        found[name] = BurstCard(name, config, weights)
    return found


def load_burst_net(name: str) -> BurstNet:
    """The net of that name, ready to use; kept, so that asking again is free.

    Raises
    ------
    UnknownModelError
        No burst net has that name.
    WeightsError
        The weights are missing, altered, or of another variant.
    """
    cards = burst_cards()
    if name not in cards:
        raise UnknownModelError(
            f"No burst net is called {name!r}; there are {', '.join(cards) or 'none'}."
        )
    return _load(name, cards[name].config, cards[name].weights.sha256)


def load_weight_file(net: BurstNet, file: str | Path) -> None:
    """Give a net the weights in a safetensors file of its own variant.

    Raises
    ------
    WeightsError
        The file cannot be read, or is of another variant.
    """
    try:
        net.load_state_dict(load(Path(file).read_bytes()), strict=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise WeightsError(f"{file} holds no weights of this burst net.") from error


@lru_cache(maxsize=8)
def _load(name: str, config: BurstConfig, _sha256: str) -> BurstNet:
    folder, weights = stored_weights()[name]
    net = BurstNet(config)
    try:
        net.load_state_dict(load_state(folder, weights), strict=True)
    except RuntimeError as error:
        raise WeightsError(f"The weight file {weights.file} does not fit {name}.") from error
    return net.eval()
