"""The hash of the form of a view's rows: a reader whose code has another form cannot read them."""

import hashlib
from functools import cache
from typing import Any

import msgspec

from projections.engine.view import View


@cache
def form_of(view: View[Any]) -> str:
    """The hash of the form in which this code reads and writes the view's rows."""
    columns = list(zip(view.row.__struct_fields__, view.types, strict=True))
    form = msgspec.json.encode((view.table, columns, view.key, _bare(msgspec.json.schema(view.row))), order="sorted")
    return hashlib.blake2b(form, digest_size=16).hexdigest()


def _bare(schema: Any) -> Any:
    """A schema without titles and descriptions."""
    match schema:
        case dict():
            told = {"title", "description"}
            return {key: _bare(value) for key, value in schema.items() if key not in told or not isinstance(value, str)}
        case list():
            return [_bare(each) for each in schema]
        case _:
            return schema
