"""Opening a page, and running it until its jobs are over."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages.components.drawing import IS_DRAWN
from pages.components.work import shared_queue
from tests.patience import patient, wait_until

__all__ = ["finished", "opened"]

NAVIGATION = Path(__file__).resolve().parents[2] / "pages" / "navigation.py"


def opened(page, **query):
    """A page such as "compare" after its first run, opened from an address with that query.

    Its script need not run through Start first: each page's address is its file's name.
    """
    app = AppTest.from_file(NAVIGATION, default_timeout=patient(60))
    for key, value in query.items():
        app.query_params[key] = value
    app.session_state[IS_DRAWN] = True  # no browser is here to say so
    return app.switch_page(f"{page}.py").run()


def finished(app, *, seconds=60):
    """The page once nothing is on its way; it must show no exception."""
    queue = shared_queue("lanes")

    def is_finished():
        return not (app.get("progress") and (queue.active() or app.run().get("progress")))

    wait_until(is_finished, seconds=seconds, what="the end of the page's jobs")
    assert not app.exception
    return app
