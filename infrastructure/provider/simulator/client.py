"""Calls to the simulator over HTTP: every failure is an outcome, and no operation is ever sent twice by this client."""

from collections.abc import Mapping

import aiohttp
import msgspec
from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError

from application.provider import (
    AuthorizeRequest,
    CaptureRequest,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from domain.identifiers import OperationId
from domain.payment.outcome import Outcome, Unavailable, Unknown
from infrastructure.provider.simulator import translate


class _Answer(msgspec.Struct, frozen=True):
    http_status: int
    body: bytes


class SimulatorProvider:
    """The simulator as an `application.provider.Provider`: one pool of connections, made inside a running event loop.

    `timeout_s` bounds a whole call; half of it bounds getting a connection, so that a call which was never sent
    is known as such and is Unavailable, not Unknown.
    """

    def __init__(self, base_url: str, *, timeout_s: float = 10.0, connections_max: int = 100) -> None:
        self._base_url = base_url.rstrip("/")
        self._session = ClientSession(
            connector=aiohttp.TCPConnector(limit=connections_max),
            timeout=ClientTimeout(total=timeout_s, connect=timeout_s / 2),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def aclose(self) -> None:
        await self._session.close()

    async def authorize(self, request: AuthorizeRequest) -> Outcome:
        return await self._perform(request)

    async def capture(self, request: CaptureRequest) -> Outcome:
        return await self._perform(request)

    async def void(self, request: VoidRequest) -> Outcome:
        return await self._perform(request)

    async def refund(self, request: RefundRequest) -> Outcome:
        return await self._perform(request)

    async def lookup(self, operation_id: OperationId) -> Outcome | None:
        answer = await self._send("GET", translate.lookup_path(operation_id))
        match answer:
            case _Answer(http_status=http_status, body=body):
                return translate.looked_up(http_status, body)
            case Unavailable(reason=reason) | Unknown(reason=reason):
                return Unknown(f"lookup failed: {reason}")

    async def _perform(self, request: ProviderRequest) -> Outcome:
        call = translate.call(request)
        headers = {"Idempotency-Key": call.key, "Content-Type": "application/json"}
        answer = await self._send("POST", call.path, msgspec.json.encode(call.body), headers)
        return translate.outcome(answer.http_status, answer.body) if isinstance(answer, _Answer) else answer

    async def _send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> _Answer | Unavailable | Unknown:
        """One request. aiohttp raises the first two errors only before a connection could carry a byte of it."""
        try:
            async with self._session.request(
                method, self._base_url + path, data=body, headers=headers, allow_redirects=False
            ) as response:
                return _Answer(response.status, await response.read())
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            return Unavailable(_reason(error))
        except (ClientError, TimeoutError, OSError) as error:
            return Unknown(_reason(error))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
