"""What a page alone knows of a viewer's payload: the addresses of more, and its own color scale."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flowcore.viz.scale import Scale

__all__ = ["address_viewer", "join_payload"]


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
    """
    end = 4 + int.from_bytes(payload[:4], "little")
    header = json.loads(payload[4:end])
    if header["tiles"] is not None:
        header["tiles"]["url"] = tiles
    if clip:
        header["clip"] = list(clip)
    if scale is not None:
        header |= {"maxMagnitude": scale.max_magnitude, "maxError": scale.max_error}
    return join_payload(header, payload[end:])
