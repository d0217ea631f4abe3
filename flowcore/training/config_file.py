"""A run's settings from a TOML file, and whether its net can do what they ask."""

import math
from pathlib import Path
from typing import Any, cast

from torch import nn

from flowcore import models
from flowcore.errors import ConfigError, ModelError
from flowcore.models.base import FlowModel, parts_of
from flowcore.models.flownet_net import FlowNet2
from flowcore.models.scope_net import ScopeNet
from flowcore.models.scope_semantic import SemanticScopeNet
from flowcore.settings import read_table, validated
from flowcore.training.config import Stage, TrainingConfig
from flowcore.training.semantic_config import SemanticConfig

__all__ = ["load_config"]


def load_config(path: str | Path, **changes: Any) -> TrainingConfig:
    """The config in a TOML file, some of its top-level settings replaced.

    Raises
    ------
    ConfigError
        The file cannot be read, a key or value is not one that is known, or no such net exists.
    """
    table = read_table(path, what="training") | changes
    config = validated(TrainingConfig, path, table, what="training")
    _check_model(config)
    return config


def _check_model(config: TrainingConfig) -> None:
    try:
        net = models.build_untrained(config.model)
        smaller = models.build_untrained(config.init_model) if config.init_model else None
    except ModelError as error:
        raise ConfigError(f"Cannot train {config.model}: {error}") from error
    if smaller:
        _check_smaller(config, net, smaller)
    if config.semantic:
        _check_semantic(config, config.semantic, net)
    stride, min_size = cast(FlowModel, net).stride, cast(FlowModel, net).min_size
    for stage in config.stages:
        _check_parts(stage, net, config.model)
        for side in stage.size:
            if side % stride or side < min_size:
                raise ConfigError(
                    f"Stage {stage.name}: {config.model} needs sides that are multiples of "
                    f"{stride} and at least {min_size}, got {stage.size}."
                )
        if stage.twice and getattr(net, "default_passes", None) is None:
            raise ConfigError(
                f"Stage {stage.name}: {config.model} goes over a pair only once: leave out twice."
            )
        if stage.batch * math.prod(side // stride for side in stage.size) == 1:
            raise ConfigError(
                f"Stage {stage.name}: the scenes have one pixel on the coarsest grid, of which no "
                "norm can be learnt; take larger ones, or a batch of 2 or more."
            )


def _check_semantic(config: TrainingConfig, semantic: SemanticConfig, net: nn.Module) -> None:
    if semantic.maps and not isinstance(net, SemanticScopeNet):
        raise ConfigError(
            f"{config.model} has no heads for {', '.join(sorted(semantic.maps))}; "
            "scope_035_semantic and scope_070_semantic have."
        )
    if semantic.heads_alone and config.init is None:
        raise ConfigError(
            "Heads alone learn on a net that has learnt already: name its weights (init, --init)."
        )
    if config.furniture:
        raise ConfigError(
            "Furniture has no class of its own: leave it out where classes are learnt."
        )


def _check_smaller(config: TrainingConfig, net: nn.Module, smaller: nn.Module) -> None:
    """Nets are widened within the size ladder alone, from a file with the smaller one's weights."""
    if config.init is None:
        raise ConfigError(f"Name the file with weights of {config.init_model} (init, --init).")
    if not (isinstance(net, ScopeNet) and isinstance(smaller, ScopeNet)):
        raise ConfigError(f"{config.model} cannot be begun with weights of {config.init_model}.")
    numbers = [
        (
            *(*sizes.features, *sizes.blocks, sizes.matching, *sizes.coarse, *sizes.fine),
            *(*(sizes.closer or (0, 0)), sizes.is_far_sighted),
        )
        for sizes in (smaller.sizes, net.sizes)
    ]
    if any(one > other for one, other in zip(*numbers, strict=True)):
        raise ConfigError(
            f"{config.init_model} is larger than {config.model}, or looks farther or closer; "
            "nets only grow."
        )


def _check_parts(stage: Stage, net: nn.Module, model: str) -> None:
    parts = parts_of(net)
    if not isinstance(net, FlowNet2) and (stage.heads or stage.begins_as):
        raise ConfigError(
            f"Stage {stage.name}: {model} is no stack of networks, leave out heads and begins_as."
        )
    for name in filter(None, (*stage.learns, *stage.heads, stage.begins_as)):
        if name not in parts:
            known = f"it has {', '.join(parts)}" if parts else "it learns as a whole"
            raise ConfigError(f"Stage {stage.name}: {model} has no part {name}, {known}.")
    if stage.begins_as and isinstance(net, FlowNet2):
        shapes = [
            [tensor.shape for tensor in net.networks[name].state_dict().values()]
            for name in (stage.begins_as, *stage.learns)
        ]
        if not all(shape == shapes[0] for shape in shapes):
            raise ConfigError(
                f"Stage {stage.name}: {', '.join(stage.learns)} cannot begin as "
                f"{stage.begins_as}, which is of another shape."
            )
