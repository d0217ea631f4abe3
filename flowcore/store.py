"""What was run, in one SQLite file: every run with its settings, every pair with its numbers.

A score is kept under its content key, so that nothing is computed twice; a run lists the scores of
its pairs, or why there is none. Many processes may write at once, and whoever reads never waits
(write-ahead log).
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import platformdirs

from flowcore.errors import StoreError
from flowcore.run_records import (
    FACT_NAMES,
    RunFacts,
    RunRecord,
    config_text,
    machine,
    record_of,
    score_of,
    versions,
)
from flowcore.scores import Failure, PairScore, Tally
from flowcore.store_schema import in_one_piece, prepare

__all__ = ["RunFacts", "RunRecord", "RunStore", "default_path"]

_PATIENCE_SECONDS = 60  # for another process that is writing
_TOLD_APART = [name for name in FACT_NAMES if name != "num_pairs"]
_SAME = " AND ".join(f"{name} IS ?" for name in _TOLD_APART)


class RunStore:
    """The runs in one file, or in memory alone; close it, or use it as a context.

    Parameters
    ----------
    path : Path, optional
        Made where it is missing; its folder has to be there.

    Raises
    ------
    StoreError
        It cannot be opened, is no run store, or was written by a newer Flowscope. All methods:
        it cannot be read or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._name = "the run store" if path is None else str(path)
        with self._in_words():
            self._file = sqlite3.connect(
                ":memory:" if path is None else path, _PATIENCE_SECONDS, isolation_level=None
            )
            try:
                prepare(self._file, self._name)
            except BaseException:
                self._file.close()
                raise

    def __enter__(self) -> "RunStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def begin(self, facts: RunFacts) -> int:
        """The number of a new run."""
        row = {
            **{name: getattr(facts, name) for name in FACT_NAMES},
            "model": facts.config.model,
            "config": config_text(facts.config),
            "status": "running",
            "versions": json.dumps(versions()),
            "machine": json.dumps(machine()),
            "process": os.getpid(),
        }
        names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        with self._in_words():
            done = self._file.execute(
                f"INSERT INTO runs ({names}, started) VALUES ({places}, datetime('now'))",  # noqa: S608
                row,
            )
        assert done.lastrowid is not None
        return done.lastrowid

    def go_on(self, run: int) -> None:
        """That a run which was stopped is worked on again, by this process."""
        with self._in_words():
            self._file.execute(
                "UPDATE runs SET status = 'running', error = '', process = ?, machine = ?"
                " WHERE id = ?",
                (os.getpid(), json.dumps(machine()), run),
            )

    def find(self, key: str, dataset: str, sequence: str) -> PairScore | None:
        """The score of that content key, under these names."""
        with self._in_words():
            row = self._file.execute(
                "SELECT metrics, timing, suspicions FROM scores WHERE key = ?", (key,)
            ).fetchone()
        return row and score_of(dataset, sequence, *row)

    def has(self, key: str) -> bool:
        """Whether there is a score of that content key."""
        with self._in_words():
            row = self._file.execute("SELECT 1 FROM scores WHERE key = ?", (key,)).fetchone()
        return row is not None

    def add(self, run: int, position: int, outcome: PairScore | Failure, key: str = "") -> None:
        """Keep what became of a pair, in full or not at all; a score under its content key."""
        names = run, position, outcome.dataset, outcome.sequence
        with self._in_words(), in_one_piece(self._file):
            if isinstance(outcome, Failure):
                self._file.execute(
                    "INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?, NULL, ?)",
                    (*names, outcome.reason),
                )
                return
            timing = json.dumps(asdict(outcome.timing)) if outcome.timing else None
            self._file.execute(
                "INSERT OR IGNORE INTO scores VALUES (?, ?, ?, ?)",
                (key, json.dumps(outcome.metrics), timing, json.dumps(outcome.suspicions)),
            )
            self._file.execute(
                "INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?, ?, NULL)", (*names, key)
            )

    def take_over(
        self, run: int, there: Mapping[int, tuple[str, str, str]], num_pairs: int
    ) -> None:
        """List scores of the store as those of a run: data set, sequence, key, by position.

        The run has ``num_pairs`` from now on; what it listed beyond them is forgotten.
        """
        rows = [(run, position, *names) for position, names in there.items()]
        with self._in_words(), in_one_piece(self._file):
            self._file.execute("UPDATE runs SET num_pairs = ? WHERE id = ?", (num_pairs, run))
            self._file.execute(
                "DELETE FROM pairs WHERE run = ? AND position >= ?", (run, num_pairs)
            )
            self._file.executemany(
                "INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?, ?, NULL)", rows
            )

    def tell(self, run: int, metrics: Mapping[str, float]) -> None:
        """What the pairs of a run that goes on come to so far, as `Tally` has it."""
        with self._in_words():
            self._file.execute(
                "UPDATE runs SET metrics = ? WHERE id = ?", (json.dumps(metrics), run)
            )

    def end(self, run: int, status: str, *, error: str = "") -> None:
        """That a run is over: "done", "stopped" or "failed", and why."""
        scores = [one for one in self.outcomes(run).values() if isinstance(one, PairScore)]
        metrics = Tally(scores).means
        with self._in_words():
            self._file.execute(
                "UPDATE runs SET status = ?, error = ?, metrics = ?, ended = datetime('now'),"
                " seconds = (julianday('now') - julianday(started)) * 86400 WHERE id = ?",
                (status, error, json.dumps(metrics), run),
            )

    def runs(self) -> list[RunRecord]:
        """All runs, the latest first."""
        with self._in_words():
            cursor = self._file.execute("SELECT * FROM runs ORDER BY id DESC")
            names = [column[0] for column in cursor.description]
            return [record_of(dict(zip(names, row, strict=True))) for row in cursor]

    def latest(self, facts: RunFacts) -> RunRecord | None:
        """The last run that did this to the end; where none did, the last that did a part.

        Weights, threads and device have to be the same; the number of pairs need not.
        """
        with self._in_words():
            cursor = self._file.execute(
                f"SELECT * FROM runs WHERE config = ? AND {_SAME}"  # noqa: S608
                " ORDER BY status = 'done' DESC, id DESC LIMIT 1",
                (config_text(facts.config), *(getattr(facts, name) for name in _TOLD_APART)),
            )
            names, row = [column[0] for column in cursor.description], cursor.fetchone()
        return row and record_of(dict(zip(names, row, strict=True)))

    def outcomes(self, run: int) -> dict[int, PairScore | Failure]:
        """What became of the pairs of a run, by their position."""
        with self._in_words():
            rows = self._file.execute(
                "SELECT position, dataset, sequence, error, metrics, timing, suspicions FROM pairs"
                " LEFT JOIN scores USING (key) WHERE run = ? ORDER BY position",
                (run,),
            ).fetchall()
        return {
            position: Failure(dataset, sequence, error)
            if error is not None
            else score_of(dataset, sequence, *stored)
            for position, dataset, sequence, error, *stored in rows
        }

    def counts(self) -> dict[int, tuple[int, int]]:
        """Of each run that has any: how many pairs are done, and how many of them failed."""
        with self._in_words():
            rows = self._file.execute("SELECT run, count(*), count(error) FROM pairs GROUP BY run")
            return {run: (done, failed) for run, done, failed in rows}

    def delete(self, runs: Iterable[int]) -> None:
        """Forget these runs, and the scores that no other run lists; the file shrinks."""
        with self._in_words(), in_one_piece(self._file):
            self._file.executemany("DELETE FROM runs WHERE id = ?", ((run,) for run in runs))
            self._file.execute(
                "DELETE FROM scores WHERE NOT EXISTS"
                " (SELECT 1 FROM pairs WHERE pairs.key = scores.key)"
            )
        with suppress(sqlite3.Error):  # another is writing: the room is used again all the same
            self._file.execute("VACUUM")
            self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def num_bytes(self) -> int:
        """What the file takes, its log beside it left out."""
        with self._in_words():
            pages = self._file.execute("PRAGMA page_count").fetchone()[0]
            return int(pages * self._file.execute("PRAGMA page_size").fetchone()[0])

    @property
    def is_empty(self) -> bool:
        """Whether no pair has a score yet."""
        with self._in_words():
            return self._file.execute("SELECT 1 FROM scores LIMIT 1").fetchone() is None

    def count(self, run: int) -> int:
        """How many pairs of a run are done."""
        with self._in_words():
            counted = "SELECT count(*) FROM pairs WHERE run = ?"
            return int(self._file.execute(counted, (run,)).fetchone()[0])

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """A block in which what SQLite complains of becomes one sentence."""
        try:
            yield
        except sqlite3.Error as caught:
            raise StoreError(
                f"{self._name} cannot be used as a run store: {caught}. What it held is kept."
            ) from caught


def default_path() -> Path:
    """Where the app keeps its runs: ``FLOWSCOPE_STORE``, else in the user's folder for data."""
    chosen = os.environ.get("FLOWSCOPE_STORE")
    return Path(chosen) if chosen else platformdirs.user_data_path("flowscope") / "runs.sqlite"
