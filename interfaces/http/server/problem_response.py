"""Problems as HTTP responses: to a request that reached the router, and from the layers around the router."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from litestar import Response
from litestar.types import Send

from interfaces.resources.problems.problem import PROBLEM_JSON, TYPE_PREFIX, ProblemBody
from interfaces.resources.problems.table import PROBLEMS, problem_body


def problem_response(error: Exception, request_id: str) -> Response[bytes]:
    """The response to a refused request. Raises KeyError for an error that the problem table does not have."""
    return _response(problem_body(error, request_id), PROBLEMS[type(error)].headers(error))


def unexpected_response(request_id: str) -> Response[bytes]:
    """The response to a request that failed for an unforeseen reason; it discloses nothing about the failure."""
    return _response(
        ProblemBody(
            type=TYPE_PREFIX + "unexpected",
            status=500,
            title="Something went wrong",
            detail="The request failed and the failure has been logged. Ask again with the same idempotency key.",
            request_id=request_id,
        )
    )


async def send_problem(refusal: Exception, request_id: str, send: Send) -> None:
    """The same as ASGI messages. Raises KeyError for a refusal that the problem table does not have."""
    problem = PROBLEMS[type(refusal)]
    body = msgspec.json.encode(problem_body(refusal, request_id))
    headers = {
        "content-type": PROBLEM_JSON,
        "content-length": str(len(body)),
        **{name.lower(): value for name, value in problem.headers(refusal).items()},
    }
    await send(
        {
            "type": "http.response.start",
            "status": problem.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _response(body: ProblemBody, headers: Mapping[str, str] = MappingProxyType({})) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=body.status,
        headers=dict(headers),
        media_type=PROBLEM_JSON,
    )
