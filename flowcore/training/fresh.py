"""The net that a run begins with."""

import torch
from torch import nn

from flowcore import models
from flowcore.models.flownet_net import FlowNet2
from flowcore.models.norm import insert_norm
from flowcore.models.scope_net import ScopeNet
from flowcore.models.weights import read_state
from flowcore.training.beginning import begin
from flowcore.training.config import TrainingConfig
from flowcore.training.widen import widen

__all__ = ["fresh_net"]


def fresh_net(config: TrainingConfig) -> nn.Module:
    """The net with random weights and norms, or with those of a file, whose norms are folded."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        net = models.build_untrained(config.model)
        smaller = models.build_untrained(config.init_model) if config.init_model else None
        if config.init is None:
            insert_norm(net)
            if isinstance(net, FlowNet2):
                begin(net)
    if config.init is None:
        return net
    if isinstance(net, ScopeNet) and isinstance(smaller, ScopeNet):
        widen(net, read_state(config.init, str(config.init_model)), smaller.sizes)
        if net.encoder.closer is not None and smaller.encoder.closer is None:
            insert_norm(net.encoder.closer)
    else:
        net.load_state_dict(read_state(config.init, config.model))
    return net
