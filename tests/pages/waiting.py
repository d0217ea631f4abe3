"""Running a page until its jobs are over."""

from pages.components.work import shared_queue
from tests.patience import wait_until

__all__ = ["finished"]


def finished(app, *, seconds=60):
    """The page once nothing is on its way; it must show no exception."""
    queue = shared_queue("lanes")

    def is_finished():
        return not (app.get("progress") and (queue.active() or app.run().get("progress")))

    wait_until(is_finished, seconds=seconds, what="the end of the page's jobs")
    assert not app.exception
    return app
