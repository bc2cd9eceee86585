"""A server with its hands full says so at once: what it takes in it can finish, and nobody waits for a late no."""

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from interfaces.http.problem import PROBLEM_JSON
from interfaces.http.problems import PROBLEMS, problem_body
from interfaces.http.refusals import Overloaded

COMMANDS_MAX = 512
"""Of one process at a time: about a second of work, and room for a provider that takes a second to answer."""
QUERIES_MAX = 256
"""Apart from the commands: readers that wait for a view which does not come shut no payment out."""


DELIVERIES_MAX = 512
"""Apart from both: a provider that repeats itself shuts no payment out, and sends again what was refused."""
_DELIVERIES = "/v1/provider_webhooks/"


class Hands(msgspec.Struct):
    """How many requests of a kind can be in hand, and how many are."""

    most: int
    full: int = 0


class Admission:
    """ASGI layer around the router. The operator's own routes are always served: they tell what is going on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._commands, self._queries, self._deliveries = Hands(COMMANDS_MAX), Hands(QUERIES_MAX), Hands(DELIVERIES_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        hands = self._hands_for(scope)
        if hands.full >= hands.most:
            await _refuse(scope, send)
            return
        hands.full += 1
        try:
            await self._app(scope, receive, send)
        finally:
            hands.full -= 1

    def _hands_for(self, scope: HTTPScope) -> Hands:
        if scope["path"].startswith(_DELIVERIES):
            return self._deliveries
        return self._commands if scope["method"] == "POST" else self._queries


async def _refuse(scope: Scope, send: Send) -> None:
    refusal = Overloaded()
    problem = PROBLEMS[Overloaded]
    body = msgspec.json.encode(problem_body(refusal, scope["state"]["request_id"]))
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
