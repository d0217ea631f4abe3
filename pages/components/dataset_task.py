"""What worker processes do with data sets; free of streamlit, so that they start quickly."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from flowcore.data.datasets import Dataset, Pair
from flowcore.errors import FlowcoreError
from flowcore.evaluation import evaluate, facts_of
from flowcore.io.frames import encode_frame
from flowcore.store import RunStore
from flowcore.types import PipelineConfig

__all__ = ["Course", "evaluate_lane", "thumbnails"]


class Course(NamedTuple):
    """A run of the store, and whether it came to its end: others may have had a turn meanwhile."""

    run: int
    is_complete: bool


def evaluate_lane(
    progress: Callable[[float, str], bool],
    dataset: Dataset,
    config: PipelineConfig,
    threads: int,
    path: Path,
    continued: int | None,
) -> Course:
    """One lane over a data set, into the store at ``path``; goes on with a run if asked to.

    Comes to its end early when it is asked to finish, so that others get a turn.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with RunStore(path) as store:
        run = (
            store.begin(facts_of(dataset, config, threads=threads))
            if continued is None
            else continued
        )
        course = evaluate(dataset, config, threads=threads, runs=1, store=store, continued=run)
        done, count = 0, len(dataset.pairs)
        progress(0.0, f"pair 1 of {count}")
        for done, _ in enumerate(course, 1):
            if progress(done / count, f"pair {min(done + 1, count)} of {count}") and done < count:
                course.close()
                break
        return Course(run, done == count)


def thumbnails(pairs: Sequence[Pair], height: int) -> list[bytes | None]:
    """The first frame of each pair as a small JPEG; None of one that cannot be read."""
    return [_thumbnail(pair, height) for pair in pairs]


def _thumbnail(pair: Pair, height: int) -> bytes | None:
    try:
        frame = pair.first_frame()
    except FlowcoreError:
        return None
    width = max(1, round(height * frame.shape[1] / frame.shape[0]))
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return encode_frame(np.asarray(small, np.uint8), format="jpeg")
