"""The eventsourcing library's synchronous recorder on our store, with the lock of our append function."""

from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.sql import SQL, Literal

from infrastructure.postgres import locks


class LockingRecorder(PostgresApplicationRecorder):
    """The stock recorder locks the table instead, which does not wait for the append function's advisory lock: the two
    together could show a position late."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        self.lock_table_statements = [SQL("SELECT pg_advisory_xact_lock({})").format(Literal(locks.APPEND))]
