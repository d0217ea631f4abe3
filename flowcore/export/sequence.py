"""A sequence to take away: its flow as a film, its flows as files, its numbers as a table."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np
import pandas as pd

from flowcore.export.table import csv_of
from flowcore.io.flow_files import encode_flow
from flowcore.lane import weights_sha256
from flowcore.run_records import versions
from flowcore.scores import Failure, PairScore, pool
from flowcore.types import FlowField, PipelineConfig, UInt8Array
from flowcore.viz.animation import encode_mp4, with_words
from flowcore.viz.flow_color import color_wheel, flow_to_color

__all__ = [
    "FRAMES_PER_SECOND",
    "film_picture",
    "flows_mp4",
    "flows_zip",
    "sequence_csv",
    "sequence_document",
]

FRAMES_PER_SECOND = 10
_MAX_SIDE = 640  # px of a panel


def flows_mp4(
    moments: Iterable[tuple[UInt8Array, FlowField]], title: str, *, max_magnitude: float
) -> bytes:
    """First frames and the flows to their next ones side by side as an MP4, 10 pairs a second.

    Parameters
    ----------
    moments : iterable of (frame, flow)
        One is held at a time. All are drawn as large as the first, at most 640 px a side.
    title : str
        Stands above.
    max_magnitude : float
        Speed in px that has the full color, in all of them; the legend says it.

    Raises
    ------
    InputError
        There is none, or as of ``flowcore.viz.animation.encode_mp4``.
    """
    size: tuple[int, int] | None = None

    def pictures() -> Iterator[UInt8Array]:
        nonlocal size
        for number, (frame, flow) in enumerate(moments, start=1):
            size = size or (frame.shape[0], frame.shape[1])
            yield film_picture(frame, flow, title, number, size=size, max_magnitude=max_magnitude)

    return encode_mp4(pictures(), frames_per_second=FRAMES_PER_SECOND)


def film_picture(
    frame: UInt8Array,
    flow: FlowField,
    title: str,
    number: int,
    *,
    size: tuple[int, int],
    max_magnitude: float,
) -> UInt8Array:
    """One picture of `flows_mp4`: pair ``number``, drawn as frames of that ``size`` are."""
    colors = flow_to_color(flow, max_magnitude=max_magnitude)
    panel = _panel(*size)
    panels = [cv2.resize(one, panel, interpolation=cv2.INTER_AREA) for one in (frame, colors)]
    wheel = color_wheel(96, max_magnitude=max_magnitude)
    return with_words(np.concatenate(panels, 1), title, str(number), wheel)


def flows_zip(
    flows: Iterable[tuple[str, FlowField]], config: PipelineConfig, *, threads: int | None = None
) -> bytes:
    """Each flow as ``NUMBER.flo``, what it is called in ``pairs.csv``, the lane in a JSON file.

    ``flows`` are pairs' names and their flows; ``settings.json`` has config, versions and the
    weights' sha256.
    """
    packed, names = io.BytesIO(), list[dict[str, str]]()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, (name, flow) in enumerate(flows):
            file = f"{number:04d}.flo"
            archive.writestr(file, encode_flow(flow, "flo"))
            names.append({"file": file, "pair": name})
        archive.writestr("pairs.csv", csv_of(pd.DataFrame(names)))
        settings = {
            "config": asdict(config),
            "threads": threads,
            "weights_sha256": weights_sha256(config.model),
            "versions": versions(),
        }
        archive.writestr("settings.json", json.dumps(settings, indent=2))
    return packed.getvalue()


def sequence_csv(lanes: Mapping[str, Sequence[PairScore]]) -> str:
    """One row for each lane and pair, in their order, with every number that it has."""
    rows = (
        {
            "lane": title,
            "dataset": score.dataset,
            "sequence": score.sequence,
            **{key: number.value for key, number in score.metrics.items()},
        }
        for title, scores in lanes.items()
        for score in scores
    )
    return csv_of(pd.DataFrame(rows))


def sequence_document(
    model: str, name: str, first: int, outcomes: Sequence[PairScore | Failure]
) -> dict[str, Any]:
    """The same of one lane, with its means and what failed, to be written as JSON.

    ``name`` is that of the sequence, and ``first`` the number of its first pair there, from 1.
    """
    scores = [one for one in outcomes if isinstance(one, PairScore)]
    return {
        "model": model,
        "sequence": name,
        "from": first,
        "pairs": [score.as_json() for score in scores],
        "means": dict(pool(scores).means) if scores else {},
        "failed": [asdict(one) for one in outcomes if isinstance(one, Failure)],
    }


def _panel(height: int, width: int) -> tuple[int, int]:
    """(width, height) of a picture of that size as it is drawn."""
    shrink = min(1.0, _MAX_SIDE / max(height, width))
    return max(1, round(width * shrink)), max(1, round(height * shrink))
