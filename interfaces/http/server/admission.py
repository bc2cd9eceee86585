"""A full server refuses requests at once, and finishes every request that it has admitted."""

from typing import Final

from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

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


class Limits:
    """The limits of one process over all routes, shared between merchants and operators."""

    def __init__(self) -> None:
        self.commands = Capacity(COMMANDS_MAX)
        self.queries = Capacity(QUERIES_MAX)
        self.bodies = Bodies(bodies_max=BODIES_MAX)


class Admission:
    """ASGI layer inside the router, after authentication: the path is a route, and the sender is known.

    A command counts once its body has arrived, as a client can hold its body back. Routes without a key, such as
    health and metrics, are always served.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Overloaded, BodyTooSlow, BodyTooLarge, BodyIncomplete."""
        user: KnownKey | KnownOperator | None = scope.get("user")
        if scope["type"] != ScopeType.HTTP or user is None:
            await self._app(scope, receive, send)
            return
        owner = user.merchant_id if isinstance(user, KnownKey) else user.key_id
        if TAKES_OWN_BODY in scope["route_handler"].opt:
            with on_behalf_of(owner):
                await self._app(scope, receive, send)
            return
        if scope["method"] == HttpMethod.GET:
            with self._limits.queries.one(owner), on_behalf_of(owner):
                await self._app(scope, receive, send)
            return
        body = await self._limits.bodies.read(owner, lambda: whole_body(scope, receive))
        with self._limits.commands.one(owner), on_behalf_of(owner):
            await self._app(scope, _given_once(body, receive), send)


def _given_once(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` first, and then the messages of `receive`."""
    messages: list[HTTPReceiveMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_given() -> HTTPReceiveMessage:
        return messages.pop() if messages else await receive()  # type: ignore[return-value]

    return receive_given
