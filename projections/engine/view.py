"""The definition of a read model: rows by key, a pure fold of events into them, and the table that keeps them."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from domain.history import Positioned

Row = TypeVar("Row", bound=Struct)
Key = tuple[Hashable, ...]


class View(Struct, Generic[Row], frozen=True, kw_only=True):
    """A read model with one table, whose columns are the row's fields in their order.

    `ddl` and `indexes` name no schema, so that a rebuild runs the same SQL beside the live table; the indexes, which
    are those beside the primary key, are made once the rows are there.
    """

    name: str
    table: str
    row: type[Row]
    types: tuple[str, ...]
    """The SQL type of each column, which binary COPY has to be told."""
    key: tuple[str, ...]
    """The fields that tell the rows apart: the primary key."""
    ddl: str
    indexes: str = ""
    keys_of: Callable[[Positioned], Iterable[Key]]
    """The keys of the rows that an event changes; none when it concerns no row of this view."""
    apply: Callable[[Row | None, Key, Positioned], Row]
    """The row of that key after the event, from the row before it."""

    def key_of(self, row: Row) -> Key:
        return tuple(getattr(row, field) for field in self.key)


Touches = list[tuple[Key, Positioned]]
"""Which event touches which row, in order."""


def touches(view: View[Row], events: Iterable[Positioned]) -> Touches:
    return [(key, event) for event in events for key in view.keys_of(event)]


def fold_touches(view: View[Row], rows: Mapping[Key, Row], touched: Touches) -> dict[Key, Row]:
    """The rows that are touched, after it; `rows` holds those that were there before."""
    changed: dict[Key, Row] = {}
    apply = view.apply
    for key, event in touched:
        changed[key] = apply(changed.get(key) or rows.get(key), key, event)
    return changed


def fold(view: View[Row], rows: Mapping[Key, Row], events: Iterable[Positioned]) -> dict[Key, Row]:
    """The rows that `events` change, after them; `rows` holds those that were there before."""
    return fold_touches(view, rows, touches(view, events))
