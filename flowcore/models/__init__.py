"""Models by name. Importing this package registers every family; weights load when asked for."""

from flowcore.models import classical, raft, raft_layouts  # noqa: F401  they register themselves
from flowcore.models.base import FlowModel, ModelCard, require_frames
from flowcore.models.registry import (
    available,
    build_untrained,
    catalog,
    create,
    describe,
    register,
)
from flowcore.models.weights import import_weights

__all__ = [
    "FlowModel",
    "ModelCard",
    "available",
    "build_untrained",
    "catalog",
    "create",
    "describe",
    "import_weights",
    "register",
    "require_frames",
]
