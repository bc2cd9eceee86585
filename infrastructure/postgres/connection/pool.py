"""A pool of connections for single statements, which yields a connection or an error within seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from application.work.deadline import answered_within, at_most_s
from application.work.on_behalf import owner
from application.write.store import StoreFull, StoreUnavailable
from infrastructure.postgres.connection.connecting import bounded
from infrastructure.postgres.connection.fair_share import FairShare, ShareTaken
from infrastructure.postgres.connection.session import Session, fence_of

POOL_SIZE_MIN = 2
POOL_SIZE_MAX = 8
SHARE_MAX = POOL_SIZE_MAX // 2
"""The connections that one merchant, one operator, or all unauthenticated senders together use at a time: further
requests of the same sender wait, others do not."""
WAIT_S = 2.0
STATEMENT_TIMEOUT_MS = 10_000
CHECKED_WITHIN_S: Final = 1.0
"""The time limit of the check whether idle connections still answer."""
_PLAN_ONCE: Final = " -c plan_cache_mode=force_generic_plan"
"""One plan for all values suffices: each query is written to read one index, whatever the parameters and row counts."""

Connection = Session


class ReadPool:
    """Connections in autocommit for single statements."""

    def __init__(self, database_url: str, *, worker: str = "") -> None:
        """Items that one of the connections claims from a queue are recorded as claimed by `worker`."""
        fence = fence_of(database_url)

        async def _is_current(session: Session) -> None:
            fence.require_current(session)

        options = f"{_PLAN_ONCE} -c tallystick.worker={worker}"
        self._pool = AsyncConnectionPool(
            bounded(database_url, name="tallystick reader", statement_timeout_ms=STATEMENT_TIMEOUT_MS, options=options),
            connection_class=Session,
            min_size=POOL_SIZE_MIN,
            max_size=POOL_SIZE_MAX,
            timeout=WAIT_S,
            open=False,
            # Tried again after 1, 2, 4 … s: the next request begins anew instead, with a server that is back.
            reconnect_timeout=2.0,
            kwargs={"autocommit": True},
            check=_is_current,
        )

        self._share = FairShare(SHARE_MAX)
        self._checking: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start connecting, without a wait for the database."""
        await self._pool.open(wait=False)

    async def aclose(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
        await self._pool.close(timeout=2.0)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for the block. Raises StoreUnavailable, by the request's deadline at the latest, where the
        database does not answer before or during use, or where other requests of the sender use the sender's share."""
        try:
            async with (
                self._share.one(owner(), within_s=at_most_s(WAIT_S)),
                self._pool.connection(timeout=at_most_s(WAIT_S)) as connection,
            ):
                yield connection
        except ShareTaken as error:
            raise StoreUnavailable("others of the same sender wait for it") from error
        except psycopg.errors.DiskFull as error:
            raise StoreFull(str(error)) from error
        except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
            self._replace_broken()
            raise StoreUnavailable(str(error)) from error

    def _replace_broken(self) -> None:
        """Check all connections after one broke, and replace broken ones now, not at the cost of a request each."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())
            self._checking.add_done_callback(_ignore_outcome)

    async def _check(self) -> None:
        with answered_within(CHECKED_WITHIN_S):
            await self._pool.check()


def _ignore_outcome(checking: asyncio.Task[None]) -> None:
    """Ignore an error of the check: the next request fails with the same error."""
    if not checking.cancelled():
        checking.exception()
