"""Files that come together: which is a frame and which tells what of the motion."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from flowcore.errors import FlowcoreError, InputError, ShapeMismatchError
from flowcore.io.flow_files import FlowReading, interpret_flow
from flowcore.io.flow_png import known_in_png
from flowcore.io.frames import decode_labels, decode_mask
from flowcore.types import FramePair

__all__ = [
    "ROLES",
    "Guess",
    "Role",
    "decode_known",
    "guess_role",
    "settle_roles",
    "with_known",
]

Role: TypeAlias = Literal[
    "frame",
    "truth",
    "visible_truth",
    "occluded",
    "invalid",
    "labels",
    "second_labels",
    "objects",
    "unused",
]

ROLES: Mapping[Role, str] = MappingProxyType({
    "frame": "Frame",
    "truth": "True flow",
    "visible_truth": "True flow where visible (KITTI's noc)",
    "occluded": "Occlusions: white = hidden in the second frame",
    "invalid": "Not to be matched (Sintel's invalid)",
    "labels": "Labels: a class number per pixel",
    "second_labels": "Labels of the second frame",
    "objects": "Moving objects (KITTI's object map)",
    "unused": "Left out",
})  # fmt: skip

_FLOW_SUFFIXES = (".flo", ".pfm", ".npy", ".npz", ".flo5")
_WORDS: Mapping[str, Role] = {
    r"obj": "objects",
    r"invalid": "invalid",
    r"occ": "occluded",
    r"second.*(label|class|semantic|segm)|(label|class|semantic|segm).*second": "second_labels",
    r"label|class|semantic|segm": "labels",
}
_ONE_CHANNEL = (0, 3)  # color types of a PNG: gray, palette
_MAX_CLASSES = 64


class Guess(NamedTuple):
    """What a file seems to be; whether its name says so; of a flow PNG how many pixels it knows."""

    role: Role
    is_named: bool = False
    num_known: int = 0


def guess_role(data: bytes, *, name: str) -> Guess:
    """What a file is, by its name and its content; what cannot be read counts as a frame.

    A PNG of 16 bits whose blue only says where something is known is a flow. A PNG of one channel
    is what its name says (``occ``, ``invalid``, ``obj``, ``label``...), else by its values a mask,
    labels, or a gray frame.
    """
    stem, suffix = PurePath(name).stem.lower(), PurePath(name).suffix.lower()
    says_visible = bool(re.search(r"noc", stem))
    if suffix in _FLOW_SUFFIXES:
        return Guess("visible_truth" if says_visible else "truth", is_named=True)
    if not data.startswith(b"\x89PNG") or len(data) < 26:
        return Guess("frame")
    try:
        known = known_in_png(data, name)
        if known is not None:
            role: Role = "visible_truth" if says_visible else "truth"
            return Guess(role, says_visible, int(known.sum()))
        if data[25] not in _ONE_CHANNEL:
            return Guess("frame")
        for words, role in _WORDS.items():
            if re.search(words, stem):
                return Guess(role, is_named=True)
        num_values = np.unique(decode_labels(data, name=name)).size
    except FlowcoreError:
        return Guess("frame")
    if num_values <= 2:
        return Guess("occluded")
    return Guess("labels" if num_values <= _MAX_CLASSES else "frame")


def settle_roles(names: Sequence[str], guesses: Sequence[Guess]) -> list[Role]:
    """The roles of files that come together, as each is guessed, and as they go together.

    Two files that are no flows are two frames, whatever they look like. Of two PNGs of flow whose
    names say nothing, the one that knows less is where it is visible, as in KITTI's folders; there
    a map whose name is that of the flow holds objects.
    """
    roles = [guess.role for guess in guesses]
    flows = [i for i, role in enumerate(roles) if role in ("truth", "visible_truth")]
    if len(roles) == 2 and not flows and not any(guess.is_named for guess in guesses):
        return ["frame", "frame"]
    counted = [i for i in flows if guesses[i].num_known and not guesses[i].is_named]
    if len(flows) == len(counted) == 2:
        less, more = sorted(counted, key=lambda i: guesses[i].num_known)
        if guesses[less].num_known < guesses[more].num_known:
            roles[less] = "visible_truth"
    names_of_flows = {names[i] for i in flows if guesses[i].num_known}
    for i, guess in enumerate(guesses):
        if guess.role in ("labels", "occluded") and not guess.is_named:
            roles[i] = "objects" if names[i] in names_of_flows else guess.role
    return roles


def decode_known(data: bytes, role: Role, *, name: str, truth_format: str | None = None) -> Any:
    """What a file tells in its role: a `FlowReading`, a mask or labels, for `with_known`.

    Raises
    ------
    InputError
        It cannot be read as that.
    """
    if role in ("truth", "visible_truth"):
        return interpret_flow(data, name=name, format=truth_format)
    return (decode_mask if role in ("occluded", "invalid") else decode_labels)(data, name=name)


def with_known(pair: FramePair, role: Role, known: Any, *, name: str) -> FramePair:
    """The pair, of which more is known: what `decode_known` found in a file of that role.

    Parts come in the order of `ROLES`: what is visible needs the truth.

    Raises
    ------
    InputError
        It is of another size than the frames, a truth that knows no pixel, or the truth that it
        belongs to is not there.
    """
    is_flow = isinstance(known, FlowReading)
    size = known.flow.size if is_flow else known.shape
    if size != pair.size:
        raise ShapeMismatchError(
            f"{name} is {size[1]}x{size[0]} px, the frames are {pair.size[1]}x{pair.size[0]}."
        )
    if role == "truth":
        if not known.flow.valid.any():
            raise InputError(f"{name} knows the motion of no pixel.")
        notes = (*pair.notes, *filter(None, [known.doubt]))
        return replace(pair, truth=known.flow, notes=notes)
    if role == "labels":
        return replace(pair, labels=known)
    if role == "second_labels":
        return replace(pair, second_labels=known)
    if role == "objects":
        return replace(pair, foreground=known > 0)
    if role == "visible_truth":
        if pair.truth is None:
            raise InputError(f"{name} says what is visible of a true flow, but there is none.")
        known = pair.truth.valid & ~known.flow.valid
    hidden = known if pair.occluded is None else pair.occluded | known
    return replace(pair, occluded=hidden)
