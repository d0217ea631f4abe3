"""Runs that learn of classes."""

import dataclasses

from flowcore.training.semantic_config import SemanticConfig

__all__ = ["with_semantics"]


def with_semantics(config, **settings):
    """The config with a table of these settings, and a net that has the heads for it."""
    model = "scope_035_semantic" if SemanticConfig(**settings).maps else config.model
    return dataclasses.replace(config, model=model, semantic=SemanticConfig(**settings))
