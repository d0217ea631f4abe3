"""The run store: what it gives back, who may use it at once, and what it refuses."""

import dataclasses
import sqlite3
import subprocess
import sys

import pytest

from flowcore import store_schema
from flowcore.errors import StoreError
from flowcore.metrics.summary import Measurement
from flowcore.scores import Failure, PairScore, Tally
from flowcore.store import RunFacts, RunStore
from flowcore.store_schema import in_one_piece
from flowcore.types import ChunkGrid, PipelineConfig, Timing

CONFIG = PipelineConfig("dis_fast", scale=0.5, chunks=ChunkGrid(2, 3, overlap=0.1))
FACTS = RunFacts(place="/data", layout="plain", split="a", config=CONFIG, threads=2, num_pairs=2)
SCORE = PairScore(
    "a", "one", {"epe": Measurement(0.1, 48), "psnr": Measurement(float("inf"), 40)},
    Timing(0.1, 0.2, 3, 2, 0.05), ("It seems odd.",),
)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.sqlite"


def test_what_goes_in_comes_out(path):
    with RunStore(path) as store:
        run = store.begin(FACTS)
        store.add(run, 0, SCORE, "key")
        store.add(run, 1, Failure("a", "two", "It is broken."))
        store.end(run, "done")
    with RunStore(path) as store:
        (record,) = store.runs()
        assert record.facts == FACTS
        assert record.status == "done"
        assert record.metrics == {"epe": 0.1, "psnr": float("inf"), "seconds": 0.1}
        assert record.seconds >= 0
        assert {"torch", "python"} <= set(record.versions)
        assert record.machine["cores"] >= 1
        assert store.outcomes(run) == {0: SCORE, 1: Failure("a", "two", "It is broken.")}
        assert store.find("key", "a", "one") == SCORE
        assert store.find("other", "a", "one") is None


def test_the_latest_run_that_came_to_its_end(path):
    with RunStore(path) as store:
        assert store.latest(FACTS) is None
        first, second = store.begin(FACTS), store.begin(FACTS)
        assert store.latest(FACTS).id == second
        store.end(first, "done")
        assert store.latest(FACTS).id == first
        store.end(second, "stopped")
        assert store.latest(FACTS).id == first
        other = RunFacts(place="/data", layout="plain", split="a", config=CONFIG, threads=1)
        assert store.latest(other) is None


def test_runs_are_deleted_with_what_nobody_else_lists(path):
    with RunStore(path) as store:
        assert store.is_empty
        kept, gone = store.begin(FACTS), store.begin(FACTS)
        store.add(kept, 0, SCORE, "of both")
        for position in range(300):
            store.add(gone, position, SCORE, f"key {position}")
        store.add(gone, 300, SCORE, "of both")
        store.add(gone, 301, Failure("a", "two", "It is broken."))
        assert store.counts() == {kept: (1, 0), gone: (302, 1)}
        before = store.num_bytes
        store.delete([gone])
        assert [record.id for record in store.runs()] == [kept]
        assert store.counts() == {kept: (1, 0)}
        assert (store.has("of both"), store.has("key 7")) == (True, False)
        assert store.num_bytes < before
        assert not store.is_empty


def test_scores_that_are_there_are_listed_by_another_run(path):
    with RunStore(path) as store:
        first = store.begin(FACTS)
        store.add(first, 0, SCORE, "key")
        second = store.begin(FACTS)
        for position in range(3):
            store.add(second, position, Failure("a", "one", "It is broken."))
        store.take_over(second, {1: ("a", "other name", "key")}, 2)
        assert list(store.outcomes(second)) == [0, 1]
        assert store.outcomes(second)[1] == dataclasses.replace(SCORE, sequence="other name")
        assert store.runs()[0].facts.num_pairs == 2
        with pytest.raises(StoreError, match="FOREIGN KEY"):
            store.take_over(second, {0: ("a", "one", "deleted meanwhile")}, 2)


def test_a_run_tells_what_it_comes_to_on_its_way(path):
    with RunStore(path) as store:
        run = store.begin(FACTS)
        store.tell(run, Tally([SCORE, SCORE]).means)
        assert store.runs()[0].metrics == {"epe": 0.1, "psnr": float("inf"), "seconds": 0.1}


def test_a_run_whose_process_is_gone_is_stopped(path):
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as gone:
        gone.wait()
    with RunStore(path) as store:
        run = store.begin(FACTS)
        store._file.execute("UPDATE runs SET process = ?", (gone.pid,))
        store.begin(FACTS)
        assert [run.status for run in store.runs()] == ["running", "stopped"]
        store.go_on(run)
        assert store.runs()[1].status == "running"


def test_two_write_at_once_and_a_reader_never_waits(path):
    with RunStore(path) as one, RunStore(path) as other:
        runs = one.begin(FACTS), other.begin(FACTS)
        for position in range(20):
            for store, run in zip((one, other), runs, strict=True):
                store.add(run, position, SCORE, f"key {position}")
        with RunStore(path) as reader, in_one_piece(one._file):
            one._file.execute("UPDATE runs SET status = 'failed'")  # another has the write lock
            assert [reader.count(run) for run in runs] == [20, 20]
            assert {run.status for run in reader.runs()} == {"running"}
        counts = one._file.execute("SELECT count(*) FROM scores").fetchone()
        assert counts == (20,)  # no duplicate


def test_a_pair_is_kept_in_full_or_not_at_all(path):
    with RunStore(path) as store:
        run = store.begin(FACTS)
        with pytest.raises(StoreError, match="cannot be used"):
            store.add(run + 1, 0, SCORE, "key")  # there is no such run
        assert store.find("key", "a", "one") is None


def test_an_older_store_is_brought_up_to_date(path, monkeypatch):
    with RunStore(path) as store:
        store.add(store.begin(FACTS), 0, SCORE, "key")
    more = (*store_schema.MIGRATIONS, ("ALTER TABLE runs ADD COLUMN note TEXT DEFAULT ''",))
    monkeypatch.setattr(store_schema, "MIGRATIONS", more)
    with RunStore(path) as store:
        assert store.find("key", "a", "one") == SCORE
        assert store._file.execute("SELECT note FROM runs").fetchall() == [("",)]


def test_what_cannot_be_used_is_refused_in_a_sentence(path, tmp_path, monkeypatch):
    with RunStore(path):
        pass
    monkeypatch.setattr(store_schema, "MIGRATIONS", ())
    with pytest.raises(StoreError, match="written by a newer Flowscope: its version is 2"):
        RunStore(path)
    monkeypatch.undo()
    foreign = sqlite3.connect(tmp_path / "foreign.sqlite")
    foreign.execute("CREATE TABLE photos (id)")
    foreign.close()
    with pytest.raises(StoreError, match="no run store of Flowscope"):
        RunStore(tmp_path / "foreign.sqlite")
    (tmp_path / "text").write_text("no database, but text that is long enough to be read" * 9)
    with pytest.raises(StoreError, match="not a database"):
        RunStore(tmp_path / "text")
    with pytest.raises(StoreError, match="unable to open"):
        RunStore(tmp_path / "nowhere" / "runs.sqlite")


def test_a_full_disk_is_a_sentence_and_loses_nothing(path):
    with RunStore(path) as store:
        run = store.begin(FACTS)
        store.add(run, 0, SCORE, "key")
        pages = store._file.execute("PRAGMA page_count").fetchone()[0]
        store._file.execute(f"PRAGMA max_page_count = {pages}")
        long = PairScore("a", "two", SCORE.metrics, None, ("odd " * 9999,))
        with pytest.raises(StoreError, match="full"):
            store.add(run, 1, long, "long")
        assert store.outcomes(run) == {0: SCORE}
