"""Models by name: ``architecture`` or ``architecture.tag``, the tag naming a set of weights."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

import torch
from torch import nn

from flowcore.cost import count_params
from flowcore.errors import ModelError, UnknownModelError, WeightsError
from flowcore.models.base import FlowModel, ModelCard
from flowcore.models.own import OwnModel, own_models
from flowcore.models.store import StoredWeights, broken_cards, load_state, stored_weights

__all__ = [
    "available",
    "build_untrained",
    "catalog",
    "create",
    "describe",
    "distinct",
    "learnt_architectures",
    "of_study",
    "register",
    "smallest",
    "state_shapes",
]

_Builder = TypeVar("_Builder", bound=Callable[[], FlowModel])


@dataclass(frozen=True)
class _Architecture:
    builder: Callable[[], FlowModel]
    family: str
    source: str
    licence: str


_ARCHITECTURES: dict[str, _Architecture] = {}


def register(*, family: str, source: str = "", licence: str = "") -> Callable[[_Builder], _Builder]:
    """A decorator that lists a builder's model under the builder's own name.

    Sets of weights for it, ``name.tag``, are found by their cards in the weights folders.

    Parameters
    ----------
    family : str
        Whose sizes and variants belong together, such as "raft".
    source : str
        The paper.
    licence : str
        Of the implementation, where there are no weights.

    Raises
    ------
    ValueError
        The name is taken.
    """

    def add(builder: _Builder) -> _Builder:
        name = builder.__name__
        if name in _ARCHITECTURES:
            raise ValueError(f"The model {name} is registered twice.")
        _ARCHITECTURES[name] = _Architecture(builder, family, source, licence)
        return builder

    return add


def available() -> list[str]:
    """The names that ``create`` accepts now, sorted."""
    return [card.name for card in catalog() if card.available]


def distinct() -> list[str]:
    """Those of ``available`` that are worth comparing all at once.

    Left out are a net whose heads alone were trained, as it has the flow of the net that they were
    put on, and nets of a study, which were trained to be compared with each other.
    """
    told = {card.name: card.training for card in catalog() if card.available}
    return [
        name
        for name, training in told.items()
        if training.get("flow_of") not in told and "study" not in training
    ]


def smallest() -> str:
    """The net of ``distinct`` with the fewest bytes of weights: what answers soonest."""
    cards = map(describe, distinct())
    nets = [card for card in cards if card.is_learnt and card.num_bytes]
    return min(nets, key=lambda card: card.num_bytes or 0).name


def of_study(study: str) -> list[str]:
    """The available nets that were trained for a study, such as "semantic loss"; sorted."""
    cards = (card for card in catalog() if card.available)
    return [card.name for card in cards if card.training.get("study") == study]


def catalog() -> list[ModelCard]:
    """A card of every model, sorted by name; a net without any weights has one, not available."""
    stored = stored_weights()
    ours = [
        _card(name, stored.get(name))
        for architecture in sorted(_ARCHITECTURES)
        for name in _names_of(architecture, stored)
    ]
    return sorted([*ours, *map(_own_card, _own_models().values())], key=lambda card: card.name)


def describe(name: str) -> ModelCard:
    """What is known about one model.

    Raises
    ------
    UnknownModelError
        No architecture has that name.
    WeightsError
        The architecture is known, but not this set of weights.
    """
    if name in _own_models():
        return _own_card(_own_models()[name])
    stored = stored_weights()
    if name != _require_architecture(name) and name not in stored:
        raise _missing_weights(name)
    return _card(name, stored.get(name))


def create(name: str) -> FlowModel:
    """A fresh model with its weights, ready to estimate.

    Raises
    ------
    UnknownModelError
        No architecture has that name.
    WeightsError
        The weights are missing, altered, or of another architecture.
    ModelError
        A model of one's own cannot be built or keeps not to the protocol.
    """
    if name in _own_models():
        return _own_models()[name].build()  # type: ignore[no-any-return]
    describe(name)  # refuses unknown names
    model = _ARCHITECTURES[name.partition(".")[0]].builder()
    if not isinstance(model, nn.Module):
        return model
    found = stored_weights().get(name)
    if found is None:
        raise _missing_weights(name)
    try:
        model.load_state_dict(load_state(found.folder, found.weights), strict=True)
    except RuntimeError as error:
        raise WeightsError(f"The weight file {found.weights.file} does not fit {name}.") from error
    if found.weights.passes:
        cast(Any, model).default_passes = found.weights.passes
    return model.eval()


def build_untrained(architecture: str) -> nn.Module:
    """A net with random weights, for training; never to be called pretrained.

    Raises
    ------
    UnknownModelError
        No net has that name.
    """
    model = _ARCHITECTURES[_require_architecture(architecture)].builder()
    if not isinstance(model, nn.Module):
        raise UnknownModelError(f"{architecture} is a classical method, it has nothing to train.")
    return model


def learnt_architectures() -> list[str]:
    """The architectures that have weights, sorted."""
    return [name for name in sorted(_ARCHITECTURES) if _outline(name) is not None]


def state_shapes(architecture: str) -> dict[str, tuple[torch.Size, torch.dtype]]:
    """Shape and dtype of every tensor in a net's state dict, without allocating any."""
    net = _outline(architecture)
    if net is None:
        raise UnknownModelError(f"{architecture} is a classical method, it has no weights.")
    return {name: (tensor.shape, tensor.dtype) for name, tensor in net.state_dict().items()}


@lru_cache(maxsize=64)
def _outline(architecture: str) -> nn.Module | None:
    """The net on the meta device, where tensors have shapes but no memory; None if classical."""
    with torch.device("meta"):
        model = _ARCHITECTURES[architecture].builder()
    return model if isinstance(model, nn.Module) else None


@lru_cache(maxsize=64)
def _num_params(architecture: str) -> int:
    net = _outline(architecture)
    return count_params(net) if net is not None else 0


def _names_of(architecture: str, stored: Iterable[str]) -> list[str]:
    """The names under which an architecture is listed."""
    if _outline(architecture) is None:
        return [architecture]
    return sorted(name for name in stored if name.partition(".")[0] == architecture) or [
        architecture
    ]


def _card(name: str, stored: StoredWeights | None) -> ModelCard:
    architecture = name.partition(".")[0]
    entry, net = _ARCHITECTURES[architecture], _outline(architecture)
    weights = stored.weights if stored else None
    return ModelCard(
        name=name,
        family=entry.family,
        available=weights is not None or net is None,
        is_learnt=net is not None,
        num_params=_num_params(architecture),
        num_bytes=weights.num_bytes if weights else None,
        default_iterations=getattr(net, "default_iterations", None),
        default_passes=(weights and weights.passes) or getattr(net, "default_passes", None),
        source=entry.source,
        licence=weights.licence if weights else entry.licence,
        recipe=weights.recipe if weights else "",
        data=weights.data if weights else "",
        sha256=weights.sha256 if weights else None,
        scores=weights.scores if weights else {},
        training=weights.training if weights else {},
    )


def _own_models() -> Mapping[str, OwnModel]:
    """Models of one's own by name, none of which takes one of ours."""
    own = own_models()
    if taken := sorted(own.keys() & _ARCHITECTURES.keys()):
        raise ModelError(
            f"{taken[0]} is a model of flowcore, and {own[taken[0]].source} gives one of that "
            "name too; rename its entry point."
        )
    return own


def _own_card(own: OwnModel) -> ModelCard:
    """What can be known of a model of one's own; it is built once for that."""
    is_learnt, num_params, iterations, passes = _own_facts(own)
    return ModelCard(
        name=own.name,
        family="own",
        available=True,
        is_learnt=is_learnt,
        num_params=num_params,
        num_bytes=None,
        default_iterations=iterations,
        default_passes=passes,
        source=own.source,
        licence="not stated",
        sha256=own.digest,
    )


@lru_cache(maxsize=64)
def _own_facts(own: OwnModel) -> tuple[bool, int, int | None, int | None]:
    model = own.build()
    is_learnt = isinstance(model, nn.Module)
    num_params = count_params(model) if is_learnt else 0
    passes = getattr(model, "default_passes", None)
    return is_learnt, num_params, model.default_iterations, passes


def _require_architecture(name: str) -> str:
    architecture, dot, _ = name.partition(".")
    if architecture in _ARCHITECTURES and not (dot and _outline(architecture) is None):
        return architecture
    close = difflib.get_close_matches(name, sorted(set(_known_names())), n=3)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise UnknownModelError(
        f"No model is called {name!r}.{hint} `python -m flowcore models` lists them all."
    )


def _known_names() -> Iterator[str]:
    yield from _ARCHITECTURES
    yield from available()


def _missing_weights(name: str) -> WeightsError:
    architecture, _, tag = name.partition(".")
    others = [other for other in available() if other.startswith(f"{architecture}.")]
    if not tag and others:
        return WeightsError(f"{name} alone does not say which weights; use {' or '.join(others)}.")
    full = f"{architecture}.{tag or 'things'}"
    broken = "".join(f" {fault}" for fault in broken_cards() if fault.startswith(f"{name}.json "))
    return WeightsError(
        f"The weights of {name} are not here;{broken} bring them with "
        f"`python -m flowcore weights import FILE --name {full}`."
    )
