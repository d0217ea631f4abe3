"""Queues that end with their test."""

import pytest

from flowcore.jobs.queue import JobQueue


@pytest.fixture
def make_queue():
    queues = []

    def make(**settings):
        queues.append(JobQueue(**{"preload": (), **settings}))
        return queues[-1]

    yield make
    for queue in queues:
        queue.shutdown()


@pytest.fixture
def queue(make_queue):
    return make_queue()
