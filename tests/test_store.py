"""The run store: what it gives back, who may use it at once, and what it refuses."""

import sqlite3
import subprocess
import sys

import pytest

from flowcore import store as store_module
from flowcore.errors import StoreError
from flowcore.metrics.summary import Measurement
from flowcore.scores import Failure, PairScore
from flowcore.store import RunFacts, RunStore
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
        assert record.metrics == {"epe": 0.1, "psnr": float("inf")}
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
        with RunStore(path) as reader, one._in_one_piece():
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
    more = (*store_module._MIGRATIONS, ("ALTER TABLE runs ADD COLUMN note TEXT DEFAULT ''",))
    monkeypatch.setattr(store_module, "_MIGRATIONS", more)
    with RunStore(path) as store:
        assert store.find("key", "a", "one") == SCORE
        assert store._file.execute("SELECT note FROM runs").fetchall() == [("",)]


def test_what_cannot_be_used_is_refused_in_a_sentence(path, tmp_path, monkeypatch):
    with RunStore(path):
        pass
    monkeypatch.setattr(store_module, "_MIGRATIONS", ())
    with pytest.raises(StoreError, match="written by a newer Flowscope: its version is 1"):
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
