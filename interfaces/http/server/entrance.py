"""Every request for a route passes the same checks in one order: key, parameters, gate, body, room, media type."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from litestar.enums import HttpMethod, ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, Scope, Send

from application.access.merchant import KnownKey
from application.access.operator import KnownOperator
from interfaces.http.server.admission import Admission
from interfaces.http.server.auth import known_sender, needs_key
from interfaces.http.server.documented import Accepting
from interfaces.http.server.media_type import require_json
from interfaces.http.server.only_documented import OnlyDocumented
from interfaces.http.server.options import options_reply
from interfaces.http.server.services import Services

SAFE_METHODS: Final = frozenset({HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS})
"""Requests that change nothing."""
Served = TypeVar("Served")


class Entrance:
    """The checks of one process, after the route was found: `scope` has the route's handler and the path's template."""

    def __init__(self, document: dict[str, Any]) -> None:
        """`document` is the OpenAPI document."""
        self._documented = OnlyDocumented(document)
        self._admission = Admission()

    async def enter(
        self, scope: HTTPScope, receive: Receive, serve: Callable[[bytes | None], Awaitable[Served]]
    ) -> Served:
        """The result of `serve`, which is given the body where the body was received here. Sets the request's user:
        the KnownKey, or the KnownOperator.

        Raises MissingKey, UnknownKey, NotFound, ParameterInvalid, StoreClosed, StoreUnavailable, Overloaded,
        BodyTooSlow, BodyTooLarge, BodyIncomplete, MediaTypeRefused, and what `serve` raises.
        """
        headers, method, path = dict(scope["headers"]), scope["method"], scope["path"]
        user: KnownKey | KnownOperator | None = None
        services: Services = scope["litestar_app"].state.services
        if needs_key(path, method):
            authorization = headers.get(b"authorization")
            text = None if authorization is None else authorization.decode("latin-1")
            user = scope["user"] = await known_sender(services, path, text)
            scope["auth"] = None
        if scope["query_string"]:
            self._documented.check(scope)
        # A closed store answers queries and keeps providers' webhooks.
        if user is not None and method not in SAFE_METHODS:
            services.gate.require_open()
        handler = scope["route_handler"]
        if not (isinstance(handler, HTTPRouteHandler) and issubclass(handler.operation_class, Accepting)):
            return await self._admission.admit(user, scope, receive, serve)

        async def serve_json(body: bytes | None) -> Served:
            require_json(headers)
            return await serve(body)

        return await self._admission.admit(user, scope, receive, serve_json)


class EntranceLayer:
    """The checks as an ASGI layer inside Litestar's router.

    No Litestar guards: those cost every request a copy of its connection, and a sync one a thread as well.
    """

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return

        async def serve(body: bytes | None) -> None:
            app: ASGIApp = options_reply(scope) if scope["method"] == HttpMethod.OPTIONS else self._app
            await app(scope, receive if body is None else _given_once(body, receive), send)

        await self._entrance.enter(scope, receive, serve)


def _given_once(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` first, and then the messages of `receive`."""
    messages: list[HTTPReceiveMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_given() -> HTTPReceiveMessage:
        return messages.pop() if messages else await receive()  # type: ignore[return-value]

    return receive_given
