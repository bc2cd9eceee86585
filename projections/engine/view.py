"""The definition of a read model: rows by key, a pure fold of events into them, and the table that keeps them."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from types import UnionType
from typing import Any, Generic, TypeVar, get_args

from msgspec import Struct

from domain.history import Positioned

Row = TypeVar("Row", bound=Struct)
Key = tuple[Hashable, ...]


class View(Struct, Generic[Row], frozen=True, kw_only=True):
    """A read model with one table, whose columns are the row's fields in their order.

    `ddl` and `indexes` name no schema, so that a rebuild runs the same SQL beside the live table. `indexes` are those
    other than the primary key; a rebuild creates them after the rows.
    """

    name: str
    table: str
    row: type[Row]
    types: tuple[str, ...]
    """The SQL type of each column, which binary COPY needs."""
    key: tuple[str, ...]
    """The fields of the primary key."""
    ddl: str
    indexes: str = ""
    takes: type | UnionType
    """The events that can change a row; `keys_of` is asked about no others."""
    keys_of: Callable[[Positioned], Iterable[Key]]
    """The keys of the rows that an event changes; none for an event that concerns no row of this view."""
    apply: Callable[[Row | None, Key, Positioned], Row]
    """The row of the key after the event, from the row before, which is None for a new row."""

    def key_of(self, row: Row) -> Key:
        return tuple(getattr(row, field) for field in self.key)


def types_taken(view: View[Any]) -> tuple[type, ...]:
    """The type of each event in the view's `takes`."""
    return get_args(view.takes) or (view.takes,)


Touches = list[tuple[Key, Positioned]]
"""The keys of touched rows, each with the event that touches the row, in order of the events."""


def touches(view: View[Row], events: Iterable[Positioned]) -> Touches:
    return [(key, event) for event in events for key in view.keys_of(event)]


def fold_touches(view: View[Row], rows: Mapping[Key, Row], touched: Touches) -> dict[Key, Row]:
    """The touched rows as they are afterwards; `rows` are the rows before."""
    changed: dict[Key, Row] = {}
    apply = view.apply
    for key, event in touched:
        changed[key] = apply(changed.get(key) or rows.get(key), key, event)
    return changed


def fold(view: View[Row], rows: Mapping[Key, Row], events: Iterable[Positioned]) -> dict[Key, Row]:
    """The rows that `events` change, as they are afterwards; `rows` are the rows before."""
    return fold_touches(view, rows, touches(view, events))
