"""A sweep on its way: the same table whatever stops it, and nothing computed twice."""

import psutil
import pytest

from flowcore.errors import SchedulerError, StoreError
from flowcore.evaluation import evaluate
from flowcore.scores import Failure, PairScore
from flowcore.store import RunStore
from flowcore.sweeps import cluster
from flowcore.sweeps.config import open_datasets
from flowcore.sweeps.identity import identity_of, require_same
from flowcore.sweeps.run import run_plan
from flowcore.types import PipelineConfig
from tests.patience import wait_until
from tests.sweeps import works


def table(store):
    """Every run and the numbers of its pairs, without what a clock has said."""
    rows = {}
    for record in store.runs():
        outcomes = store.outcomes(record.id).values()
        rows[record.facts] = (
            record.status,
            [one.metrics if isinstance(one, PairScore) else one for one in outcomes],
        )
    return rows


def test_a_sweep_is_what_a_plain_loop_gives(config, planned, store):
    done = list(run_plan(planned(store), store))
    assert len(done) == 4
    (dataset,) = open_datasets(config)
    for record in store.runs():
        assert (record.status, record.facts.sweep) == ("done", "two")
        assert record.metrics["seconds"] > 0
        assert record.metrics["peak_mb"] > 0
        plain = evaluate(dataset, record.facts.config, threads=1, runs=1)
        assert [one.metrics for one in plain] == [
            one.metrics for one in store.outcomes(record.id).values()
        ]
    before = table(store)
    assert list(run_plan(planned(store), store)) == []
    assert table(store) == before
    assert len(store.runs()) == 2


def test_scores_of_others_are_taken_over(config, planned, store):
    (dataset,) = open_datasets(config)
    list(evaluate(dataset, PipelineConfig("dis_fast"), threads=1, runs=1, store=store))
    done = list(run_plan(planned(store), store))
    assert {run.lane.title for run, _ in done} == {"dis_ultrafast"}
    assert {record.status for record in store.runs()} == {"done"}
    assert [store.count(record.id) for record in store.runs()] == [2, 2, 2]


def test_a_sweep_that_is_left_goes_on(planned, tmp_path):
    with RunStore(tmp_path / "whole.sqlite") as whole:
        list(run_plan(planned(whole), whole, work=works.count_up))
        expected = table(whole)
    with RunStore(tmp_path / "parts.sqlite") as parts:
        for num_done in range(1, 5):
            assert planned(parts).num_missing == 5 - num_done
            course = run_plan(planned(parts), parts, work=works.count_up)
            next(course)
            course.close()
            statuses = {record.status for record in parts.runs()}
            assert statuses <= {"done", "stopped"}
        assert list(run_plan(planned(parts), parts, work=works.count_up)) == []
        assert table(parts) == expected


def test_a_broken_pair_is_listed_and_tried_again(planned, store, root):
    frame = root / "set/one/frame2.png"
    whole = frame.read_bytes()
    frame.write_bytes(b"no picture")
    done = list(run_plan(planned(store), store))
    assert [one.outcome.sequence for one in done if isinstance(one.outcome, Failure)] == ["one"] * 2
    assert {record.status for record in store.runs()} == {"done"}
    assert set(store.counts().values()) == {(2, 1)}
    frame.write_bytes(whole)
    assert [one.outcome.sequence for one in run_plan(planned(store), store)] == ["one"] * 2
    assert set(store.counts().values()) == {(2, 0)}
    assert len(store.runs()) == 2


def test_a_crash_is_a_sentence(planned, store):
    done = list(run_plan(planned(store), store, work=works.crash))
    reasons = [one.outcome.reason for one in done if isinstance(one.outcome, Failure)]
    assert len(reasons) == 2
    assert "stopped without a word" in reasons[0]
    assert len(done) == 4


def test_what_is_left_is_killed(planned, store, tmp_path):
    """The process that works on a pair of a sweep which nobody waits for any more is gone."""
    course = run_plan(planned(store), store, work=works.sleep)
    next(course)
    next(course)
    wait_until((tmp_path / "pid").exists)
    process = int((tmp_path / "pid").read_text())
    course.close()
    wait_until(lambda: not psutil.pid_exists(process), what="the end of the process")
    assert {record.status for record in store.runs()} == {"stopped"}


def test_what_the_store_complains_of_stops_it(planned, store, monkeypatch):
    def full(*_):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(RunStore, "add", full)
    with pytest.raises(StoreError, match="full"):
        list(run_plan(planned(store), store, work=works.count_up))
    assert {record.error for record in store.runs()} == {"The disk is full."}


def test_workers_that_differ_are_refused(planned, store):
    identity = identity_of(["scope_035.scenes", "dis_fast"])
    assert {"code", "torch", "weights of scope_035.scenes"} <= {name for name, _ in identity.facts}
    require_same(identity, "here")
    for name in ("code", "torch", "weights of scope_035.scenes"):
        facts = tuple((key, "other" if key == name else value) for key, value in identity.facts)
        with pytest.raises(SchedulerError, match=f"worker tcp://far has another {name}: "):
            require_same(identity._replace(facts=facts), "tcp://far")


def test_a_worker_that_differs_stops_the_sweep_and_loses_nothing(planned, store, monkeypatch):
    from flowcore.sweeps import run

    monkeypatch.setattr(
        run, "identity_of", lambda models: identity_of(models)._replace(facts=(("code", "old"),))
    )
    with pytest.raises(SchedulerError, match=r"worker inproc://.* has another code"):
        list(run_plan(planned(store), store, work=works.count_up))
    assert {record.status for record in store.runs()} == {"failed"}
    monkeypatch.undo()
    assert len(list(run_plan(planned(store), store, work=works.count_up))) == 4
    assert {record.status for record in store.runs()} == {"done"}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://10.0.0.7:8786", "does not use TLS"),
        ("flow.example.org:8786", "does not use TLS"),
        ("tcp://127.0.0.1:9", "No scheduler answers"),
        ("tls://", "tls://HOST:PORT"),
    ],
)
def test_schedulers_that_cannot_be(planned, store, monkeypatch, address, words):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.2)
    with pytest.raises(SchedulerError, match=words):
        list(run_plan(planned(store), store, scheduler=address))
    assert {record.status for record in store.runs()} <= {"failed"}


def test_no_port_is_opened_to_others(planned, store):
    def listening():
        return {
            one.laddr
            for one in psutil.Process().net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        }

    before = listening()
    course = run_plan(planned(store), store, work=works.count_up)
    next(course)
    assert {address.ip for address in listening() - before} <= {"127.0.0.1"}
    course.close()
