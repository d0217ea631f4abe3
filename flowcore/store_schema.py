"""The tables of the run store, and how a file of an older version comes to them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from flowcore.errors import StoreError

__all__ = ["MIGRATIONS", "in_one_piece", "prepare"]

MIGRATIONS: tuple[tuple[str, ...], ...] = (
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
    (
        "ALTER TABLE runs ADD COLUMN sweep TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN corruption TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX pairs_of_score ON pairs (key)",  # else to delete a score looks at all pairs
    ),
)
"""What leads from each version of the file to the next; ``PRAGMA user_version`` counts them."""

_APPLICATION = 0x464C4F57  # "FLOW": that the file is ours


def prepare(file: sqlite3.Connection, name: str) -> None:
    """The tables as this version has them, in the file of that name.

    Raises
    ------
    StoreError
        It is of a newer version, or somebody else's.
    """
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")  # whole after a crash all the same
    file.execute("PRAGMA foreign_keys = ON")
    if _number(file, "user_version") == len(MIGRATIONS):
        return
    with in_one_piece(file):
        found = _number(file, "user_version")  # once more: another process may have come first
        if found > len(MIGRATIONS):
            raise StoreError(
                f"{name} was written by a newer Flowscope: its version is {found}, this one knows "
                f"them up to {len(MIGRATIONS)}."
            )
        is_ours = _number(file, "application_id") == _APPLICATION
        if not is_ours and file.execute("SELECT 1 FROM sqlite_schema").fetchone():
            raise StoreError(f"{name} is a database, but no run store of Flowscope.")
        for migration in MIGRATIONS[found:]:
            for statement in migration:
                file.execute(statement)
        file.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        file.execute(f"PRAGMA application_id = {_APPLICATION}")


@contextmanager
def in_one_piece(file: sqlite3.Connection) -> Iterator[None]:
    """A block whose changes are all kept, or none."""
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        file.execute("ROLLBACK")
        raise
    file.execute("COMMIT")


def _number(file: sqlite3.Connection, pragma: str) -> int:
    return int(file.execute(f"PRAGMA {pragma}").fetchone()[0])
