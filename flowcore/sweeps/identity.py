"""What has to be the same wherever a part of a sweep is computed: code, libraries, weights."""

import hashlib
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import flowcore
from flowcore.errors import SchedulerError
from flowcore.lane import weights_sha256
from flowcore.run_records import versions

__all__ = ["Identity", "identity_of", "require_same"]


class Identity(NamedTuple):
    """By which a worker is known to compute what this process would: names and their values."""

    facts: tuple[tuple[str, str], ...]
    models: tuple[str, ...]


def identity_of(models: Iterable[str]) -> Identity:
    """Of this process: hash of the code, versions of the libraries, hash of each model's weights.

    Raises
    ------
    ModelError
        A model's weights are not here.
    """
    models = tuple(sorted(set(models)))
    weights = {f"weights of {name}": weights_sha256(name) or "none" for name in models}
    facts = {"code": _code_sha256(), **_versions(), **weights}
    return Identity(tuple(facts.items()), models)


@lru_cache(maxsize=8)
def require_same(wanted: Identity, where: str) -> None:
    """Check that this process, which is called ``where``, is as whoever asks wants it to be.

    Raises
    ------
    SchedulerError
        It is not; the message names the first difference.
    ModelError
        A model's weights are not here.
    """
    here = dict(identity_of(wanted.models).facts)
    for name, value in wanted.facts:
        if here.get(name) != value:
            raise SchedulerError(
                f"The worker {where} has another {name}: {here.get(name, 'none')[:12]}, expected "
                f"{value[:12]} as here. Make it the same and start again; what was done is kept."
            )


@cache
def _versions() -> dict[str, str]:
    return {**versions(), "distributed": version("distributed")}


@cache
def _code_sha256() -> str:
    """Over every module of flowcore, by name."""
    root, digest = Path(flowcore.__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if "_app" not in path.relative_to(root).parts:
            digest.update(f"{path.relative_to(root)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
