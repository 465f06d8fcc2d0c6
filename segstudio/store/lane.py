"""The writer's lane: one thread that owns the only connection that writes, one transaction per piece of work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from segstudio.store.faults import storage_faults
from segstudio.store.place import Place

T = TypeVar("T")


class WriterLane:
    """Runs work in order, each in one transaction that is durable once its future is done, or left no trace."""

    def __init__(self, place: Place, engine: Engine, *, prepare: Callable[[Any], str] | None = None) -> None:
        """`prepare` gets the driver's connection once, outside any transaction, and says what is unusual or ""."""
        self.place = place
        self.note = ""
        self._engine = engine
        self._prepare = prepare
        self._connection: Connection | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="store")
        try:
            self._pool.submit(self._open).result()
        except BaseException:
            self._pool.shutdown()
            raise

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Queue `work`; its future raises `EnvironmentFault` where the machine refused it."""
        return self._pool.submit(self._run, work)

    def run(self, work: Callable[[Connection], T]) -> T:
        """Queue `work` and wait until it is durable."""
        return self.submit(work).result()

    def close(self) -> None:
        """Finish what is queued, fold the log into the file and let it go."""
        self._pool.submit(self._shut).result()
        self._pool.shutdown()

    def _open(self) -> None:
        with storage_faults(self.place):
            connection = self._engine.connect()
            if self._prepare is not None:
                raw = connection.connection.driver_connection
                assert raw is not None
                self.note = self._prepare(raw)
            self._connection = connection

    def _run(self, work: Callable[[Connection], T]) -> T:
        assert self._connection is not None
        with storage_faults(self.place):
            if self._connection.invalidated:  # the server went away meanwhile
                self._connection.close()
                self._connection = self._engine.connect()
            with self._connection.begin():
                return work(self._connection)

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()
