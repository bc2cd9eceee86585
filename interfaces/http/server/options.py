"""The reply to OPTIONS names every method of its path."""

from litestar.enums import HttpMethod, MediaType, ScopeType
from litestar.response.base import ASGIResponse
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send


class OptionsReplies:
    """ASGI layer inside the router, in place of Litestar's own handlers of OPTIONS: those know the methods of the first
    handler of their path alone (litestar#4169)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != HttpMethod.OPTIONS:
            await self._app(scope, receive, send)
            return
        methods = {
            method
            for route in scope["litestar_app"].routes
            if isinstance(route, HTTPRoute) and route.path_format == scope["path_template"]
            for method in route.methods
        }
        reply = ASGIResponse(
            status_code=204, headers={"Allow": ", ".join(sorted(methods))}, media_type=MediaType.TEXT, encoding="utf-8"
        )
        await reply(scope, receive, send)
