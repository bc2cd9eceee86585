"""Whatever can be read in two ways is refused, on every route: members and headers and parameters that come twice, null
for what is left out, and bodies that say they are no JSON. The routes are those that the API's own document names."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, get_type_hints
from urllib.parse import quote

import pytest
from httpx import Response
from litestar.testing import AsyncTestClient

from application.access.merchant import KnownKey
from application.access.operator import KEY_PREFIX, KnownOperator, Role
from domain.identifiers import MerchantId
from interfaces import ids
from interfaces.http.server.app import CONTROLLERS, create_app
from interfaces.http.server.parts import kinds_taken
from interfaces.http.server.request_head import refusal_of_head
from interfaces.http.server.services import Services
from interfaces.resources.problems.problem import TYPE_PREFIX
from interfaces.resources.refusals import HeaderRepeated
from tests.support.openapi import document

DOCUMENT = document()
JSON = "application/json"
KEY = "the-key"
MERCHANT = KnownKey(key_id="key_1", merchant_id=MerchantId("mer_1"))
NOT_JSON = (
    "text/plain",
    "text/plain; charset=utf-8",
    "text/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/vnd.api+json",
    "application/problem+json",
    "application/jsonx",
    "application/json, text/plain",
    "application/json; charset=utf-16",
    "application/json; charset=iso-8859-1",
    "application/json charset=utf-8",
    "application/json" + ";  " * 200 + "x",
    "nonsense",
    "",
)
IS_JSON = (
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
    "application/json; profile=x; charset=utf-8",
    "application/json;",
)


IN_PATHS = {
    f"{name}_id": ids.new_id(prefix)
    for name, prefix in {
        "payment": ids.PAYMENT,
        "intent": ids.INTENT,
        "payout": ids.PAYOUT,
        "bank_account": ids.BANK_ACCOUNT,
        "dispute": ids.DISPUTE,
        "letter": ids.DEAD_LETTER,
        "refund": ids.REFUND,
    }.items()
}
PARAMETER = re.compile(r"\{(\w+)\}")


class Reached(Exception):
    """A request that should have been refused came to what does the work."""


class Untouched:
    """Stands for a service of that type that no refused request reaches."""

    def __init__(self, kind: type[object] = object) -> None:
        self._kind = kind

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self._kind

    def __getattr__(self, name: str) -> Any:
        def reached(*_: Any, **__: Any) -> Any:
            raise Reached(name)

        return reached


class OneKey:
    """Implements application.access.merchant.Keys and application.access.operator.OperatorKeys for requests."""

    async def find_key(self, digest: bytes) -> KnownKey:
        return MERCHANT

    async def find_operator(self, digest: bytes) -> KnownOperator:
        return KnownOperator(key_id="op_1", name="Anna", role=Role.OPERATOR)


class OpenGate:
    """Implements application.write.gate.Gate, as far as requests ask it."""

    def require_open(self) -> None:
        pass


def untouched() -> dict[str, Any]:
    """Every service of requests, and every part that a route takes."""
    of_routes = {name: Untouched(kind) for name, kind in kinds_taken(CONTROLLERS)}
    return dict.fromkeys(get_type_hints(Services), Untouched()) | {"parts": of_routes}


@asynccontextmanager
async def services() -> AsyncIterator[Services]:
    yield Services(**untouched() | {"keys": OneKey(), "operators": OneKey(), "gate": OpenGate()})


@pytest.fixture(scope="module")
async def api() -> AsyncIterator[AsyncTestClient[Any]]:
    async with AsyncTestClient(create_app(services)) as client:
        yield client


class Route(NamedTuple):
    operation: str
    method: str
    path: str
    about: dict[str, Any]

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of its JSON body."""
        schema = self.about.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema")
        return None if schema is None else resolved(schema)

    async def send(
        self, api: AsyncTestClient[Any], *headers: tuple[str, str], text: str | None = None, query: str = ""
    ) -> Response:
        prefix = KEY_PREFIX if self.path.startswith("/v1/operator") else "tsk_"
        given = {name.lower() for name, _ in headers}
        usual = [("Authorization", f"Bearer {prefix}1"), ("Idempotency-Key", KEY), ("Content-Type", JSON)]
        sent = [header for header in usual if header[0].lower() not in given]
        path = PARAMETER.sub(lambda parameter: IN_PATHS.get(parameter[1], "a"), self.path)
        return await api.request(self.method.upper(), path + query, headers=[*sent, *headers], content=text)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def sample(schema: dict[str, Any]) -> Any:
    """A value that fits the schema, with every member that an object can have."""
    schema = resolved(schema)
    if "const" in schema:
        return schema["const"]
    for word in ("examples", "enum"):
        if word in schema:
            return schema[word][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    match schema["type"]:
        case "object":
            return {name: sample(member) for name, member in schema["properties"].items()}
        case "integer":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return "a1"


def body_of(route: Route) -> dict[str, Any]:
    """With all that it can have; what has to fit the request fits it."""
    assert route.body is not None
    body = sample(route.body)
    return {**body, **{name: value for name, value in OURS.items() if name in body}}


OURS = {"merchant_id": MERCHANT.merchant_id, "idempotency_key": KEY}


def members_of(body: dict[str, Any], *path: str) -> Iterator[tuple[str, ...]]:
    for name, value in body.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from members_of(value, *path, name)


def with_member(body: dict[str, Any], path: tuple[str, ...], member: dict[str, Any]) -> dict[str, Any]:
    """The body with `member` in the object that holds what lies at `path`."""
    if len(path) == 1:
        return {**body, **member}
    return {**body, path[0]: with_member(body[path[0]], path[1:], member)}


def given_twice(body: dict[str, Any], path: tuple[str, ...], spelling: str) -> str:
    """As JSON, with the member at `path` a second time, its name spelt so."""
    value = body
    for name in path:
        value = value[name]
    return json.dumps(with_member(body, path, {"SECOND": value})).replace('"SECOND"', spelling)


def then_refused(reply: Response, status: int, slug: str, field: str | None) -> None:
    problem = reply.json()
    assert (reply.status_code, problem["type"], problem.get("field")) == (status, TYPE_PREFIX + slug, field), reply.text


ROUTES = [
    Route(about["operationId"], method, path, about)
    for path, methods in DOCUMENT["paths"].items()
    for method, about in methods.items()
]
WITH_BODY = [route for route in ROUTES if route.body is not None]


def test_the_matrix_has_every_route_that_takes_json() -> None:
    assert len(WITH_BODY) >= 9
    assert {route.operation for route in WITH_BODY} >= {"create_payment_intent", "refund_payment", "close_dead_letter"}


async def test_a_body_that_is_not_ambiguous_reaches_its_service(api: AsyncTestClient[Any]) -> None:
    for route in WITH_BODY:
        for media_type in (*IS_JSON, None):
            headers = [] if media_type is None else [("Content-Type", media_type)]
            reply = await route.send(api, *headers, text=json.dumps(body_of(route)))
            # What comes to a service that is none is the server's fault, and what names nothing is not found.
            assert reply.status_code in (404, 500), (route.operation, media_type, reply.text)


async def test_a_member_that_comes_twice_is_refused_on_every_route(api: AsyncTestClient[Any]) -> None:
    for route in WITH_BODY:
        body = body_of(route)
        for path in members_of(body):
            name = path[-1]
            for spelling in (json.dumps(name), f'"\\u{ord(name[0]):04x}{name[1:]}"'):
                reply = await route.send(api, text=given_twice(body, path, spelling))
                then_refused(reply, 400, "body_invalid", name)


async def test_null_is_refused_for_every_member_of_every_route(api: AsyncTestClient[Any]) -> None:
    for route in WITH_BODY:
        body = body_of(route)
        for path in members_of(body):
            reply = await route.send(api, text=json.dumps(with_member(body, path, {path[-1]: None})))
            then_refused(reply, 400, "body_invalid", ".".join(path))


async def test_a_body_that_says_it_is_no_json_is_refused_on_every_route(api: AsyncTestClient[Any]) -> None:
    for route in WITH_BODY:
        for media_type in NOT_JSON:
            reply = await route.send(api, ("Content-Type", media_type), text=json.dumps(body_of(route)))
            then_refused(reply, 415, "media_type_refused", "Content-Type")


async def test_a_command_without_a_body_needs_no_type(api: AsyncTestClient[Any]) -> None:
    for route in WITH_BODY:
        headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "0"))
        assert (await route.send(api, *headers)).status_code != 415


@pytest.mark.parametrize("same", [True, False], ids=["the same", "another"])
@pytest.mark.parametrize("name", ["Authorization", "Idempotency-Key", "Host", "Content-Type", "Tallystick-Position"])
def test_a_header_that_comes_twice_is_refused_before_any_route(name: str, same: bool) -> None:
    """The client of the other tests joins such headers to one; `test_wire.py` sends some over a connection."""
    second = b"1" if same else b"2"
    headers = [(b"host", b"api"), (name.lower().encode(), b"1"), (name.lower().encode(), second)]
    scope: Any = {
        "raw_path": b"/v1/payments",
        "path": "/v1/payments",
        "query_string": b"",
        "http_version": "1.1",
        "headers": headers,
    }
    refusal = refusal_of_head(scope, dict(headers))
    assert isinstance(refusal, HeaderRepeated)
    assert refusal.name == name


def test_a_header_that_may_come_twice_is_taken() -> None:
    headers = [(b"host", b"api"), (b"accept", b"a/b"), (b"accept", b"c/d"), (b"cookie", b"a"), (b"cookie", b"b")]
    scope: Any = {"raw_path": b"/v1", "path": "/v1", "query_string": b"", "http_version": "1.1", "headers": headers}
    assert refusal_of_head(scope, dict(headers)) is None


async def test_two_different_keys_are_refused_on_every_route_that_takes_one(api: AsyncTestClient[Any]) -> None:
    for route in WITH_BODY:
        body = body_of(route)
        if "idempotency_key" in body:
            reply = await route.send(api, text=json.dumps(body | {"idempotency_key": "another"}))
            then_refused(reply, 400, "idempotency_keys_differ", "idempotency_key")


async def test_a_parameter_that_comes_twice_is_refused_on_every_route(api: AsyncTestClient[Any]) -> None:
    for route in ROUTES:
        for parameter in route.about.get("parameters", ()):
            if parameter["in"] == "query":
                name = parameter["name"]
                for second in (name, f"%{ord(name[0]):02x}{name[1:]}"):
                    reply = await route.send(api, query=f"?{name}=1&{second}=1")
                    then_refused(reply, 400, "parameter_invalid", name)


QUERY = [
    (route, parameter["name"], resolved(parameter["schema"])["type"])
    for route in ROUTES
    for parameter in route.about.get("parameters", ())
    if parameter["in"] == "query"
]
"""Every query parameter of every route, with its type."""


async def test_null_is_no_value_of_a_number_on_any_route(api: AsyncTestClient[Any]) -> None:
    numbers = [(route, name) for route, name, kind in QUERY if kind != "string"]
    assert len(numbers) >= 12
    for route, name in numbers:
        for value in ("null", "NULL", "nuLl", "%6eull", "x", ""):
            reply = await route.send(api, query=f"?{name}={value}")
            then_refused(reply, 400, "parameter_invalid", name)


async def test_null_is_a_word_like_another_to_a_text_on_any_route(api: AsyncTestClient[Any]) -> None:
    for route, name in ((route, name) for route, name, kind in QUERY if kind == "string"):
        null, another = [(await route.send(api, query=f"?{name}={word}")).json() for word in ("null", "nulm")]
        assert null | {"request_id": ""} == json.loads(json.dumps(another | {"request_id": ""}).replace("nulm", "null"))


NAMES = {
    "without end": "n" * 50_000,
    "a line break": "a\nb\x00c",
    "a card number": "4242424242424242",
    "a secret": "tsk_NQZT-7f_Qk2vLx90",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_a_name_that_comes_back_in_a_problem_is_cut_and_tells_no_secret(
    api: AsyncTestClient[Any], name: str
) -> None:
    for route in WITH_BODY:
        body = body_of(route)
        wrong = [body | {name: 1}, {name: 1}]
        wrong += [with_member(body, path, {path[-1]: name}) for path in members_of(body) if path[-1] in ENUMERATED]
        wrong += [with_member(body, path, {name: 1}) for path in members_of(body) if len(path) > 1]
        for sent in wrong:
            then_told_without(await route.send(api, text=json.dumps(sent)), name)
        then_told_without(await route.send(api, text=json.dumps({name: 1})[:-1] + f",{json.dumps(name)}:1}}"), name)
        then_told_without(await route.send(api, ("Content-Type", f"text/{name[:4000].encode()!r}"), text="{}"), name)
    for route in ROUTES:
        if "parameters" in route.about:
            then_told_without(await route.send(api, query=f"?{quote(name[:4000])}=1"), name)


ENUMERATED = {"type", "brand", "capture_method", "currency", "country"}


def then_told_without(reply: Response, name: str) -> None:
    assert 400 <= reply.status_code < 500, reply.text
    assert len(reply.content) < 2_000
    assert all(value.isprintable() for value in reply.json().values() if isinstance(value, str)), reply.text
    assert not name.isprintable() or name not in reply.text, reply.text


LOOKED_THROUGH = {"holder_name", "reason", "customer_id", "payment_method.token", "return_url", "idempotency_key"}
LOOKED_THROUGH |= {"description"}
"""For card numbers, in `domain/` or `caller_of`."""
KNOWN_OTHERWISE = {"merchant_id", "bank_account_id", "country"}
"""Refused unless they name what there is."""
ACCOUNT_NUMBERS = {
    f"details.{name}" for name in ("iban", "bic", "routing_number", "account_number", "ifsc", "sort_code")
}
"""A bank account's own number may look like a card's, and is none."""


def texts_of(schema: dict[str, Any], *path: str) -> Iterator[str]:
    """Every member, by its path, that a sender can fill with text of its own."""
    schema = resolved(schema)
    for each in schema.get("anyOf", ()):
        yield from texts_of(each, *path)
    for name, member in schema.get("properties", {}).items():
        yield from texts_of(member, *path, name)
    if schema.get("type") == "string" and not schema.keys() & {"enum", "const"}:
        yield ".".join(path)


def test_every_text_that_can_be_sent_is_looked_through_for_card_numbers() -> None:
    texts = {text for route in WITH_BODY for text in texts_of(route.body or {})}
    assert texts == LOOKED_THROUGH | KNOWN_OTHERWISE | ACCOUNT_NUMBERS
