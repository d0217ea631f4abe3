"""What children of a sweep do in tests instead of estimating."""

import os
import signal
import time

from flowcore.errors import FlowcoreError
from flowcore.evaluation import score_key
from flowcore.metrics.summary import Measurement
from flowcore.scores import Failure, PairScore
from flowcore.sweeps.task import Measured, prepared

__all__ = ["count_up", "crash", "listed", "sleep"]


def count_up(_progress, task):
    """A number of its own for each lane and pair, under the content key that it would have."""
    value = float(100 * len(task.lane.title) + task.position)
    score = PairScore(task.files.dataset, task.files.sequence, {"epe": Measurement(value, 1)}, None)
    pair = prepared(task.files, task.lane.corruption)
    return Measured(score, score_key(pair, task.lane.config, threads=task.threads))


def listed(progress, task):
    """The same; a pair that cannot be read is listed."""
    try:
        return count_up(progress, task)
    except FlowcoreError as error:
        return Measured(Failure(task.files.dataset, task.files.sequence, str(error)))


def crash(progress, task):
    """The first pair takes its process with it."""
    if task.position == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return count_up(progress, task)


def sleep(_progress, task):
    """The second pair takes for ever; its process leaves its number beside the pairs."""
    if task.position == 0:
        return count_up(_progress, task)
    folder = task.files.first.parents[3]
    with open(os.path.join(folder, "draft"), "w") as file:
        file.write(str(os.getpid()))
    os.replace(file.name, os.path.join(folder, "pid"))
    time.sleep(3600)
    return Measured(Failure("", "", ""))
