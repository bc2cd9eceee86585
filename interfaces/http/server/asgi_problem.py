"""A problem sent by a layer around the router, where there is no request to answer yet."""

import msgspec
from litestar.types import Send

from interfaces.resources.problem import PROBLEM_JSON
from interfaces.resources.problems import PROBLEMS, problem_body


async def send_problem(refusal: Exception, request_id: str, send: Send) -> None:
    """Raises KeyError for a refusal that the problem table does not have."""
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
