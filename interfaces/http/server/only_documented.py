"""Unknown and repeated query parameters are refused: a search by `?statsu=captured` must not find everything."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, Receive, Scope, Send

from interfaces.resources.refusals import ParameterInvalid


class OnlyDocumented:
    """ASGI layer inside the router; refuses what the OpenAPI `document` does not name.

    No Litestar guard: those cost every request a copy of its connection, and a sync one a thread as well.
    """

    def __init__(self, app: ASGIApp, document: dict[str, Any]) -> None:
        self._app = app
        operations = [operation for item in document["paths"].values() for operation in item.values()]
        self._known = {
            operation["operationId"]: {
                parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
            }
            for operation in operations
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            self._check(ASGIConnection(scope))
        await self._app(scope, receive, send)

    def _check(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        names = self._known.get(getattr(connection.route_handler, "operation_id", None))
        if names is None:
            return
        seen = set[str]()
        for name, _ in connection.query_params.multi_items():
            if name not in names:
                raise ParameterInvalid(field=name, reason="there is no such parameter here")
            if name in seen:
                raise ParameterInvalid(field=name, reason="it is given more than once")
            seen.add(name)
