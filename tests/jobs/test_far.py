"""Jobs on a dask cluster: the same interface as here, and what may go wrong on the way."""

import functools
import os

import psutil
import pytest
from distributed import LocalCluster

from flowcore.errors import ConfigError, SchedulerError
from flowcore.jobs import far
from flowcore.jobs.far import FarHost
from flowcore.jobs.outcome import CRASHED
from flowcore.sweeps import cluster
from flowcore.types import PipelineConfig
from tests.jobs import job_tasks
from tests.jobs.jobs_over import finished, is_alive
from tests.patience import wait_until


@pytest.fixture(scope="module")
def address():
    options = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", host="127.0.0.1",
        scheduler_kwargs=options, worker_dashboard_address="127.0.0.1:0", memory_limit=None,
    ) as found:  # fmt: skip
        yield found.scheduler_address


@pytest.fixture
def queue(make_queue, address):
    stays = {job_tasks.main_and_modules}
    return make_queue(
        num_workers=2, host=functools.partial(FarHost, address, (), stays.__contains__)
    )


def test_results_reports_and_errors_come_back(queue):
    job = finished(queue.submit("sum", job_tasks.add, 2, 3))
    assert (job.state, job.result) == ("done", 5)
    job = queue.submit("half", job_tasks.partly)
    wait_until(lambda: job.progress == 0.5)
    assert (job.message, job.partial) == ("half", b"so far")
    queue.cancel("half")
    job = finished(queue.submit("wrong", job_tasks.misconfigured))
    assert (job.state, job.error_type) == ("failed", ConfigError)
    assert "Scale must lie" in job.error


def test_a_job_that_is_asked_to_finish_returns_what_it_has(queue):
    job = queue.submit("asked", job_tasks.until_asked)
    wait_until(lambda: job.progress == 0.5)
    queue.finish("asked")
    assert finished(job).result == "all so far"


def test_cancelling_kills_the_process_there_and_the_next_job_runs(queue, tmp_path):
    job = queue.submit("long", job_tasks.leave_id, tmp_path)
    wait_until((tmp_path / "id").exists)
    process = int((tmp_path / "id").read_text())
    queue.cancel("long")
    assert job.state == "cancelled"
    wait_until(lambda: not is_alive(process), what="the end of the process")
    assert finished(queue.submit("sum", job_tasks.add, 1, 1)).result == 2


def test_a_crash_is_a_sentence_and_the_queue_goes_on(queue):
    job = finished(queue.submit("crash", job_tasks.crash))
    assert (job.state, job.error) == ("failed", CRASHED)
    assert finished(queue.submit("sum", job_tasks.add, 1, 1)).result == 2


def test_what_needs_files_of_this_machine_stays_here(queue):
    near = finished(queue.submit("near", job_tasks.main_and_modules)).result
    assert "distributed" not in near[1]
    far = finished(queue.submit("far", job_tasks.parent_id)).result
    host = psutil.Process(far)
    assert host.ppid() == os.getpid()
    assert "flowcore.sweeps.task" in host.cmdline()


def test_a_worker_that_differs_and_weights_that_are_not_here(queue, monkeypatch):
    plain = far.identity_of
    monkeypatch.setattr(
        far, "identity_of", lambda models: plain(models)._replace(facts=(("code", "old"),))
    )
    job = finished(queue.submit("other", job_tasks.add, 1, PipelineConfig("dis_fast")))
    assert job.error_type is SchedulerError
    assert "has another code" in job.error


@pytest.fixture
def own_cluster():
    options = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1",
        scheduler_kwargs=options, worker_dashboard_address="127.0.0.1:0", memory_limit=None,
        silence_logs=50,
    ) as found:  # fmt: skip
        yield found


def test_a_job_whose_worker_ends_waits_for_another_one(make_queue, own_cluster, monkeypatch):
    monkeypatch.setattr(far, "_SILENT_SECONDS", 0.1)
    host = functools.partial(FarHost, own_cluster.scheduler_address, (), lambda task: False)
    queue = make_queue(host=host)
    job = queue.submit("long", job_tasks.partly)
    wait_until(lambda: job.progress == 0.5)
    own_cluster.scale(0)
    wait_until(lambda: "no worker" in job.message)
    assert (job.state, job.progress) == ("running", 0)
    queue.cancel("long")


def test_a_scheduler_that_is_lost_is_a_sentence(make_queue, own_cluster):
    host = functools.partial(FarHost, own_cluster.scheduler_address, (), lambda task: False)
    job = make_queue(host=host).submit("long", job_tasks.partly)
    wait_until(lambda: job.progress == 0.5)
    own_cluster.close()
    finished(job)
    assert job.error_type is SchedulerError
    assert f"The scheduler at {own_cluster.scheduler_address} is gone" in job.error


def test_no_scheduler_is_a_sentence(make_queue, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.2)
    host = functools.partial(FarHost, "tcp://127.0.0.1:9", (), lambda task: False)
    job = finished(make_queue(host=host).submit("sum", job_tasks.add, 1, 1))
    assert job.error_type is SchedulerError
    assert "No scheduler answers at tcp://127.0.0.1:9" in job.error
