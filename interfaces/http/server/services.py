"""The parts of the system that requests use: the store, read connections, health checks, and the capabilities' own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

import psycopg
from msgspec import Struct

from application.access.merchant import Keys
from application.access.operator import OperatorKeys
from application.write.gate import Gate
from application.write.store import EventStore
from domain.history import Positioned


class ReadableStore(EventStore, Protocol):
    """The store with the reads by position that queries need."""

    async def head(self) -> int: ...

    async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]: ...

    async def at(self, positions: Sequence[int]) -> Sequence[Positioned]: ...


class Services(Struct, frozen=True, kw_only=True):
    """Every part that a request can use."""

    parts: Mapping[str, object]
    """Those of the capabilities, by the name of the routes' parameter."""
    store: ReadableStore
    gate: Gate
    keys: Keys
    operators: OperatorKeys
    reader: Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection[tuple[Any, ...]]]]
    now: Callable[[], datetime]
    is_bus_connected: Callable[[], bool]
    has_room: Callable[[], Awaitable[bool]]
    """Whether the database's disk has room. Raises StoreUnavailable."""
    has_standby: Callable[[], Awaitable[bool]]
    """Whether a standby confirms commits, where they wait for one. Raises StoreUnavailable."""
    is_disk_full: Callable[[], bool]
    """Whether this home's own disk is so full that an embedded database may have stopped for it."""
    metrics: Callable[[], Awaitable[bytes]]
    metrics_token: str
