"""What every route says of itself in OpenAPI: the problems it may answer with, beside its own reply."""

from typing import Any

from litestar.openapi import ResponseSpec

from interfaces.http.problems import ProblemBody

_PROBLEM_TITLES = {
    400: "The request cannot be read, or does not fit",
    401: "No valid API key",
    403: "Not the key's own merchant",
    404: "No such payment, or not yours",
    409: "The payment's status does not allow it, or something is in flight",
    413: "The body is too large",
    422: "Over a limit, or the idempotency key belongs to another request",
    503: "Not possible now; ask again after Retry-After",
}


def replies(status: int, kind: type[Any], description: str, *problems: int) -> dict[int, ResponseSpec]:
    """The reply of a route and the problems it may answer with, besides 400, 401 and 503."""
    specs = {status: ResponseSpec(kind, description=description, generate_examples=False)}
    for problem in (400, 401, 503, *problems):
        specs[problem] = ResponseSpec(
            ProblemBody,
            description=_PROBLEM_TITLES[problem],
            media_type="application/problem+json",
            generate_examples=False,
        )
    return specs
