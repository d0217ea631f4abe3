"""A pair from files dropped together: each is recognized, and what it is can be changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from flowcore.data.roles import ROLES, Role, decode_known, guess_role, settle_roles, with_known
from flowcore.errors import FlowcoreError
from flowcore.io.frames import Decoded, decode_frames
from flowcore.io.pictures import count_pages
from flowcore.types import FramePair, UInt8Array
from pages.components.clip import Film, remember_film
from pages.components.files import decoded
from pages.components.scrubber import choose_two
from pages.components.uploads import (
    FLOWS,
    PICTURES,
    flow_of,
    frames_of,
    in_natural_order,
    plain_name,
)
from pages.components.words import as_text

__all__ = ["upload_pair"]

WHICH = ("first", "second")
MANY = 12  # files; of more, those that are taken for frames are not listed one by one


def upload_pair() -> FramePair | None:
    """The two frames that were dropped, with all that other files tell of their motion."""
    files = st.file_uploader(
        "Frames, and what is known of their motion, in one drop",
        type=sorted({*PICTURES, *FLOWS}),
        accept_multiple_files=True,
        key="frames",
        help="PNG, JPEG, WebP, TIFF, BMP, PPM, AVIF; of any depth; up to 40 million pixels. Flows: "
        ".flo, KITTI PNG, .pfm, .npy, .npz, .flo5. Masks and labels: PNG of one channel.",
    )
    if not files:
        st.caption(
            "Two frames, the first one first by name, or more to step through. Beside them, if "
            "there are: true flow, KITTI's noc flow, occlusions, Sintel's invalid, labels, KITTI's "
            "object map. Each is recognized by its name and content."
        )
        return None
    roles = _roles(files)
    swap = st.toggle("Swap the frames", key="swap")
    frames = [file for file, role in zip(files, roles, strict=True) if role == "frame"]
    pair = _frames(in_natural_order(frames), swap=swap)
    if pair is None:
        return None
    return _with_all_known(pair, _by_role(files, roles))


def _roles(files: Sequence[Any]) -> list[Role]:
    """What each file is: as recognized, until it is said otherwise."""
    guesses = [decoded(guess_role, file.getvalue(), name=plain_name(file)) for file in files]
    settled = settle_roles([file.name for file in files], guesses)
    roles = list(settled)
    with st.grid(2):
        for index, (file, role) in enumerate(zip(files, settled, strict=True)):
            if len(files) > MANY and role == "frame":
                continue
            roles[index] = st.selectbox(
                plain_name(file),
                list(ROLES),
                index=list(ROLES).index(role),
                format_func=ROLES.get,
                key=f"role-{file.file_id}-{role}",
            )
    return roles


def _frames(files: Sequence[Any], *, swap: bool) -> FramePair | None:
    labels = [plain_name(file) for file in files]
    pages: tuple[int, ...] = ()
    if len(files) == 1 and (count := decoded(count_pages, files[0].getvalue())) > 1:
        pages = choose_two(count, "page")
        files, labels = list(files) * 2, [f"{labels[0]}, page {page}" for page in pages]
    elif len(files) > 2:
        chosen = choose_two(len(files), "frame")
        if not swap:
            remember_film(_film(files, chosen))
        files, labels = [files[i] for i in chosen], [labels[i] for i in chosen]
    if len(files) != 2:
        st.info(f"Two frames are needed, {len(files)} given.")
        return None
    step = -1 if swap else 1
    files, labels, pages = files[::step], labels[::step], pages[::step]
    names = [f"The {which} frame ({label})" for which, label in zip(WHICH, labels, strict=True)]
    read = frames_of(files, names, key="value-range", pages=pages)
    first, second = labels
    return FramePair(
        *read.frames, name=f"{first} and {second}", frame_names=(first, second), notes=read.notes
    )


def _film(files: Sequence[Any], chosen: tuple[int, int]) -> Film:
    """All frames in a row, read as the two that were chosen are."""

    def load(indices: Sequence[int]) -> Sequence[UInt8Array]:
        read: Decoded = decoded(
            decode_frames,
            tuple(files[i].getvalue() for i in indices),
            names=tuple(f"The frame {plain_name(files[i])}" for i in indices),
            value_range=st.session_state.get("value-range", "auto"),
        )
        return read.frames

    return Film(" ".join(file.file_id for file in files), len(files), chosen, load)


def _by_role(files: Sequence[Any], roles: Sequence[Role]) -> dict[Role, Any]:
    """The file of each role but that of a frame; two for one are said, and left out."""
    found: dict[Role, Any] = {}
    for role in ROLES:
        if role in ("frame", "unused"):
            continue
        having = [file for file, of in zip(files, roles, strict=True) if of == role]
        if len(having) > 1:
            names = " and ".join(plain_name(file) for file in having)
            st.error(f"{names} are both taken for: {ROLES[role]}. Say what one of them is instead.")
        elif having:
            found[role] = having[0]
    return found


def _with_all_known(pair: FramePair, files: Mapping[Role, Any]) -> FramePair:
    """The pair and what the files say of it; each is refused by itself."""
    for role, file in files.items():
        name = plain_name(file)
        try:
            if role == "truth":
                known = flow_of(file, key="truth-layout")
            else:
                known = decoded(decode_known, file.getvalue(), role, name=name)
            pair = with_known(pair, role, known, name=name)
        except FlowcoreError as error:
            st.error(as_text(error))
    return pair
