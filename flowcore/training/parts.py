"""Which parts of a net learn in a stage, and what is asked of them."""

from typing import Any

from torch import nn

from flowcore.models.flownet_net import FlowNet2
from flowcore.models.scope_semantic import SemanticScopeNet
from flowcore.training.config import Stage

__all__ = ["asked_of", "copy_network", "rest", "rest_all_but_heads"]


def rest(net: nn.Module, learns: tuple[str, ...]) -> None:
    """Let the networks of a stack rest that are not to learn, their norms' statistics too."""
    if isinstance(net, FlowNet2):
        for name, network in net.networks.items():
            is_learning = not learns or name in learns
            network.requires_grad_(is_learning)
            if not is_learning:
                network.eval()


def rest_all_but_heads(net: nn.Module) -> None:
    """Let all of a net rest but its heads for classes, occlusion and the error to be expected."""
    if isinstance(net, SemanticScopeNet):
        for name, part in net.named_children():
            part.requires_grad_(name in net.heads)


def copy_network(net: nn.Module, origin: str, names: tuple[str, ...]) -> None:
    """Give networks of a stack the weights of another one of the same shape."""
    if isinstance(net, FlowNet2):
        for name in names:
            net.networks[name].load_state_dict(net.networks[origin].state_dict())


def asked_of(
    net: nn.Module, stage: Stage, step: int, maps: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What a step of a stage, from 0, asks of the net beside its flow: arguments of ``forward``."""
    if stage.watched:
        return {"heads_of": stage.watched}
    if net.default_iterations is None:
        return {"keep": frozenset({"iterates"})}
    asked = {"keep": frozenset({"iterates"}) | maps, "iterations": stage.iterations}
    passes = stage.passes_at(step)
    return asked | {"passes": passes} if passes > 1 else asked
