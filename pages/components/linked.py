"""What is set in the viewer and lives in the address, kept for as long as certain frames are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import streamlit as st

from flowcore.errors import ConfigError
from pages.components.words import as_text

__all__ = ["Linked"]

T = TypeVar("T")


class _Kept(NamedTuple, Generic[T]):
    owner: object
    value: T | None
    refused: str = ""  # why what the address said could not be


@dataclass(frozen=True)
class Linked(Generic[T]):
    """A value with a name in the address.

    Parameters
    ----------
    parameter : str
        Its name there.
    write : callable
        Its text there.
    """

    parameter: str
    write: Callable[[T], str]

    def choose(self, owner: object, read: Callable[[str], T]) -> T | None:
        """The value that is set, or else the address's; None for another ``owner`` than before.

        ``read`` raises ConfigError for a text that makes no sense, which stays said until another
        value is set.
        """
        kept = self._kept()
        if kept is None:
            kept = self._read(owner, read)
        elif kept.owner != owner:
            kept = _Kept(owner, None)
        self._keep(kept)
        if kept.refused:
            st.warning(kept.refused)
        return kept.value

    def set(self, value: T | None) -> None:
        """Take a value over, or none any more; where none could be chosen, nothing is set."""
        kept = self._kept()
        if kept is not None:
            self._keep(_Kept(kept.owner, value))

    @property
    def owner(self) -> object:
        """For what the value is kept."""
        kept = self._kept()
        return kept and kept.owner

    def _read(self, owner: object, read: Callable[[str], T]) -> _Kept[T]:
        text = st.query_params.get(self.parameter)
        try:
            return _Kept(owner, None if text is None else read(text))
        except ConfigError as error:
            return _Kept(owner, None, as_text(error))

    def _kept(self) -> _Kept[T] | None:
        return st.session_state.get(f"linked-{self.parameter}")

    def _keep(self, kept: _Kept[T]) -> None:
        st.session_state[f"linked-{self.parameter}"] = kept
        text = None if kept.value is None else self.write(kept.value)
        if text is None:
            st.query_params.pop(self.parameter, None)
        elif st.query_params.get(self.parameter) != text:
            st.query_params[self.parameter] = text
