"""Models by name. Importing this package registers every family; weights load when asked for."""

from flowcore.models import (  # noqa: F401  they register themselves
    classical,
    flownet,
    flownet_layouts,
    raft,
    raft_layouts,
    scope,
    scope_semantic,
)
from flowcore.models.base import FlowModel, Matcher, ModelCard, require_frames
from flowcore.models.own import bring, is_path, paths_in_environment
from flowcore.models.registry import (
    available,
    build_untrained,
    catalog,
    create,
    describe,
    distinct,
    of_study,
    register,
    smallest,
)
from flowcore.models.store import broken_cards
from flowcore.models.weights import import_weights

__all__ = [
    "FlowModel",
    "Matcher",
    "ModelCard",
    "available",
    "bring",
    "broken_cards",
    "build_untrained",
    "catalog",
    "create",
    "describe",
    "distinct",
    "import_weights",
    "is_path",
    "of_study",
    "paths_in_environment",
    "register",
    "require_frames",
    "smallest",
]
