"""Uploaded pairs, kept for a while by their digest, so that a link or a reload finds them again."""

import functools
import threading

import cachetools
import streamlit as st

from flowcore.types import FramePair

__all__ = ["STILL", "forget_pair", "keep_pair", "linked_pair"]

MAX_BYTES = 2**29
PAIR = "pair"  # name in the address
STILL = "still"  # of one image that is set in motion


class _Store:
    """Pairs by digest, the least recently used dropped first; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pairs = cachetools.LRUCache(MAX_BYTES, getsizeof=_num_bytes)

    def put(self, pair: FramePair) -> bool:
        """Keep the pair; false where it is too large to be kept."""
        with self._lock:
            try:
                self._pairs[pair.digest] = pair
            except ValueError:
                return False
            return True

    def get(self, digest: str) -> FramePair | None:
        with self._lock:
            return self._pairs.get(digest)


def keep_pair(pair: FramePair, *, parameter: str = PAIR) -> None:
    """Keep an uploaded pair and put its digest into the address."""
    if _store().put(pair):
        st.query_params[parameter] = pair.digest


def forget_pair(*, parameter: str) -> None:
    """Take a pair out of the address."""
    st.query_params.pop(parameter, None)


def linked_pair(*, parameter: str = PAIR) -> FramePair | None:
    """The pair that the address names, if it is still here; says so where it is gone."""
    digest = st.query_params.get(parameter)
    if digest is None:
        return None
    pair = _store().get(digest)
    if pair is None:
        st.info("The frames of this link are no longer on this server: drop them again.")
    return pair


@functools.cache
def _store() -> _Store:
    return _Store()


def _num_bytes(pair: FramePair) -> int:
    parts = [pair.first, pair.second, pair.labels, pair.second_labels, pair.occluded]
    if pair.truth is not None:
        parts += [pair.truth.uv, pair.truth.valid]
    return sum(part.nbytes for part in parts if part is not None)
