"""Work on its way is drawn again and again, and its end is never missed."""

import asyncio
import threading
from itertools import count

import pytest

from flowcore.jobs.job import Job
from pages.components import ticking


class RerunError(Exception):
    """The page runs again."""


@pytest.fixture(autouse=True)
def _rerun(monkeypatch):
    def rerun():
        raise RerunError

    monkeypatch.setattr(ticking.st, "rerun", rerun)
    monkeypatch.setattr(ticking, "_loops", [])


@pytest.fixture
def tick_of(monkeypatch):
    """The fragment that a call leaves on the page, and how often it is to be run again."""

    def leave(jobs, draw, **options):
        left = []

        def fragment(function, *, run_every):
            def run(*args):
                left.extend([lambda: function(*args), run_every])
                function(*args)

            return run

        monkeypatch.setattr(ticking.st, "fragment", fragment)
        ticking.redraw(jobs, draw, every=0.5, **options)
        return left

    return leave


def test_jobs_on_their_way_are_drawn_until_one_ends(tick_of):
    jobs, draws = [Job(key, print, ()) for key in "ab"], count()
    tick, every = tick_of(jobs, lambda: next(draws))
    tick()
    assert (next(draws), every) == (2, 0.5)
    jobs[0].state = "done"
    with pytest.raises(RerunError):
        tick()
    assert next(draws) == 3


def test_or_until_all_have_ended(tick_of):
    jobs = [Job(key, print, ()) for key in "ab"]
    tick, _ = tick_of(jobs, list, until=all)
    jobs[0].state = "failed"
    tick()
    jobs[1].state = "cancelled"
    with pytest.raises(RerunError):
        tick()


@pytest.mark.parametrize("jobs", [[], [Job("a", print, (), state="done")]])
def test_a_tick_that_comes_late_has_the_page_run_again(tick_of, jobs):
    tick, every = tick_of(jobs, pytest.fail)
    assert every is None
    with pytest.raises(RerunError):
        tick()


def test_a_run_ends_when_all_before_is_sent():
    loop = asyncio.new_event_loop()
    sent, may_send = [], threading.Event()
    thread = threading.Thread(target=loop.run_forever)
    ticking.serve_from(loop)
    loop.call_soon_threadsafe(lambda: sent.append(may_send.wait(60)))
    thread.start()
    threading.Timer(0.05, may_send.set).start()
    ticking.hand_over()
    assert sent == [True]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    ticking.hand_over()  # of a server that ends: nothing to wait for
