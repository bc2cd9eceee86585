"""A closed store answers queries and keeps providers' webhooks, and refuses commands of merchants and operators."""

from typing import Final

from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from interfaces.http.server.services import Services

SAFE_METHODS: Final = frozenset({HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS})
"""Requests that change nothing."""


class CommandsWhileOpen:
    """ASGI layer inside the router, after authentication. Requests without a key, such as providers' webhooks, are
    always served."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises StoreClosed, StoreUnavailable."""
        if scope["type"] == ScopeType.HTTP and scope.get("user") and scope["method"] not in SAFE_METHODS:
            services: Services = scope["litestar_app"].state.services
            services.gate.require_open()
        await self._app(scope, receive, send)
