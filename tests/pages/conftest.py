"""Fixtures for pages as scripts."""

from functools import cache

import numpy as np
import pytest
from streamlit.components.v2 import manifest_scanner

from flowcore.data.synthetic import make_pair
from pages.components.work import shared_queue

PURPOSES = ("lanes", "files")


@pytest.fixture(scope="session", autouse=True)
def _packages_are_searched_once():
    """For components, as a server does; each `AppTest` would search them again, 0.3 s long."""
    with pytest.MonkeyPatch.context() as patch:
        search = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", search)
        yield


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


@pytest.fixture(scope="module")
def pair():
    """A texture of 128x96 px that moves by (3, 1) px."""
    texture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    texture = texture.repeat(8, 0).repeat(8, 1)
    return make_pair(np.ascontiguousarray(texture), dx=3, dy=1)
