"""What was run, in one SQLite file: every run with its settings, every pair with its numbers.

A score is kept under its content key, so that nothing is computed twice; a run lists the scores of
its pairs, or why there is none. Many processes may write at once, and whoever reads never waits
(write-ahead log).
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
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
from flowcore.scores import Failure, PairScore, pool

__all__ = ["RunFacts", "RunRecord", "RunStore", "default_path"]

_PATIENCE_SECONDS = 60  # for another process that is writing
_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY, kind TEXT NOT NULL, status TEXT NOT NULL,
            place TEXT NOT NULL, layout TEXT NOT NULL, split TEXT NOT NULL,
            model TEXT NOT NULL, config TEXT NOT NULL, weights TEXT,
            threads INTEGER, device TEXT, num_pairs INTEGER NOT NULL,
            versions TEXT NOT NULL, machine TEXT NOT NULL, process INTEGER NOT NULL,
            started TEXT NOT NULL, ended TEXT, seconds REAL, metrics TEXT, error TEXT)""",
        "CREATE INDEX runs_of_place ON runs (place, split, config)",
        """CREATE TABLE scores (
            key TEXT PRIMARY KEY, metrics TEXT NOT NULL, timing TEXT, suspicions TEXT NOT NULL)
            WITHOUT ROWID""",
        """CREATE TABLE pairs (
            run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, position INTEGER NOT NULL,
            dataset TEXT NOT NULL, sequence TEXT NOT NULL, key TEXT REFERENCES scores (key),
            error TEXT, PRIMARY KEY (run, position)) WITHOUT ROWID""",
    ),
)
"""What leads from each version of the file to the next; ``PRAGMA user_version`` counts them."""

_APPLICATION = 0x464C4F57  # "FLOW": that the file is ours


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
                self._prepare()
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
                "UPDATE runs SET status = 'running', process = ? WHERE id = ?", (os.getpid(), run)
            )

    def find(self, key: str, dataset: str, sequence: str) -> PairScore | None:
        """The score of that content key, under these names."""
        with self._in_words():
            row = self._file.execute(
                "SELECT metrics, timing, suspicions FROM scores WHERE key = ?", (key,)
            ).fetchone()
        return row and score_of(dataset, sequence, *row)

    def add(self, run: int, position: int, outcome: PairScore | Failure, key: str = "") -> None:
        """Keep what became of a pair, in full or not at all; a score under its content key."""
        names = run, position, outcome.dataset, outcome.sequence
        with self._in_words(), self._in_one_piece():
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

    def end(self, run: int, status: str, *, error: str = "") -> None:
        """That a run is over: "done", "stopped" or "failed", and why."""
        scores = [one for one in self.outcomes(run).values() if isinstance(one, PairScore)]
        metrics = pool(scores).means
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
                "SELECT * FROM runs WHERE kind = ? AND place = ? AND layout = ? AND split = ?"
                " AND config = ? AND weights IS ? AND threads IS ? AND device IS ?"
                " ORDER BY status = 'done' DESC, id DESC LIMIT 1",
                (
                    *(getattr(facts, name) for name in ("kind", "place", "layout", "split")),
                    config_text(facts.config),
                    *(getattr(facts, name) for name in ("weights", "threads", "device")),
                ),
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

    def count(self, run: int) -> int:
        """How many pairs of a run are done."""
        with self._in_words():
            counted = "SELECT count(*) FROM pairs WHERE run = ?"
            return int(self._file.execute(counted, (run,)).fetchone()[0])

    def _prepare(self) -> None:
        """The tables as this version has them."""
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")  # whole after a crash all the same
        self._file.execute("PRAGMA foreign_keys = ON")
        if self._number("user_version") == len(_MIGRATIONS):
            return
        with self._in_one_piece():
            found = self._number("user_version")  # once more: another process may have come first
            if found > len(_MIGRATIONS):
                raise StoreError(
                    f"{self._name} was written by a newer Flowscope: its version is {found}, this "
                    f"one knows them up to {len(_MIGRATIONS)}."
                )
            is_ours = self._number("application_id") == _APPLICATION
            if not is_ours and self._file.execute("SELECT 1 FROM sqlite_schema").fetchone():
                raise StoreError(f"{self._name} is a database, but no run store of Flowscope.")
            for migration in _MIGRATIONS[found:]:
                for statement in migration:
                    self._file.execute(statement)
            self._file.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
            self._file.execute(f"PRAGMA application_id = {_APPLICATION}")

    def _number(self, pragma: str) -> int:
        return int(self._file.execute(f"PRAGMA {pragma}").fetchone()[0])

    @contextmanager
    def _in_one_piece(self) -> Iterator[None]:
        """A block whose changes are all kept, or none."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

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
