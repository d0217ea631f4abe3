"""Owners take turns, and what nobody waits for lets others past."""

import pytest

from flowcore.jobs.job import Visit
from flowcore.jobs.queue import QueueFullError
from tests.jobs import job_tasks
from tests.jobs.jobs_over import finished, is_alive
from tests.patience import wait_until


def test_a_full_queue_says_so(make_queue):
    queue = make_queue(max_queued=2)
    running = queue.submit("0", job_tasks.sleep)
    wait_until(lambda: running.state == "running")
    queue.submit("1", job_tasks.sleep)
    queue.submit("2", job_tasks.sleep)
    with pytest.raises(QueueFullError, match="2 jobs are waiting already"):
        queue.submit("3", job_tasks.sleep)
    assert queue.submit("2", job_tasks.sleep).position == 2


def test_owners_take_turns(queue):
    running = queue.submit("a0", job_tasks.sleep, visit=Visit("a"))
    wait_until(lambda: running.state == "running")
    jobs = {
        key: queue.submit(key, job_tasks.add, 1, 1, visit=Visit(key[0]))
        for key in ["a1", "a2", "a3", "b1", "b2", "c1"]
    }
    assert sorted(jobs, key=lambda key: jobs[key].position) == ["b1", "c1", "a1", "b2", "a2", "a3"]
    queue.cancel("a0")
    for job in jobs.values():
        finished(job)
    assert sorted(jobs, key=lambda key: jobs[key].ended) == ["b1", "c1", "a1", "b2", "a2", "a3"]


class Visits:
    """Who looks at what, as a page would say it: only the visits named here go on."""

    def __init__(self):
        self.going_on = set()

    def __call__(self, visit):
        return visit in self.going_on

    def come(self, visitor, number=1):
        self.going_on.add(Visit(visitor, number))
        return Visit(visitor, number)


@pytest.fixture
def visits():
    return Visits()


def test_a_job_that_nobody_looks_at_is_dropped_and_its_process_killed(make_queue, visits):
    queue = make_queue(goes_on=visits, grace=0)
    pid = finished(queue.submit("pid", job_tasks.process_id)).result
    job = queue.submit("long", job_tasks.sleep, visit=visits.come("a"))
    wait_until(lambda: job.state == "running")
    visits.going_on.clear()
    wait_until(lambda: job.state == "cancelled")
    assert queue.get("long") is None
    wait_until(lambda: not is_alive(pid))
    again = queue.submit("long", job_tasks.add, 1, 1, visit=visits.come("a", 2))
    assert finished(again).result == 2


def test_a_job_that_nobody_ever_looked_at_runs_to_its_end(make_queue, visits):
    queue = make_queue(goes_on=visits, grace=0)
    assert finished(queue.submit("slow", job_tasks.nap, 1.2)).result == "awake"


def test_a_job_is_kept_while_anyone_looks(make_queue, visits):
    queue = make_queue(goes_on=visits, grace=0)
    first, second = visits.come("a"), visits.come("b")
    job = queue.submit("long", job_tasks.sleep, visit=first)
    assert queue.get("long", second) is job
    visits.going_on.remove(first)
    queue.submit("other", job_tasks.sleep, visit=second)  # sees who looks
    assert job.abandoned is None
    visits.going_on.remove(second)
    wait_until(lambda: job.is_over)


def test_a_reload_within_the_grace_finds_the_job(make_queue, visits):
    queue = make_queue(goes_on=visits, grace=1e6)
    job = queue.submit("long", job_tasks.sleep, visit=visits.come("a"))
    wait_until(lambda: job.state == "running")
    visits.going_on.clear()
    wait_until(lambda: job.abandoned is not None)
    assert queue.get("long", visits.come("b")) is job
    assert (job.state, job.abandoned) == ("running", None)


def test_a_job_may_have_a_grace_of_its_own(make_queue, visits):
    queue = make_queue(num_workers=2, goes_on=visits, grace=0)
    visit = visits.come("a")
    short = queue.submit("short", job_tasks.sleep, visit=visit)
    long = queue.submit("long", job_tasks.sleep, visit=visit, grace=1e6)
    visits.going_on.clear()
    wait_until(lambda: short.is_over)
    assert not long.is_over


def test_a_quick_job_does_not_wait_behind_abandoned_ones(make_queue, visits):
    queue = make_queue(goes_on=visits, grace=1e6)
    left = [queue.submit(key, job_tasks.sleep, visit=visits.come("a")) for key in "xyz"]
    wait_until(lambda: left[0].state == "running")
    visits.going_on.clear()
    quick = queue.submit("quick", job_tasks.add, 1, 1, visit=visits.come("b"))
    assert quick.position == 1
    queue.get("x")  # by a script: nobody waits for it because of that
    assert left[0].abandoned is not None
    queue.drop("x")  # as at the end of its grace
    assert finished(quick).result == 2
    assert left[1].started is left[2].started is None


def test_what_was_abandoned_and_is_looked_at_again_keeps_its_turn(make_queue, visits):
    queue = make_queue(goes_on=visits, grace=1e6)
    running = queue.submit("run", job_tasks.sleep, visit=visits.come("a"))
    wait_until(lambda: running.state == "running")
    first = queue.submit("first", job_tasks.add, 1, 1, visit=visits.come("b"))
    visits.going_on.remove(Visit("b", 1))
    second = queue.submit("second", job_tasks.add, 1, 1, visit=visits.come("c"))
    assert (second.position, first.position) == (1, 2)
    queue.get("first", visits.come("b", 2))
    assert (first.position, second.position) == (1, 2)


def test_one_owner_cannot_fill_the_queue_for_all(make_queue, visits):
    queue = make_queue(goes_on=visits, grace=1e6, max_queued=4, max_queued_each=2)
    visit = visits.come("a")
    running = queue.submit("0", job_tasks.sleep, visit=visit)
    wait_until(lambda: running.state == "running")
    waiting = [queue.submit(key, job_tasks.sleep, visit=visit) for key in "12"]
    with pytest.raises(QueueFullError, match="2 of your jobs are waiting"):
        queue.submit("3", job_tasks.sleep, visit=visit)
    assert queue.submit("4", job_tasks.sleep, visit=visits.come("b")).position == 1
    visits.going_on.remove(visit)  # on to another page
    assert queue.submit("5", job_tasks.sleep, visit=visits.come("a", 2)).state == "queued"
    queue.submit("6", job_tasks.sleep, visit=visits.come("c"))
    assert [job.is_over for job in waiting] == [False, True]  # it made room


def test_one_owner_cannot_take_every_worker(make_queue):
    queue = make_queue(num_workers=2, max_running_each=1)
    slow = [queue.submit(key, job_tasks.sleep, visit=Visit("a")) for key in ("a1", "a2")]
    wait_until(lambda: slow[0].state == "running")
    assert finished(queue.submit("b1", job_tasks.add, 1, 1, visit=Visit("b"))).result == 2
    assert [job.state for job in slow] == ["running", "queued"]
    queue.cancel("a1")
    wait_until(lambda: slow[1].state == "running")
    scripts = [queue.submit(key, job_tasks.halfway) for key in ("s1", "s2")]
    queue.cancel("a2")
    wait_until(lambda: all(job.state == "running" for job in scripts))  # nobody's: not bounded
