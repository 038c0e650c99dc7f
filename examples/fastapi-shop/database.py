"""A small pool of psycopg connections, and the creation of the shop's tables."""

import queue
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import psycopg
from psycopg.rows import dict_row

POOL_SIZE = 20
# A fill never takes longer than its statements may, which is what the lifetime of a generation is chosen by.
STATEMENT_TIMEOUT_MS = 10_000
# Any fixed number: instances that start together create the tables one after another.
SETUP_LOCK = 7_301_977

Row = dict[str, Any]


class Pool:
    """At most `size` connections, opened when first needed. A connection that broke is replaced."""

    def __init__(self, url: str, size: int = POOL_SIZE) -> None:
        self._url = url
        self._slots: queue.LifoQueue[psycopg.Connection[Row] | None] = queue.LifoQueue()
        for _ in range(size):
            self._slots.put(None)

    def _open(self) -> psycopg.Connection[Row]:
        return psycopg.connect(
            self._url,
            autocommit=True,
            row_factory=dict_row,
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
        )

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Row]]:
        connection = self._slots.get()
        try:
            if connection is None:
                connection = self._open()
            yield connection
        finally:
            usable = connection is not None and not connection.closed and not connection.broken
            self._slots.put(connection if usable else None)

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[Row]]:
        """Committed when the block ends, rolled back when it raises."""
        with self.connection() as connection, connection.transaction():
            yield connection

    def one(self, statement: str, parameters: tuple[Any, ...] = ()) -> Row | None:
        with self.connection() as connection:
            return connection.execute(statement, parameters).fetchone()

    def all(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[Row]:
        with self.connection() as connection:
            return connection.execute(statement, parameters).fetchall()

    def close(self) -> None:
        while True:
            try:
                connection = self._slots.get_nowait()
            except queue.Empty:
                return
            if connection is not None:
                connection.close()


def prepare(pool: Pool) -> None:
    """Creates the tables when they are missing and fills them when they are empty."""
    folder = Path(__file__).resolve().parent.parent
    with pool.transaction() as tx:
        tx.execute("SELECT pg_advisory_xact_lock(%s)", (SETUP_LOCK,))
        tx.execute((folder / "schema.sql").read_text())
        row = tx.execute("SELECT EXISTS (SELECT 1 FROM items) AS seeded").fetchone()
        if row is not None and not row["seeded"]:
            tx.execute((folder / "seed.sql").read_text())
