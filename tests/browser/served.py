"""The application as it is, with small bursts and one address more: what is on its way.

``GET /test/jobs`` names the jobs that wait or run; ``DELETE /test/jobs`` drops them. Both answer
with a JSON list of keys. Run by ``uvicorn --factory``.
"""

from starlette.responses import JSONResponse

from app import app as product
from flowcore.data import bursts
from pages.components.work import shared_queue

JOBS = "/test/jobs"


def build():
    """The application; bursts are small from now on in this process."""
    bursts._SAMPLE_SIZE = 64
    return app


async def app(scope, receive, send):
    if scope.get("path") != JOBS:
        await product(scope, receive, send)
        return
    queues = shared_queue("lanes"), shared_queue("files")
    active = [(queue, job.key) for queue in queues for job in queue.active()]
    if scope["method"] == "DELETE":
        for queue, key in active:
            queue.drop(key)
    await JSONResponse([key for _, key in active])(scope, receive, send)
