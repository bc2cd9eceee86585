"""The OpenAPI description of a route: its body, its reply, and its possible problems."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from litestar.openapi import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType

from interfaces.resources.problems.problem import PROBLEM_JSON, ProblemBody

IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENCY_KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"

_PROBLEM_TITLES = {
    400: "The request cannot be read, or does not fit",
    401: "No valid API key",
    403: "Not the key's own merchant",
    404: "No such payment, or not yours",
    408: "The body did not come in time",
    409: "The payment's status does not allow it, or something is in flight",
    413: "The body is too large",
    414: "Path and query are too long",
    415: "Such a body is not taken",
    422: "Over a limit, or the idempotency key belongs to another request",
    503: "Not possible now; ask again after Retry-After",
}
_KEY_RULE = (
    "A key of your own choice. A repeat with the same key and the same request gets the first answer, byte for byte, "
    "with `Idempotency-Replayed: true`; the same key with another request is refused (422). "
    "It can be sent as `idempotency_key` in the body instead of this header"
)


class Accepting(Operation):
    """An operation with a JSON body; `body` is the struct that it is decoded into."""

    body: ClassVar[type[Any]]


def accepts(kind: type[Any], *, required: bool = True, keyed: bool = True, key_needed: bool = False) -> type[Accepting]:
    """The operation class of a route with a `kind` as its JSON body, and with an idempotency key when `keyed`."""

    @dataclass
    class AcceptingKind(Accepting):
        body: ClassVar[type[Any]] = kind

        def __post_init__(self) -> None:
            schema = Reference(ref=f"#/components/schemas/{kind.__name__}")
            self.request_body = RequestBody(
                content={"application/json": OpenAPIMediaType(schema=schema)}, required=required
            )
            if isinstance(unreadable := (self.responses or {}).get("400"), OpenAPIResponse):
                assert self.responses is not None
                self.responses["415"] = replace(unreadable, description=_PROBLEM_TITLES[415])
            if keyed:
                self.parameters = [*(self.parameters or ()), _idempotency_key(needed=key_needed)]

    return AcceptingKind


def also_as(media_type: str, status: int) -> type[Operation]:
    """The operation class of a route whose reply can also be text of another media type."""

    @dataclass
    class AlsoAs(Operation):
        def __post_init__(self) -> None:
            replied = (self.responses or {}).get(str(status))
            if isinstance(replied, OpenAPIResponse) and replied.content is not None:
                replied.content[media_type] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))

    return AlsoAs


def reply(kind: type[Any], description: str) -> ResponseSpec:
    """A reply as JSON."""
    return ResponseSpec(kind, description=description, generate_examples=False)


def replies(
    status: int, kind: type[Any], description: str, *problems: int, titles: Mapping[int, str] = {}
) -> dict[int, ResponseSpec]:
    """The reply of a route, and its problems: those given, 400, 401, 414 and 503, and 408 for a route with a body
    (413). `titles` are descriptions that differ from those of payments."""
    specs = {status: reply(kind, description)}
    slow = (408,) if 413 in problems else ()
    for problem in sorted({400, 401, 414, 503, *slow, *problems}):
        specs[problem] = ResponseSpec(
            ProblemBody,
            description=titles.get(problem, _PROBLEM_TITLES[problem]),
            media_type=PROBLEM_JSON,
            generate_examples=False,
        )
    return specs


def _idempotency_key(*, needed: bool) -> Parameter:
    return Parameter(
        name=IDEMPOTENCY_KEY,
        param_in="header",
        required=needed,
        description=f"{_KEY_RULE}: one of the two is needed." if needed else f"{_KEY_RULE}.",
        schema=Schema(type=OpenAPIType.STRING, pattern=IDEMPOTENCY_KEY_PATTERN),
    )
