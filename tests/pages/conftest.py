"""Fixtures for pages as scripts."""

import pytest

from pages.components.work import shared_queue

PURPOSES = ("lanes", "files")


@pytest.fixture(scope="session")
def session_queues(tmp_path_factory):
    """The server's queues with an empty weights folder, ended and forgotten afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOWCORE_WEIGHTS", str(tmp_path_factory.mktemp("weights")))
        yield [shared_queue(purpose) for purpose in PURPOSES]
        for purpose in PURPOSES:
            shared_queue(purpose).shutdown()
        shared_queue.cache_clear()


@pytest.fixture
def server_queues(session_queues):
    """Nothing is on its way when a test begins, and nothing is left when it ends."""
    assert [queue.active() for queue in session_queues] == [[], []]
    yield
    for queue in session_queues:
        for job in queue.active():
            queue.drop(job.key)
