"""A request's body, strictly read: Litestar's own `data` would take the amount "100" for 100."""

from typing import Any, Final, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ClientException

BodyT = TypeVar("BodyT")
UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises for bytes from outside: broken JSON or another shape, broken UTF-8, endless nesting."""


async def read(request: Request[Any, Any, State], kind: type[BodyT]) -> BodyT:
    """Raises ClientException, a 400 that says what is wrong."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except UNDECODABLE as error:
        raise ClientException(str(error)) from error
