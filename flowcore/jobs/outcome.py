"""What becomes of a job: its task goes to a worker, its reports are taken, and its end is told."""

import logging
import pickle
from typing import Any, NamedTuple

from flowcore.errors import FlowcoreError
from flowcore.jobs.job import Job, State
from flowcore.jobs.worker import AnyWorker, report_in

__all__ = ["Outcome", "see_through"]

_LOG = logging.getLogger(__name__)

CRASHED = (
    "The process that worked on this stopped without a word: most likely memory ran out, or "
    "native code crashed. Other work goes on; a smaller size or more chunks may help."
)
NO_WORKER = "No worker process could be started; the server's log says why."
UNEXPECTED = "Something went wrong that was not foreseen; the server's log has the details."


class Outcome(NamedTuple):
    """How a job ended, the values of its attributes then, and whether its worker is still fit."""

    state: State
    values: dict[str, Any]
    is_fit: bool = False


def see_through(job: Job, worker: AnyWorker | None) -> Outcome:
    """Have the worker do the job; meanwhile its reports are the job's progress."""
    if worker is None:
        return Outcome("failed", {"error": NO_WORKER})
    try:
        worker.send(job.task, job.args)
        if job.is_finishing:
            worker.finish()  # once more: before its task, the request was read as an old one
        while (report := report_in(payload := worker.receive())) is not None:
            fraction, job.message, job.partial = report
            job.progress = min(max(fraction, 0.0), 1.0)
        message = pickle.loads(payload)  # noqa: S301  # from our own process
    except (EOFError, OSError):
        return Outcome("failed", {"error": CRASHED})
    except FlowcoreError as error:  # it could not even be sent
        return Outcome("failed", {"error": str(error), "error_type": type(error)}, True)
    except Exception:
        _LOG.exception("Job %s could not be sent, or its answer not be read.", job.key)
        return Outcome("failed", {"error": UNEXPECTED})
    if message[0] == "done":
        values = {"result": message[1], "num_bytes": len(payload), "progress": 1.0}
        return Outcome("done", values, is_fit=True)
    _, error_type, sentence, trace = message
    if trace:
        _LOG.error("Job %s failed.\n%s", job.key, trace)
    return Outcome("failed", {"error": sentence or UNEXPECTED, "error_type": error_type}, True)
