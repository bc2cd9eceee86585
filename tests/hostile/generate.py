"""Hostile requests by seed: well formed ones with hostile values, odd ones on the wire, and valid ones that were
damaged."""

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from interfaces.http.server.app import openapi_document
from tests.hostile import values
from tests.interfaces.http.wire_cases import CASES, KEY

_OPEN_PATHS = ("/docs", "/openapi.json", "/metrics", "/health/live", "/health/ready", "/", "/favicon.ico", "/.env")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "X" * 300)
_NO_KEYS = (b"", b"Basic YTpi", b"Bearer", b"Bearer \xff", b"Bearer tsk_" + b"x" * 43)
_HEADERS = (b"Idempotency-Key", b"Content-Type", b"X-Request-Id", b"traceparent", b"Accept", b"Cookie", b"Host")
_DAMAGES = (b"\x00", b"\r\n", b"\n", b" ", b"\xff", b":", b"%", b"\r\n\r\n", b"Content-Length: 7\r\n", b"0\r\n\r\n")


class Hostile(NamedTuple):
    """`ends` shuts the sending half afterwards; `times` is how often it is sent at once."""

    request: bytes
    ends: bool
    times: int


class _Operation(NamedTuple):
    method: str
    path: str
    queries: Sequence[str]
    schema: dict[str, Any]


def hostile_requests(seed: int, count: int, keys: Sequence[str], known_ids: Sequence[str]) -> Iterator[Hostile]:
    """The same for the same arguments; `known_ids` are of things that there are, of whatever kind."""
    chance = random.Random(seed)
    document = openapi_document()
    operations = list(_operations(document))
    schemas = document["components"]["schemas"]
    for _ in range(count):
        kind = chance.random()
        if kind < 0.15:
            case = chance.choice(CASES)
            yield Hostile(case.request.replace(KEY, chance.choice(keys).encode()), True, 1)
            continue
        request = _request(chance, chance.choice(operations), schemas, keys, known_ids)
        if kind < 0.4:
            yield Hostile(_damaged(chance, request), True, 1)
        else:
            yield Hostile(request, False, chance.choice((1, 1, 1, 1, 1, 4)))


def _operations(document: dict[str, Any]) -> Iterator[_Operation]:
    for path, item in document["paths"].items():
        for method, about in item.items():
            queries = [each["name"] for each in about.get("parameters", ()) if each["in"] == "query"]
            content = about.get("requestBody", {}).get("content", {})
            schema: dict[str, Any] = next((each.get("schema", {}) for each in content.values()), {})
            yield _Operation(method.upper(), path, queries, schema)


def _request(
    chance: random.Random,
    operation: _Operation,
    schemas: dict[str, Any],
    keys: Sequence[str],
    known_ids: Sequence[str],
) -> bytes:
    method = operation.method if chance.random() < 0.93 else chance.choice(_METHODS)
    sent = b""
    if method in ("POST", "PUT", "PATCH", "DELETE") or chance.random() < 0.05:
        sent = values.body(chance, operation.schema, schemas)
    headers = [b"Host: api", *_headers(chance, keys)]
    if sent and chance.random() < 0.1:
        headers.append(b"Transfer-Encoding: chunked")
        sent = _in_chunks(chance, sent)
    elif sent or method == "POST":
        headers.append(b"Content-Length: %d" % len(sent))
    line = f"{method} {_target(chance, operation, known_ids)} HTTP/1.1".encode()
    return b"\r\n".join([line, *headers]) + b"\r\n\r\n" + sent


def _target(chance: random.Random, operation: _Operation, known_ids: Sequence[str]) -> str:
    if chance.random() < 0.05:
        path = chance.choice(_OPEN_PATHS)
    else:
        path = "/".join(
            _segment(chance, known_ids) if part.startswith("{") else part for part in operation.path.split("/")
        )
    match chance.randrange(30):
        case 0:
            path = "/" + path
        case 1:
            path += "/"
        case 2:
            path = path.replace("/", "%2F", 2)
        case 3:
            path = path.replace("/v1/", "/v1/../v1/./")
        case 4:
            path += ";a=b"
        case _:
            pass
    asked = [
        f"{quote(chance.choice((name, name, values.text(chance))))}={quote(_query_value(chance, known_ids))}"
        for name in operation.queries
        if chance.random() < 0.4
    ]
    if chance.random() < 0.03:
        asked *= 400
    return path + ("?" + "&".join(asked) if asked else "")


def _segment(chance: random.Random, known_ids: Sequence[str]) -> str:
    kind = chance.random()
    if kind < 0.4:
        return chance.choice(known_ids)
    if kind < 0.6:
        known = chance.choice(known_ids)
        return chance.choice(("pay_", "pi_", "dp_", "po_", "ba_", "dl_")) + known.rpartition("_")[2]
    return quote(values.text(chance)[:9_000], safe="" if chance.random() < 0.8 else "/")


def _query_value(chance: random.Random, known_ids: Sequence[str]) -> str:
    return chance.choice(
        (chance.choice(known_ids), "1", "EUR", str(chance.choice(values.NUMBERS)), values.text(chance))
    )


def _headers(chance: random.Random, keys: Sequence[str]) -> Iterator[bytes]:
    kind = chance.random()
    if kind < 0.8:
        yield b"Authorization: Bearer " + chance.choice(keys).encode()
    elif kind < 0.9:
        yield b"Authorization: " + chance.choice(
            (b"", b"Basic YTpi", b"Bearer", b"Bearer \xff", b"Bearer tsk_" + b"x" * 43)
        )
    if chance.random() < 0.6:
        yield b"Idempotency-Key: %d" % chance.randrange(10**6)
    for name in (
        b"Idempotency-Key",
        b"Content-Type",
        b"X-Request-Id",
        b"traceparent",
        b"Accept",
        b"Tallystick-Position",
        b"Host",
    ):
        if chance.random() < 0.04:
            hostile = values.text(chance)[:2_000].encode().replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")
            yield name + b": " + hostile
    if chance.random() < 0.3:
        yield b"Content-Type: application/json"
    if chance.random() < 0.02:
        yield from (b"X-%d: a" % number for number in range(chance.choice((50, 150))))


def _in_chunks(chance: random.Random, sent: bytes) -> bytes:
    size = chance.choice((1, 7, 1024)) if len(sent) < 2_000 else 4_096
    parts = [sent[at : at + size] for at in range(0, len(sent), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _damaged(chance: random.Random, request: bytes) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(min(len(request), 2_000) + 1)
        match chance.randrange(5):
            case 0:
                request = request[:at]
            case 1:
                request = request[:at] + chance.choice(_DAMAGES) + request[at:]
            case 2:
                request = request[:at] + bytes([chance.randrange(256)]) + request[at + 1 :]
            case 3:
                request = request[:at] + request[at + chance.randrange(40) :]
            case _:
                request = request[:at] + request[at : at + 60] * 3 + request[at + 60 :]
    return request
