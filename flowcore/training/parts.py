"""Which parts of a net learn in a stage, and what is asked of them."""

from typing import Any

from torch import nn

from flowcore.models.base import parts_of
from flowcore.models.flownet_net import FlowNet2
from flowcore.training.config import Stage

__all__ = ["asked_of", "copy_network", "rest", "watched_of"]


def rest(net: nn.Module, learns: tuple[str, ...]) -> None:
    """Let those parts learn alone, the rest of the net rest, its norms' statistics too.

    All parts learn if none is named.
    """
    net.requires_grad_(not learns)
    if learns:
        net.eval()
        for name in learns:
            parts_of(net)[name].train().requires_grad_(True)


def copy_network(net: nn.Module, origin: str, names: tuple[str, ...]) -> None:
    """Give networks of a stack the weights of another one of the same shape."""
    if isinstance(net, FlowNet2):
        for name in names:
            net.networks[name].load_state_dict(net.networks[origin].state_dict())


def asked_of(
    net: nn.Module, stage: Stage, step: int, maps: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What a step of a stage, from 0, asks of the net beside its flow: arguments of ``forward``."""
    if watched := watched_of(net, stage):
        return watched
    if net.default_iterations is None:
        return {"keep": frozenset({"iterates"})}
    asked = {"keep": frozenset({"iterates"}) | maps, "iterations": stage.iterations}
    passes = stage.passes_at(step)
    return asked | {"passes": passes} if passes > 1 else asked


def watched_of(net: nn.Module, stage: Stage) -> dict[str, Any]:
    """The networks of a stack whose flows the loss looks at, as an argument of ``forward``."""
    return {"heads_of": stage.watched} if isinstance(net, FlowNet2) and stage.watched else {}
