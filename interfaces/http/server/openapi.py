"""The API's OpenAPI 3.1 document: routes from Litestar, schemas from msgspec, and the common rest from this file: ids,
headers, security, and examples of refusals."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from litestar import Controller, Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute

from interfaces import ids
from interfaces.http.server.auth import OPEN_PATHS, OPERATORS_PATH
from interfaces.http.server.documented import IDEMPOTENCY_KEY, Accepting
from interfaces.http.server.openapi_schemas import component_schemas, tidied, with_named_enumerations
from interfaces.http.server.problem_examples import examples_of
from interfaces.http.server.reply import REPLAYED_HEADER
from interfaces.resources.position import POSITION_HEADER, POSITION_PATTERN
from interfaces.resources.problems.problem import PROBLEM_JSON, TYPE_PREFIX
from interfaces.resources.problems.table import PROBLEMS

Json = dict[str, Any]

_ABOUT = """\
Amounts are whole numbers of minor units (EUR cents, JPY yen, KWD fils), at most 2^53. Sums of them (balances,
statements) can be more: read what is marked `format: int64` as 64-bit integers, not as doubles. Times are RFC 3339.

**Keys.** Send your API key as `Authorization: Bearer tsk_…`. Another merchant's payment does not exist for you (404).

**Operators.** Paths under `/v1/operator` take an operator's key, `tso_…`; an auditor's may only look. For any other key
they do not exist (404).

**Repeating.** Create, capture and refund need an idempotency key, as the `Idempotency-Key` header or as
`idempotency_key` in the body. When a request gets no answer, send it again with the same key: nothing is done twice.

**Reading your own writes.** Replies say in `Tallystick-Position` how far they have seen. Send that header with a later
query, and the query waits until its view is there. `GET /v1/payments/{payment_id}` is never behind.

**Request ids.** Every reply carries `X-Request-Id`: your own if you sent a usable one. Events and logs carry it too.

**Refusals** are `application/problem+json` (RFC 9457). Their `type` never changes: `{prefix}` and one of

| | | |
|---|---|---|
"""
_CONFIG = OpenAPIConfig(
    title="Tallystick",
    version=version("tallystick"),
    summary="A payment core that never charges twice, loses nothing, and explains every unit of money.",
    description=_ABOUT.replace("{prefix}", TYPE_PREFIX)
    + "\n".join(
        f"| {problem.status} | `{problem.slug}` | {problem.title} |"
        for problem in sorted(PROBLEMS.values(), key=lambda problem: (problem.status, problem.slug))
    ),
    use_handler_docstrings=True,
    components=Components(
        security_schemes={
            "api_key": SecurityScheme(type="http", scheme="bearer", description="An API key, `tsk_…`"),
            "operator_key": SecurityScheme(type="http", scheme="bearer", description="An operator's key, `tso_…`"),
        }
    ),
)
_HEADERS: Json = {
    "X-Request-Id": {
        "description": "The request's id in our events and logs",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
    },
    POSITION_HEADER: {
        "description": "How far this reply has seen: send it with a query that has to see as much",
        "schema": {"type": "string", "pattern": POSITION_PATTERN},
    },
    REPLAYED_HEADER: {
        "description": "This is the first answer under the idempotency key, given again",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds after which to ask again",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {
        "required": True,
        "schema": {"type": "string", "pattern": "^Bearer"},
    },
}


def describe(controllers: Sequence[type[Controller]], dependencies: Mapping[str, Provide]) -> Json:
    """The document of these routes."""
    app = Litestar(
        route_handlers=controllers, dependencies=dict(dependencies), openapi_config=_CONFIG, logging_config=None
    )
    document = app.openapi_schema.to_schema()
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    document["tags"] = [{"name": tag} for tag in dict.fromkeys(operation["tags"][0] for operation in operations)]
    document["paths"] = dict(sorted(document["paths"].items()))
    handlers = list(_handlers(app))
    document["components"]["schemas"] = component_schemas(
        replies={kind for handler in handlers for kind in _replies(handler)},
        bodies={kind for handler in handlers for kind in _bodies(handler)},
    )
    document["components"]["headers"] = _HEADERS
    for path, item in document["paths"].items():
        for method, operation in item.items():
            _complete(operation, method=method, scheme=_scheme_of(path))
    return with_named_enumerations(document)


def _scheme_of(path: str) -> str | None:
    """The security scheme of a path; None for an open path."""
    if OPEN_PATHS.match(path):
        return None
    return "operator_key" if path.startswith(OPERATORS_PATH) else "api_key"


def _complete(operation: Json, *, method: str, scheme: str | None) -> None:
    operation.pop("deprecated")
    is_open = scheme is None
    operation["security"] = [] if is_open else [{scheme: []}]
    parameters = [_parameter(parameter, method) for parameter in operation.get("parameters", ())]
    if parameters:
        operation["parameters"] = parameters
    is_command = any(parameter["name"] == IDEMPOTENCY_KEY for parameter in parameters)
    for status, response in operation["responses"].items():
        headers = _headers_of(int(status), is_command=is_command, is_open=is_open)
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
        problem = response["content"].get(PROBLEM_JSON)
        if problem is not None:
            problem["examples"] = examples_of(operation["operationId"], int(status), is_command=is_command)


def _headers_of(status: int, *, is_command: bool, is_open: bool) -> Iterator[str]:
    yield "X-Request-Id"
    if status < 300 and not is_open:
        yield POSITION_HEADER
        if is_command:
            yield REPLAYED_HEADER
    if status == 401 and not is_open:
        yield "WWW-Authenticate"
    if status in (409, 503):
        yield "Retry-After"


def _parameter(parameter: Json, method: str) -> Json:
    """The parameter as clients send it: an optional parameter is never null, and an id has its pattern."""
    schema = parameter["schema"]
    if {"type": "null"} in schema.get("oneOf", ()):
        [kind, _] = schema.pop("oneOf")
        schema = {**kind, **schema}
    if parameter["name"] in ("payment_id", "intent_id"):
        # A payment can be read and confirmed under both its names, and changed under the one that it is shown by.
        both = method == "get" or parameter["name"] == "intent_id"
        schema["pattern"] = ids.pattern(ids.PAYMENT, ids.INTENT) if both else ids.pattern(ids.PAYMENT)
    if parameter["name"] == "refund_id":
        schema["pattern"] = ids.pattern(ids.REFUND)
    if parameter["name"] == "letter_id":
        schema["pattern"] = ids.pattern(ids.DEAD_LETTER)
    if parameter["name"] == "bank_account_id":
        schema["pattern"] = ids.pattern(ids.BANK_ACCOUNT)
    if parameter["name"] == "payout_id":
        schema["pattern"] = ids.pattern(ids.PAYOUT)
    if parameter["name"] == "dispute_id":
        schema["pattern"] = ids.pattern(ids.DISPUTE)
    for bound in {"minimum", "maximum"} & schema.keys():
        schema[bound] = int(schema[bound])
    schema.pop("description", None)
    kept = ("name", "in", "description", "required")
    return {key: parameter[key] for key in kept if key in parameter} | {"schema": tidied(schema)}


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from (handler for handler in route.route_handlers if handler.resolve_include_in_schema())


def _replies(handler: HTTPRouteHandler) -> Iterator[Any]:
    yield from (spec.data_container for spec in (handler.responses or {}).values())


def _bodies(handler: HTTPRouteHandler) -> Iterator[type[Any]]:
    if issubclass(handler.operation_class, Accepting):
        yield handler.operation_class.body
