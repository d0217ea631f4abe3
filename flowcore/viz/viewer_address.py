"""What a page adds to a viewer's payload: addresses of more, a color scale, a disk to drag."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from flowcore.viz.scale import Scale

__all__ = ["Disk", "address_viewer", "join_payload"]


@dataclass(frozen=True)
class Disk:
    """Something round that lies on the frames and can be dragged to another place.

    Parameters
    ----------
    x, y : float
        Its middle, px from the upper left corner of the frame: the first pixel's is 0.5, 0.5.
    radius : float
        px.
    frame : str
        Which frame shows what is to be seen while it is dragged.
    """

    x: float
    y: float
    radius: float
    frame: Literal["first", "second"] = "first"


def join_payload(header: Mapping[str, Any], body: bytes) -> bytes:
    """A payload of its two parts."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(4, "little") + text + body


def address_viewer(
    payload: bytes,
    *,
    tiles: str = "",
    clip: Sequence[Mapping[str, str]] = (),
    scale: Scale | None = None,
    disk: Disk | None = None,
) -> bytes:
    """The payload with what the page adds; it stays the same to the viewer, whose id it keeps.

    Parameters
    ----------
    payload : bytes
        Of `flowcore.viz.viewer_payload.pack_viewer`.
    tiles : str
        Where the viewer finds the tiles that the payload was packed with.
    clip : sequence of mappings
        The pairs to play, the payload's own first: each has a ``label`` in words and the ``url``
        of its payload.
    scale : Scale, optional
        In place of that which it was packed with.
    disk : Disk, optional
        To be dragged; where it is let go, its middle is picked, as if it were clicked.
    """
    end = 4 + int.from_bytes(payload[:4], "little")
    header = json.loads(payload[4:end])
    if header["tiles"] is not None:
        header["tiles"]["url"] = tiles
    if clip:
        header["clip"] = list(clip)
    if scale is not None:
        header |= {"maxMagnitude": scale.max_magnitude, "maxError": scale.max_error}
    if disk is not None:
        header["disk"] = asdict(disk)
    return join_payload(header, payload[end:])
