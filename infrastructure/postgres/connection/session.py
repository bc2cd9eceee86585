"""A session is with the newest primary known to the process, and shows only commits that an awaited standby has."""

# An address can name several hosts. Each promotion of a standby raises the store's epoch: a server with a lower epoch
# than the process has seen is a former primary, however well the server answers.

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple, Self
from weakref import WeakSet

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from domain.errors import described
from infrastructure.postgres.connection.connecting import BoundedConnection, cut_off_after, shut, to_primary

CONFIRMED_WITHIN_S: Final = 1.5
"""The longest wait for the standby of a commit that only confirms a read."""
CANCELED_WITHIN_S: Final = 0.5
"""The time that a server has to end such a wait when asked."""
LOOK_WITHIN_S: Final = 2.0
LOOK_EVERY_S: Final = 1.0

_SELECT_STANDING: Final = """
SELECT epoch, NOT pg_is_in_recovery() AND current_setting('synchronous_standby_names') <> '' FROM store_identity
"""
# In the log, after every commit that can be seen. For views too, whose own commits wait for nothing.
_CONFIRM: Final = "SELECT set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'tallystick', '')"
_NO_STORE_YET: Final = (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege)
"""The errors of a database without a store, or whose roles have no privileges yet, before `tallystick migrate`."""


class FormerPrimary(psycopg.OperationalError):
    """The server is of an earlier epoch."""


class CommitUnconfirmed(psycopg.OperationalError):
    """The server has committed; whether the standby has the commit is unknown."""


class Standing(NamedTuple):
    """A server's epoch, and whether its commits wait for a standby."""

    epoch: int
    awaits_standby: bool


class Session(BoundedConnection):
    """A connection to the primary; of several hosts, each is tried within the URL's `connect_timeout`."""

    epoch: int = 0
    """The server's epoch when the session began; 0 for a database without a store."""
    is_confirmed: bool = True
    """False after a wait for the standby was ended early: a commit that the standby may lack is visible."""

    @classmethod
    async def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        """A session with the primary. Raises psycopg.OperationalError where no host is the primary."""
        fence = fence_of(conninfo)
        if fence.epoch == 0 and len(fence.hosts) > 1:
            await fence.look_around(conninfo)
        failures: list[str] = []
        for host in fence.hosts_by_promise():
            try:
                session = await super().connect(at(conninfo, host), **kwargs)
            except psycopg.OperationalError as error:
                if len(fence.hosts) == 1:
                    raise
                failures.append(described(error))
                continue
            try:
                await fence.admit(session)
            except BaseException as error:
                shut(session)
                await session.close()
                if not isinstance(error, psycopg.OperationalError):
                    raise
                failures.append(described(error))
            else:
                fence.primary = host
                return session
        raise psycopg.OperationalError(f"no host is the primary: {'; '.join(failures)}")

    def require_confirmed(self) -> None:
        """Raises CommitUnconfirmed where the wait for the standby was ended early."""
        if not self.is_confirmed:
            raise CommitUnconfirmed(
                "no standby has confirmed the commit: see docs/HIGH_AVAILABILITY.md, The standby is gone"
            )

    def _heard(self, notice: psycopg.errors.Diagnostic) -> None:
        if "synchronous replication" in (notice.message_primary or ""):
            self.is_confirmed = False


class Host(NamedTuple):
    name: str | None
    port: str | None


class Fence:
    """The servers of one store, with the epoch and the primary known to this process."""

    def __init__(self, hosts: Sequence[Host]) -> None:
        self.hosts = hosts
        self.epoch = 0
        """The highest epoch of any server so far; 0 before the first answer."""
        self.primary: Host | None = None
        """The host with which the last session began."""
        self._sessions: WeakSet[Session] = WeakSet()

    def hosts_by_promise(self) -> Sequence[Host]:
        return sorted(self.hosts, key=lambda host: host != self.primary)

    async def admit(self, session: Session) -> None:
        """Admit `session` for use. Raises FormerPrimary, and psycopg.OperationalError where the standby does not
        confirm the commits that are visible."""
        session.add_notice_handler(session._heard)
        standing = await _standing(session)
        session.epoch = standing.epoch
        self.learn(standing.epoch)
        self.require_current(session)
        if standing.awaits_standby:
            async with confirmed(session):
                await session.execute(_CONFIRM)
        await session.commit()
        self._sessions.add(session)

    def require_current(self, session: Session) -> None:
        """Raises FormerPrimary for a session of an earlier epoch."""
        if session.epoch < self.epoch:
            raise FormerPrimary(f"the server is of epoch {session.epoch}, and epoch {self.epoch} has begun")

    def learn(self, epoch: int) -> None:
        """Take note of a server's epoch; a higher one ends all sessions with former primaries at once."""
        if epoch > self.epoch:
            self.epoch = epoch
            for session in tuple(self._sessions):
                if session.epoch < epoch and not session.closed:
                    shut(session)

    async def look_around(self, conninfo: str) -> None:
        """Read the epoch of every host, standbys included."""
        await asyncio.gather(*(self._look_at(host, at(conninfo, host)) for host in self.hosts))

    async def watch(self, conninfo: str) -> None:
        """Read the epochs at intervals until cancelled, so that sessions with a hanging former primary end."""
        while len(self.hosts) > 1:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look_around(conninfo)

    async def _look_at(self, host: Host, conninfo: str) -> None:
        with suppress(psycopg.Error, TimeoutError, OSError):
            async with asyncio.timeout(LOOK_WITHIN_S):
                connection = await psycopg.AsyncConnection.connect(
                    make_conninfo(conninfo, target_session_attrs="any"), autocommit=True
                )
            try:
                with cut_off_after(LOOK_WITHIN_S, connection):
                    epoch = (await _standing(connection)).epoch
                    if epoch > self.epoch:
                        # Before sessions end: who begins one asks there first, and waits for no former primary.
                        self.primary = host
                    self.learn(epoch)
            finally:
                await connection.close()


@lru_cache(maxsize=64)
def fence_of(conninfo: str) -> Fence:
    """The process's fence for the store at that address."""
    parts = conninfo_to_dict(conninfo)
    return _fence(str(parts.get("host") or ""), str(parts.get("port") or ""), str(parts.get("dbname") or ""))


@cache
def _fence(hosts: str, ports: str, _database: str) -> Fence:
    names, numbers = hosts.split(","), ports.split(",")
    if len(numbers) == 1:
        numbers *= len(names)
    return Fence([Host(name or None, number or None) for name, number in zip(names, numbers, strict=True)])


def at(conninfo: str, host: Host) -> str:
    """`conninfo` with `host` as the only host."""
    return make_conninfo(to_primary(conninfo), host=host.name, port=host.port)


@asynccontextmanager
async def confirmed(session: Session, within_s: float = CONFIRMED_WITHIN_S) -> AsyncIterator[None]:
    """Ensure that everything read in the block is on the standby too, by the commit of the block's own statement.

    The server is asked to end the wait after `within_s` seconds, so that a standby that is gone keeps no backend
    waiting; the connection to a server that does not react is cut. Raises CommitUnconfirmed.

    Not for a statement that changes data: a wait that is ended makes the change visible.
    """
    loop = asyncio.get_running_loop()
    cancels: list[asyncio.Task[None]] = []
    timer = loop.call_later(within_s, lambda: cancels.append(loop.create_task(_cancel(session))))
    try:
        with cut_off_after(within_s + CANCELED_WITHIN_S, session):
            yield
        session.require_confirmed()
    except (TimeoutError, psycopg.errors.QueryCanceled) as error:
        raise CommitUnconfirmed("the database did not answer") from error
    finally:
        timer.cancel()
        # Nothing of it is unconfirmed but a message that says nothing.
        session.is_confirmed = True
        if cancels:
            await asyncio.gather(*cancels, return_exceptions=True)


async def _cancel(session: Session) -> None:
    with suppress(psycopg.Error):
        await session.cancel_safe(timeout=CANCELED_WITHIN_S)


async def _standing(connection: psycopg.AsyncConnection[Any]) -> Standing:
    try:
        with cut_off_after(LOOK_WITHIN_S, connection):
            [row] = await (await connection.execute(_SELECT_STANDING)).fetchall()
    except _NO_STORE_YET:
        await connection.rollback()
        return Standing(0, awaits_standby=False)
    except TimeoutError as error:
        raise psycopg.OperationalError("the database did not answer") from error
    return Standing(*row)
