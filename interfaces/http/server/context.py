"""Every request has a request id and a trace id in its log lines, events and response, and every response has the
headers against caching and sniffing."""

import re
import string
import time
from typing import Final, Protocol

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.work.deadline import ANSWERED_WITHIN_S, answered_within
from application.work.on_behalf import ANYBODY, on_behalf_of
from domain.card_data import holds_card_number
from interfaces import ids
from interfaces.http.server.problem_response import send_problem
from interfaces.http.server.request_head import refusal_of_head

_REQUEST_ID_NAME: Final = b"x-request-id"
PATH_LOGGED_MAX: Final = 256
METHOD_LOGGED_MAX: Final = 32
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
# W3C Trace Context: version ff and ids of nothing but zeros are not valid.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_OF_EVERY_RESPONSE: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    # granian names itself where there is none.
    (b"server", b""),
)

log = structlog.get_logger()


class RequestWatcher(Protocol):
    """Receives every request once its reply was sent; `route` is the path's template, None where no route was found,
    and `status` is 0 where nothing was sent."""

    def __call__(self, *, route: str | None, method: str, status: int, seconds: float) -> None: ...


def unwatched(*, route: str | None, method: str, status: int, seconds: float) -> None:
    pass


class RequestContext:
    """Outermost ASGI layer. A caller's own `X-Request-Id` and W3C `traceparent` are kept when they are usable."""

    def __init__(self, app: ASGIApp, watcher: RequestWatcher = unwatched) -> None:
        self._app = app
        self._watcher = watcher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        # ASGI sends names in lower case.
        headers = dict(scope["headers"])
        request_id = _usable_id(headers.get(_REQUEST_ID_NAME)) or ids.new_id("req")
        trace_id = _traced(headers.get(b"traceparent")) or ids.new_uuid().hex
        scope["state"]["request_id"], scope["state"]["trace_id"] = request_id, trace_id
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                deadline.lift()
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *_OF_EVERY_RESPONSE,
                    (_REQUEST_ID_NAME, request_id.encode()),
                ]
            await send(message)

        # bound_contextvars() looks through the whole context, four times.
        bound = structlog.contextvars.bind_contextvars(request_id=request_id, trace_id=trace_id)
        with (
            on_behalf_of(ANYBODY),
            answered_within(ANSWERED_WITHIN_S) as deadline,
        ):
            try:
                refusal = refusal_of_head(scope, headers)
                if refusal is None:
                    await self._app(scope, receive, send_with_headers)
                else:
                    await send_problem(refusal, request_id, send_with_headers)
            finally:
                # The client no longer waits for the rest of the request.
                deadline.lift()
                seconds = time.perf_counter() - started
                log.info(
                    "request",
                    logger=__name__,
                    method=scope["method"][:METHOD_LOGGED_MAX],
                    path=logged_path(scope["path"]),
                    status=status,
                    ms=round(seconds * 1000, 2),
                )
                self._watcher(route=scope.get("path_template"), method=scope["method"], status=status, seconds=seconds)
                structlog.contextvars.reset_contextvars(**bound)


def _usable_id(given: bytes | None) -> str | None:
    text = "" if given is None else given.decode("latin-1")
    return text if _REQUEST_ID.fullmatch(text) and not holds_card_number(text) else None


def _traced(traceparent: bytes | None) -> str | None:
    traced = _TRACEPARENT.fullmatch("" if traceparent is None else traceparent.decode("latin-1"))
    return traced[1] if traced else None


def logged_path(path: str) -> str:
    """The path for a log line. A long path is cut, but never within a number: the rest of a card number would not be
    recognised."""
    if len(path) <= PATH_LOGGED_MAX:
        return path
    return path[:PATH_LOGGED_MAX].rstrip(string.digits + string.punctuation + string.whitespace) + "…"
