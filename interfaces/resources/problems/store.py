"""The problems of an event store that cannot be used now."""

from typing import Final

from application.write.gate import StoreClosed
from application.write.store import StoreFull, StoreUnavailable, WriterBusy
from interfaces.resources.problems.problem import problem, retry_after

PROBLEMS: Final = (
    problem(
        StoreUnavailable,
        503,
        "store_unavailable",
        "The service cannot do this now",
        "The database does not answer. Ask again with the same idempotency key: nothing will be done twice.",
        headers=retry_after(1),
    ),
    problem(
        StoreFull,
        503,
        "store_full",
        "The database's disk is full",
        "The database has no room to write. Nothing of this request was done. Ask again with the same idempotency key.",
        headers=retry_after(5),
    ),
    problem(
        WriterBusy,
        503,
        "writer_busy",
        "Too much is waiting already",
        "Too much is waiting to be written. Ask again with the same idempotency key: nothing will be done twice.",
        headers=retry_after(1),
    ),
    problem(
        StoreClosed,
        503,
        "store_closed",
        "The store is closed",
        lambda e: (
            f"No commands are taken since {e.since:%Y-%m-%dT%H:%M:%SZ}, because {e.because}. Ask again later with the "
            "same idempotency key: nothing will be done twice."
        ),
        headers=retry_after(30),
    ),
)
