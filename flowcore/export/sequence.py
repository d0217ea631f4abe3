"""A sequence to take away: its flow as a film, its flows as files, its numbers as a table."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

import cv2
import numpy as np
import pandas as pd

from flowcore.export.table import csv_of
from flowcore.io.flow_files import encode_flow
from flowcore.lane import weights_sha256
from flowcore.run_records import versions
from flowcore.scores import PairScore
from flowcore.types import FlowField, PipelineConfig, UInt8Array
from flowcore.viz.animation import encode_mp4, with_words
from flowcore.viz.flow_color import color_wheel, flow_to_color

__all__ = ["FRAMES_PER_SECOND", "flows_mp4", "flows_zip", "sequence_csv"]

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
    pictures = _film(moments, title, max_magnitude)
    return encode_mp4(pictures, frames_per_second=FRAMES_PER_SECOND)


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


def _film(
    moments: Iterable[tuple[UInt8Array, FlowField]], title: str, max_magnitude: float
) -> Iterator[UInt8Array]:
    wheel = color_wheel(96, max_magnitude=max_magnitude)
    size: tuple[int, int] | None = None
    for number, (frame, flow) in enumerate(moments, start=1):
        size = size or _panel(*frame.shape[:2])
        colors = flow_to_color(flow, max_magnitude=max_magnitude)
        panels = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (frame, colors)]
        yield with_words(np.concatenate(panels, 1), title, str(number), wheel)


def _panel(height: int, width: int) -> tuple[int, int]:
    """(width, height) of a picture of that size as it is drawn."""
    shrink = min(1.0, _MAX_SIDE / max(height, width))
    return max(1, round(width * shrink)), max(1, round(height * shrink))
