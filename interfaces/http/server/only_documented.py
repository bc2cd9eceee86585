"""Unknown and repeated query parameters are refused, and `null` for a number: a search by `?statsu=captured` or
`?amount=null` must not find everything."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.types import Scope

from interfaces.resources.refusals import ParameterInvalid


class OnlyDocumented:
    """Refuses parameters that the OpenAPI `document` does not name."""

    def __init__(self, document: dict[str, Any]) -> None:
        operations = [operation for item in document["paths"].values() for operation in item.values()]
        self._is_text = {
            operation["operationId"]: {
                parameter["name"]: parameter["schema"].get("type", "string") == "string"
                for parameter in operation.get("parameters", ())
                if parameter["in"] == "query"
            }
            for operation in operations
        }

    def check(self, scope: Scope) -> None:
        """Raises ParameterInvalid."""
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        is_text = self._is_text.get(getattr(connection.route_handler, "operation_id", None))
        if is_text is None:
            return
        seen = set[str]()
        for name, value in connection.query_params.multi_items():
            if name not in is_text:
                raise ParameterInvalid(field=name, reason="there is no such parameter here")
            if name in seen:
                raise ParameterInvalid(field=name, reason="it is given more than once")
            # msgspec reads this word, in any spelling, as if an optional number or boolean were left out.
            if not is_text[name] and value.lower() == "null":
                raise ParameterInvalid(field=name, reason="expected a value, not null")
            seen.add(name)
