"""The form of a problem (RFC 9457): the description of one kind of refusal, and the body that a client receives."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from msgspec import UNSET, Struct, UnsetType

E = TypeVar("E", bound=Exception)

TYPE_PREFIX: Final = "urn:tallystick:problem:"
PROBLEM_JSON: Final = "application/problem+json"


class Problem(Struct, frozen=True, kw_only=True):
    """The problem of one `kind` of error. `detail`, `field`, `facts` and `headers` are computed from the error."""

    kind: type[Exception]
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


def problem(
    kind: type[E],
    status: int,
    slug: str,
    title: str,
    detail: Callable[[E], str] | str,
    *,
    field: Callable[[E], str] | str | None = None,
    facts: Callable[[E], Mapping[str, Any]] = lambda _: {},
    headers: Callable[[E], Mapping[str, str]] = lambda _: {},
) -> Problem:
    """One row of the table; a `detail` or `field` that is text holds for every error of the kind."""
    return Problem(
        kind=kind,
        slug=slug,
        status=status,
        title=title,
        detail=detail if callable(detail) else lambda _: detail,
        field=field if callable(field) else lambda _: field,
        facts=facts,
        headers=headers,
    )


def retry_after(seconds: int) -> Callable[[Any], Mapping[str, str]]:
    """The header that names a constant time to wait."""
    return lambda _: {"Retry-After": str(seconds)}


def retry_after_of(error: Any) -> Mapping[str, str]:
    """The header that names the error's own `retry_after_s`."""
    return {"Retry-After": str(error.retry_after_s)}


def connection_closed(_: Any) -> Mapping[str, str]:
    """The header that ends the connection: the beginning of the next request is unknown, or too far away to read."""
    return {"Connection": "close"}
