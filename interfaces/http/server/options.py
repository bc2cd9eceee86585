"""The reply to OPTIONS names every method of its path."""

from litestar.enums import MediaType
from litestar.response.base import ASGIResponse
from litestar.routes import HTTPRoute
from litestar.types import Scope


def options_reply(scope: Scope) -> ASGIResponse:
    """The reply in place of Litestar's own handlers of OPTIONS: those know the methods of the first handler of their
    path alone (litestar#4169)."""
    methods = {
        method
        for route in scope["litestar_app"].routes
        if isinstance(route, HTTPRoute) and route.path_format == scope["path_template"]
        for method in route.methods
    }
    return ASGIResponse(
        status_code=204, headers={"Allow": ", ".join(sorted(methods))}, media_type=MediaType.TEXT, encoding="utf-8"
    )
