"""A server with its hands full says so at once: what it takes in it can finish, and nobody waits for a late no."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from interfaces.http.problem import PROBLEM_JSON
from interfaces.http.problems import PROBLEMS, problem_body
from interfaces.http.refusals import Overloaded

COMMANDS_MAX = 512
"""Of one process at a time: about a second of work, and room for a provider that takes a second to answer."""
QUERIES_MAX = 256
"""Apart from the commands: readers that wait for a view which does not come shut no payment out."""
DELIVERIES_MAX = 512
"""Apart from both: a provider that repeats itself shuts no payment out, and sends again what was refused. A delivery
is in hand only once its body is there, which anybody may keep back: its route counts it."""
_DELIVERIES = "/v1/provider_webhooks/"


class Hands(msgspec.Struct):
    """How many requests of a kind can be in hand, and how many are."""

    most: int
    full: int = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """While this lasts, one more is in hand. Raises Overloaded."""
        if self.full >= self.most:
            raise Overloaded()
        self.full += 1
        try:
            yield
        finally:
            self.full -= 1


class Admission:
    """ASGI layer around the router. The operator's own routes are always served: they tell what is going on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._commands, self._queries = Hands(COMMANDS_MAX), Hands(QUERIES_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not _is_admitted(scope["path"]):
            await self._app(scope, receive, send)
            return
        hands = self._queries if scope["method"] == "GET" else self._commands
        if hands.full >= hands.most:
            await _refuse(Overloaded(), scope, send)
            return
        with hands.one():
            await self._app(scope, receive, send)


def _is_admitted(path: str) -> bool:
    return path.startswith("/v1/") and not path.startswith(_DELIVERIES)


async def _refuse(refusal: Overloaded, scope: Scope, send: Send) -> None:
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
