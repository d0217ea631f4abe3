"""Jobs run in processes that can be killed, take turns, and leave what they returned."""

import os
import pickle

import pytest

from flowcore.errors import ConfigError
from flowcore.jobs.queue import QueueFullError
from flowcore.jobs.worker import Worker, WorkerHost, report_in
from tests.jobs import job_tasks
from tests.jobs.jobs_over import finished, is_alive
from tests.patience import wait_until


def test_a_job_returns_what_its_task_returns(queue):
    job = finished(queue.submit("sum", job_tasks.add, 2, 3))
    assert (job.state, job.result, job.progress, job.error) == ("done", 5, 1.0, "")
    assert job.seconds == job.ended - job.started > 0  # it no longer counts


def test_the_work_happens_in_one_other_process(queue):
    first = finished(queue.submit("a", job_tasks.process_id)).result
    assert first != os.getpid()
    assert finished(queue.submit("b", job_tasks.process_id)).result == first


def test_workers_import_neither_streamlit_nor_the_script_that_the_server_runs(queue):
    main, modules = finished(queue.submit("modules", job_tasks.main_and_modules)).result
    assert main.endswith("worker.py")
    assert not {"streamlit", "pytest", "flowcore.jobs.queue"} & modules


def test_progress_is_seen_while_the_job_runs(queue):
    job = queue.submit("half", job_tasks.halfway)
    wait_until(lambda: job.progress > 0)
    assert (job.state, job.progress, job.message) == ("running", 0.5, "half")
    assert job.position == 0


def test_a_partial_result_is_seen_while_the_job_runs_and_kept_when_it_is_cancelled(queue):
    job = queue.submit("part", job_tasks.partly)
    wait_until(lambda: job.partial)
    queue.cancel("part")
    assert (job.state, job.partial, job.result) == ("cancelled", b"so far", None)


def test_many_reports_end_with_the_last(queue):
    job = finished(queue.submit("count", job_tasks.count, 500))
    assert (job.result, job.message) == (500, "step 500 of 500")


def test_an_error_of_flowcore_keeps_its_sentence_and_class(queue):
    job = finished(queue.submit("bad", job_tasks.misconfigured))
    assert (job.state, job.error_type) == ("failed", ConfigError)
    assert job.error == "Scale must lie in 0.01..8, got 9."


def test_any_other_error_is_a_general_sentence_and_a_traceback_in_the_log(queue, caplog):
    job = finished(queue.submit("broken", job_tasks.broken))
    assert (job.state, job.error_type) == ("failed", None)
    assert "not foreseen" in job.error
    assert "business" not in job.error
    assert "ZeroDivisionError: a detail that is none" in caplog.text


@pytest.mark.parametrize("task", [job_tasks.unpicklable, lambda progress: None])
def test_what_cannot_be_sent_fails_and_the_queue_goes_on(queue, task):
    assert finished(queue.submit("unsendable", task)).state == "failed"
    assert finished(queue.submit("sum", job_tasks.add, 1, 1)).result == 2


def test_a_crash_is_a_sentence_and_the_queue_goes_on(queue):
    job = finished(queue.submit("crash", job_tasks.crash))
    assert job.state == "failed"
    assert "memory ran out" in job.error
    assert finished(queue.submit("sum", job_tasks.add, 1, 1)).result == 2


def test_cancelling_kills_the_process_and_the_next_job_runs(queue):
    pid = finished(queue.submit("pid", job_tasks.process_id)).result
    job = queue.submit("long", job_tasks.sleep)
    wait_until(lambda: job.state == "running")
    queue.cancel("long")
    assert job.state == "cancelled"
    wait_until(lambda: not is_alive(pid))
    assert finished(queue.submit("after", job_tasks.process_id)).result != pid


def test_cancelling_a_waiting_job_moves_the_others_up(queue):
    running = queue.submit("long", job_tasks.sleep)
    wait_until(lambda: running.state == "running")
    second, third = (queue.submit(key, job_tasks.add, 1, 1) for key in "ab")
    assert (second.position, third.position) == (1, 2)
    queue.cancel("a")
    assert (second.state, third.position) == ("cancelled", 1)
    queue.cancel("no such job")
    assert running.state == "running"


def test_a_job_that_is_asked_to_finish_returns_what_it_has(queue):
    job = queue.submit("long", job_tasks.until_asked)
    wait_until(lambda: job.progress > 0)
    assert not job.is_finishing
    queue.finish("long")
    queue.finish("long")
    assert job.is_finishing
    assert (finished(job).state, job.result) == ("done", "all so far")
    queue.finish("long")  # it is over
    queue.finish("no such job")


def test_a_job_that_was_asked_before_its_worker_had_it_is_told_so(queue, monkeypatch):
    send = Worker.send

    def send_late(worker, task, args):
        queue.finish("asked")
        send(worker, task, args)

    monkeypatch.setattr(Worker, "send", send_late)
    assert finished(queue.submit("asked", job_tasks.until_asked)).state == "done"


def test_a_waiting_job_that_is_asked_to_finish_is_cancelled(queue):
    running = queue.submit("long", job_tasks.sleep)
    wait_until(lambda: running.state == "running")
    waiting = queue.submit("sum", job_tasks.add, 1, 1)
    queue.finish("sum")
    assert (waiting.state, running.state) == ("cancelled", "running")


def test_a_request_to_finish_that_comes_too_late_is_not_for_the_next_task():
    host = WorkerHost(())
    try:
        worker = host.start_worker()
        for number in range(3):
            worker.send(job_tasks.add, (number, 1))
            assert pickle.loads(worker.receive()) == ("done", number + 1)
            worker.finish()
            worker.send(job_tasks.is_asked, ())
            assert report_in(worker.receive()) == (0.5, "", None)
            assert pickle.loads(worker.receive()) == ("done", False)
    finally:
        host.close()


def test_nothing_runs_twice(queue):
    running = queue.submit("long", job_tasks.sleep)
    waiting = queue.submit("sum", job_tasks.add, 1, 1)
    assert queue.submit("long", job_tasks.sleep) is running
    assert queue.submit("sum", job_tasks.add, 1, 1) is waiting
    queue.cancel("long")
    assert finished(waiting) is queue.submit("sum", job_tasks.add, 1, 1)
    assert queue.get("sum") is waiting


def test_a_cancelled_job_stays_until_it_is_submitted_again(queue):
    job = queue.submit("long", job_tasks.sleep)
    queue.cancel("long")
    assert queue.get("long") is job
    assert finished(queue.submit("long", job_tasks.add, 1, 1)).result == 2
    assert queue.get("unknown") is None


def test_a_dropped_job_is_as_if_it_had_never_been_asked_for(queue):
    job = queue.submit("long", job_tasks.sleep)
    queue.drop("long")
    assert job.state == "cancelled"
    assert queue.get("long") is None
    finished(queue.submit("sum", job_tasks.add, 1, 1))
    queue.drop("sum")
    assert queue.get("sum") is None
    queue.drop("no such job")


def test_two_workers_run_two_jobs_at_once(make_queue):
    queue = make_queue(num_workers=2)
    jobs = [queue.submit(key, job_tasks.sleep) for key in "ab"]
    wait_until(lambda: all(job.state == "running" for job in jobs))


def test_the_least_recently_used_result_is_dropped(make_queue):
    queue = make_queue(max_result_bytes=250_000)
    for key in "ab":
        finished(queue.submit(key, job_tasks.zeros, 100_000))
    queue.get("a")
    finished(queue.submit("c", job_tasks.zeros, 100_000))
    assert [queue.get(key) is not None for key in "abc"] == [True, False, True]
    huge = finished(queue.submit("huge", job_tasks.zeros, 300_000))
    assert queue.get("huge") is huge
    assert huge.num_bytes == len(pickle.dumps(("done", bytes(300_000)), protocol=5))
    assert queue.get("a") is queue.get("c") is None


def test_inputs_are_let_go_when_a_job_is_over(queue):
    assert finished(queue.submit("sum", job_tasks.add, 1, 1)).args == ()


def test_shutdown_leaves_no_process_and_takes_no_job(make_queue):
    queue = make_queue(num_workers=2)
    pid = finished(queue.submit("pid", job_tasks.process_id)).result
    job = queue.submit("long", job_tasks.sleep)
    queue.shutdown()
    assert job.state == "cancelled"
    wait_until(lambda: not is_alive(pid))
    with pytest.raises(QueueFullError):
        queue.submit("late", job_tasks.sleep)
    queue.shutdown()


def test_a_preload_that_fails_is_a_sentence_and_not_a_loop(make_queue, capfd):
    job = make_queue(preload=("no_such_module",)).submit("sum", job_tasks.add, 1, 1)
    assert "No worker process could be started" in finished(job).error
    assert "no_such_module" in capfd.readouterr().err


def test_a_job_that_takes_too_much_memory_is_a_sentence_and_the_next_one_runs(make_queue):
    queue = make_queue(max_worker_bytes=2**28)
    too_much = finished(queue.submit("too much", job_tasks.take, 2**29))
    assert too_much.state == "failed"
    assert too_much.error.startswith("This takes more memory than there is for it")
    assert finished(queue.submit("less", job_tasks.take, 2**26)).result == 2**26
