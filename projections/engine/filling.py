"""Fresh tables are filled from the store in one pass for all: batches are read, folded and written side by side."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, NamedTuple

import psycopg

from domain.errors import described
from domain.history import Positioned
from projections.engine.projector import PoisonEvent, Source
from projections.engine.row_sql import copied, row_sql
from projections.engine.rows import Connection, Rows
from projections.engine.view import View, touches

ROWS_AT_HAND_MAX = 20_000
BATCH_EVENTS_MAX = 5_000
"""The size of a batch. Three batches are in memory: one being read, one being folded, one being written."""


class Filled(NamedTuple):
    """Rows that are not in the table yet, and rows that may be there."""

    fresh: Sequence[Any]
    changed: Sequence[Any]


class Filling:
    """A table with this one writer, which no query reads yet.

    `writer` and `reader` are two connections, so that rows can be looked up while others are being written.
    """

    def __init__(self, view: View[Any], writer: Connection, reader: Connection) -> None:
        self.view = view
        self.position = 0
        self._writer = writer
        self._rows = Rows(reader, view, at_hand_max=ROWS_AT_HAND_MAX)

    async def fold(self, events: Sequence[Positioned]) -> Filled:
        """Fold the events; the rows to write, at the latest before the batch after the next is folded. Raises
        PoisonEvent."""
        due = [event for event in events if event.position > self.position]
        if not due:
            return Filled((), ())
        try:
            touched = touches(self.view, due)
            await self._rows.load(touched)
            rows = self._rows.fold(touched)
        except psycopg.OperationalError:
            raise
        except Exception as error:
            raise self._poisoned(error) from error
        fresh = [row for key, row in rows.items() if not self._rows.is_known(key)]
        changed = [row for key, row in rows.items() if self._rows.is_known(key)]
        self._rows.keep(rows)
        self.position = due[-1].position
        return Filled(fresh, changed)

    async def write(self, filled: Filled) -> None:
        """Write the rows. Raises PoisonEvent for a value that the table cannot hold."""
        try:
            await self._write(filled)
        except psycopg.DataError as error:
            raise self._poisoned(error) from error

    def _poisoned(self, error: Exception) -> PoisonEvent:
        where = f"an event around position {self.position} cannot be applied"
        return PoisonEvent(f"{self.view.name} cannot be rebuilt: {where}: {described(error)}")

    async def _write(self, filled: Filled) -> None:
        if filled.fresh:
            await self._copy(filled.fresh)
        if filled.changed:
            await self._upsert(filled.changed)

    async def _copy(self, rows: Sequence[Any]) -> None:
        async with self._writer.cursor().copy(row_sql(self.view).copy) as copy:
            copy.set_types(self.view.types)
            for row in rows:
                await copy.write_row(copied(self.view, row))

    async def _upsert(self, rows: Sequence[Any]) -> None:
        await Rows(self._writer, self.view).upsert(rows)


@contextmanager
def no_collecting() -> Iterator[None]:
    """Disable cyclic garbage collection in the block: events and rows form no cycles, and each collection would visit
    all of them."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


async def fill(
    fillings: Sequence[Filling],
    source: Source,
    *,
    up_to: int | None = None,
    batch_events_max: int = BATCH_EVENTS_MAX,
    on_advance: Callable[[int], None] = lambda _position: None,
) -> None:
    """Bring all tables to the event at `up_to`; without `up_to`, until the store has less than a whole batch left.
    Tables that are ahead of the others skip the events that they have."""
    writing: asyncio.Task[None] | None = None
    try:
        begin = min(filling.position for filling in fillings)
        async with aclosing(_read_ahead(source, begin, up_to, batch_events_max)) as batches:
            async for events in batches:
                filled = []
                for filling in fillings:
                    filled.append(await filling.fold(events))
                    await asyncio.sleep(0)  # So that the writing of the batch before proceeds.
                if writing is not None:
                    await writing
                writing = asyncio.create_task(_write(fillings, filled))
                on_advance(events[-1].position)
        if writing is not None:
            await writing
    finally:
        if writing is not None:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)


async def _write(fillings: Sequence[Filling], filled: Sequence[Filled]) -> None:
    for filling, of_it in zip(fillings, filled, strict=True):
        await filling.write(of_it)


async def _read_ahead(
    source: Source, position: int, up_to: int | None, events_max: int
) -> AsyncGenerator[Sequence[Positioned], None]:
    """Batches of events after `position`; the next batch is read while the caller works on the present one."""
    reading = asyncio.create_task(_read(source, position, up_to, events_max))
    try:
        while events := await reading:
            if len(events) == events_max:
                reading = asyncio.create_task(_read(source, events[-1].position, up_to, events_max))
                yield events
            else:
                yield events
                return
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _read(source: Source, position: int, up_to: int | None, events_max: int) -> Sequence[Positioned]:
    if up_to is not None and position >= up_to:
        return ()
    events = await source.after(position, events_max=events_max)
    return events if up_to is None else [event for event in events if event.position <= up_to]
