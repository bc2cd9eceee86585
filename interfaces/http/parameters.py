"""A query parameter that a route does not have, or that comes twice, is a mistake, and is told so: a search by
`?statsu=captured` must not show everything."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from interfaces.http.refusals import ParameterInvalid


def only_documented(document: dict[str, Any]) -> Guard:
    """Refuses what the OpenAPI `document` does not name."""
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    known = {
        operation["operationId"]: {
            parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
        }
        for operation in operations
    }

    # Async although it awaits nothing: Litestar hands a sync guard to a thread, request by request.
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        names = known.get(getattr(handler, "operation_id", None))
        if names is None:
            return
        seen = set[str]()
        for name, _ in connection.query_params.multi_items():
            if name not in names:
                raise ParameterInvalid(field=name, reason="there is no such parameter here")
            if name in seen:
                raise ParameterInvalid(field=name, reason="it is given more than once")
            seen.add(name)

    return guard
