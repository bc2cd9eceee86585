"""A full server refuses requests at once, and finishes every request that it has admitted."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from litestar.enums import HttpMethod
from litestar.types import HTTPScope, Receive

from application.access.merchant import KnownKey
from application.access.operator import KnownOperator
from application.work.on_behalf import on_behalf_of
from interfaces.http.server.bodies import Bodies, whole_body
from interfaces.http.server.capacity import Capacity

COMMANDS_MAX: Final = 768
"""Commands in hand in one process: about a second of work, and room for a provider that takes a second to answer. A
single merchant gets at most 512 of them."""
QUERIES_MAX: Final = 384
"""Queries in hand in one process, apart from commands: readers that wait for a late view exclude no payment. A single
merchant gets at most 256 of them."""
BODIES_MAX: Final = 1024
"""Bodies of commands being received at a time: at 64 KiB each no more than 64 MiB."""
TAKES_OWN_BODY: Final = "takes_own_body"
"""A route with this option receives its body itself, and limits its requests itself."""


Served = TypeVar("Served")


class Admission:
    """The last check before a route, after authentication: the sender is known.

    A command counts once its body has arrived, as a client can hold its body back. Routes without a key, such as
    health and metrics, are always served.
    """

    def __init__(self) -> None:
        self._commands = Capacity(COMMANDS_MAX)
        self._queries = Capacity(QUERIES_MAX)
        self._bodies = Bodies(bodies_max=BODIES_MAX)

    async def admit(
        self,
        user: KnownKey | KnownOperator | None,
        scope: HTTPScope,
        receive: Receive,
        serve: Callable[[bytes | None], Awaitable[Served]],
    ) -> Served:
        """The result of `serve`, which is given the body where the body was received here.

        Raises Overloaded, BodyTooSlow, BodyTooLarge, BodyIncomplete.
        """
        if user is None:
            return await serve(None)
        owner = user.merchant_id if isinstance(user, KnownKey) else user.key_id
        if TAKES_OWN_BODY in scope["route_handler"].opt:
            with on_behalf_of(owner):
                return await serve(None)
        if scope["method"] == HttpMethod.GET:
            with self._queries.one(owner), on_behalf_of(owner):
                return await serve(None)
        body = await self._bodies.read(owner, lambda: whole_body(scope, receive))
        with self._commands.one(owner), on_behalf_of(owner):
            return await serve(body)
