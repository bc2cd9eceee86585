"""What a problem is (RFC 9457): how a kind of refusal is told, and the body and response that tell it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Response
from msgspec import UNSET, Struct, UnsetType

TYPE_PREFIX = "urn:tallystick:problem:"
PROBLEM_JSON = "application/problem+json"


class Problem(Struct, frozen=True, kw_only=True):
    """How one kind of refusal is told."""

    slug: str
    status: int
    title: str
    detail: Callable[[Any], str]
    field: Callable[[Any], str | None]
    facts: Callable[[Any], Mapping[str, Any]]
    headers: Callable[[Any], Mapping[str, str]]


class ProblemBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`application/problem+json`: `type` never changes, `detail` is for people, `field` is the offending one."""

    type: str
    status: int
    title: str
    detail: str
    request_id: str
    field: str | UnsetType = UNSET
    current_status: str | UnsetType = UNSET


def unexpected_response(request_id: str) -> Response[bytes]:
    """The answer when we fail in a way that nobody foresaw: it says nothing of the inside."""
    return response(
        ProblemBody(
            type=TYPE_PREFIX + "unexpected",
            status=500,
            title="Something went wrong",
            detail="The request failed and the failure has been logged. Ask again with the same idempotency key.",
            request_id=request_id,
        )
    )


def response(body: ProblemBody, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=body.status,
        headers=dict(headers or {}),
        media_type=PROBLEM_JSON,
    )
