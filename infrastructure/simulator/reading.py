"""The body of a request is read strictly, because Litestar's own `data` would accept the text "100" as an amount."""

from typing import Any, Final, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ClientException

BodyT = TypeVar("BodyT")
UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The errors of msgspec for untrusted bytes: broken JSON, a wrong structure, broken UTF-8, endless nesting."""


async def read(request: Request[Any, Any, State], kind: type[BodyT]) -> BodyT:
    """The decoded body of the request. Raises ClientException, a 400 that names the fault."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except UNDECODABLE as error:
        raise ClientException(str(error)) from error
