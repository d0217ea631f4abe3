"""Waiting for jobs, and whether their processes live."""

import psutil

from tests.patience import wait_until


def finished(job):
    wait_until(lambda: job.is_over)
    return job


def is_alive(pid):
    """Not a zombie either: an orphan waits for init to clear it away."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
