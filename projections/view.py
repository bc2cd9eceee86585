"""What a read model is: rows by key, a pure function that folds events into them, and the SQL that keeps them."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from domain.history import Positioned

Row = TypeVar("Row", bound=Struct)
Key = tuple[Hashable, ...]


class View(Struct, Generic[Row], frozen=True, kw_only=True):
    """A read model with one table.

    Rows travel as JSON in both directions: `select` takes the keys as a JSON array of arrays (`%(keys)s`) and gives
    one JSON array of rows; `upsert` takes such an array (`%(rows)s`); `select_all` gives every row, one JSON object
    each. None of them names a schema, so that a rebuild runs the same SQL beside the live table.
    """

    name: str
    table: str
    row: type[Row]
    ddl: str
    select: str
    select_all: str
    upsert: str
    keys_of: Callable[[Positioned], Iterable[Key]]
    """The keys of the rows that an event changes; none when it concerns no row of this view."""
    apply: Callable[[Row | None, Key, Positioned], Row]
    """The row of that key after the event, from the row before it."""
    key_of: Callable[[Row], Key]


def keys_touched(view: View[Row], events: Iterable[Positioned]) -> list[Key]:
    """Every key that `events` touch, once each."""
    return list(dict.fromkeys(key for event in events for key in view.keys_of(event)))


def fold(view: View[Row], rows: Mapping[Key, Row], events: Iterable[Positioned]) -> dict[Key, Row]:
    """The rows that `events` change, after them; `rows` holds those that were there before."""
    changed: dict[Key, Row] = {}
    for event in events:
        for key in view.keys_of(event):
            changed[key] = view.apply(changed.get(key, rows.get(key)), key, event)
    return changed
