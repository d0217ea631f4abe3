"""The application as it is, with small bursts and one address more: what is on its way.

``DELETE /test/jobs`` drops the jobs that wait or run. It answers with a JSON list: their keys, and
what may still ask for more, which are pages that are open and threads in which scripts run; the
script of a page that was closed runs to its end. Run by ``uvicorn --factory``.
"""

import threading

from starlette.responses import JSONResponse
from streamlit import runtime

from app import app as product
from flowcore.data import bursts
from pages.components.work import shared_queue

JOBS = "/test/jobs"
SCRIPT = "ScriptRunner"  # how Streamlit's names of such threads begin


def build():
    """The application; bursts are small from now on in this process."""
    bursts._SAMPLE_SIZE = 64
    return app


async def app(scope, receive, send):
    if scope.get("path") != JOBS:
        await product(scope, receive, send)
        return
    # In the order in which one leads to the next, or a job might come in between.
    sessions = runtime.get_instance()._session_mgr.list_active_sessions()
    pages = [f"page {session.session.id}" for session in sessions]
    scripts = [thread.name for thread in threading.enumerate() if thread.name.startswith(SCRIPT)]
    queues = shared_queue("lanes"), shared_queue("files")
    active = [(queue, job.key) for queue in queues for job in queue.active()]
    for queue, key in active:
        queue.drop(key)
    await JSONResponse([*pages, *scripts, *(key for _, key in active)])(scope, receive, send)
