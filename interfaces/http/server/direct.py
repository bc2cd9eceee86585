"""A route whose arguments need no conversion is called without Litestar's own layers; the reply is the same, byte for
byte."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import Enum
from typing import Any, cast

from litestar import Litestar, Request, Response
from litestar.enums import MediaType, ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter, QueryParameter
from litestar.routes import HTTPRoute
from litestar.types import HTTPScope, Receive, Scope, Send
from litestar.typing import FieldDefinition
from msgspec import Struct

from interfaces.http.server.entrance import Entrance
from interfaces.http.server.parts import Part

Arguments = Mapping[str, Callable[[Request[Any, Any, Any], bytes | None], Any]]
"""How each argument of a route is made of the request and its body."""


class DirectRoute(Struct, frozen=True):
    """`status` is the status of a reply that names none."""

    function: Callable[..., Awaitable[Response[Any]]]
    arguments: Arguments
    status: int

    async def __call__(self, request: Request[Any, Any, Any], body: bytes | None) -> Response[Any]:
        return await self.function(**{name: make(request, body) for name, make in self.arguments.items()})


class DirectRoutes:
    """ASGI layer around Litestar's router. Requests for other routes, or with a query string, are left to Litestar."""

    def __init__(
        self, app: Litestar, entrance: Entrance, reply: Callable[[Request[Any, Any, Any], Exception], Response[bytes]]
    ) -> None:
        self._app = app.asgi_handler
        self._entrance = entrance
        self._reply = reply
        self._find = app.asgi_router.handle_routing
        self._routes = direct_routes(
            handler for route in app.routes if isinstance(route, HTTPRoute) for handler in route.route_handlers
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._route(scope)
        if route is None:
            await self._app(scope, receive, send)
            return
        request: Request[Any, Any, Any] = Request(scope, receive, send)

        async def serve(body: bytes | None) -> Response[Any]:
            return await route(request, body)

        try:
            response = await self._entrance.enter(cast("HTTPScope", scope), receive, serve)
        except Exception as error:
            response = self._reply(request, error)
        await _send(response, request, response.status_code or route.status)

    def _route(self, scope: Scope) -> DirectRoute | None:
        """The route of the request, which is noted in `scope` as Litestar's router does."""
        if scope["type"] != ScopeType.HTTP or scope["query_string"] or scope.get("root_path"):
            return None
        path = scope["path"]
        if path.endswith("/"):
            return None
        try:
            _, handler, _, parameters, template = self._find(path=path, method=scope["method"])
        except HTTPException:
            return None
        route = self._routes.get(handler)
        if route is not None:
            scope["route_handler"] = handler
            scope["path_params"], scope["path_template"] = parameters, template
        return route


def direct_routes(handlers: Iterable[HTTPRouteHandler]) -> Mapping[Any, DirectRoute]:
    """Those of `handlers` that can be called directly."""
    return {
        handler: DirectRoute(handler.fn, arguments, handler.status_code)
        for handler in handlers
        if (arguments := _arguments(handler)) is not None
    }


def _arguments(handler: HTTPRouteHandler) -> Arguments | None:
    """The arguments of a direct route; None for a route whose arguments or reply are left to Litestar."""
    if handler.has_sync_callable or handler.resolve_guards():
        return None
    if not handler.parsed_fn_signature.return_type.is_subclass_of(Response):
        return None
    dependencies = handler.resolve_dependencies()
    arguments = {}
    for name, field in handler.parsed_fn_signature.parameters.items():
        if isinstance(field.kwarg_definition, QueryParameter) and field.has_default:
            continue
        make = _argument(name, field, dependencies)
        if make is None:
            return None
        arguments[name] = make
    return arguments


def _argument(
    name: str, field: FieldDefinition, dependencies: Mapping[str, Any]
) -> Callable[[Request[Any, Any, Any], bytes | None], Any] | None:
    if name == "request":
        return lambda request, _: request
    if name == "body":
        return lambda _, body: body
    if isinstance(dependencies.get(name), Part):
        return lambda request, _: request.scope["litestar_app"].state.services.parts[name]
    if name == "services":
        return lambda request, _: request.scope["litestar_app"].state.services
    if isinstance(field.kwarg_definition, PathParameter) and field.annotation is str:
        return lambda request, _: request.scope["path_params"][name]
    return None


async def _send(response: Response[Any], request: Request[Any, Any, Any], status: int) -> None:
    content, media_type = response.content, _text(response.media_type or MediaType.JSON)
    if not isinstance(content, bytes) or media_type.startswith("text/") or response.cookies:
        await response.to_asgi_response(app=None, request=request, status_code=status, media_type=media_type)(
            request.scope, request.receive, request.send
        )
        return
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    headers.append((b"content-type", media_type.encode("latin-1")))
    headers.append((b"content-length", b"%d" % len(content)))
    await request.send({"type": "http.response.start", "status": status, "headers": headers})
    await request.send({"type": "http.response.body", "body": content, "more_body": False})


def _text(media_type: str) -> str:
    return media_type.value if isinstance(media_type, Enum) else media_type
