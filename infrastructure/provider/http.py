"""One request to a provider over HTTP: answered, certainly never sent, or possibly received."""

from collections.abc import Mapping

import aiohttp
from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError
from msgspec import Struct

from application.work.deadline import not_counted
from domain.payment.outcome import Mismatched, Unavailable, Unknown
from infrastructure.provider.connections import SilentConnections
from infrastructure.provider.text import readable

IDEMPOTENCY_KEY = "idempotency-key"
"""The end of the header's name; some providers put their own before it."""
BODY_BYTES_MAX = 1024 * 1024
"""The limit of a provider's answer, which has some kilobytes."""


class Answer(Struct, frozen=True):
    """An HTTP answer of any status."""

    http_status: int
    body: bytes


class HttpCalls:
    """One pool of connections to one provider, made inside a running event loop; it never sends anything twice.

    `timeout_s` bounds a whole call; half of it bounds getting a connection, so that a call which was never sent
    is known as such and is Unavailable, not Unknown.
    """

    def __init__(self, base_url: str, *, timeout_s: float, connections_max: int = 100) -> None:
        self._base_url = base_url.rstrip("/")
        self._session = ClientSession(
            connector=SilentConnections(limit=connections_max),
            timeout=ClientTimeout(total=timeout_s, connect=timeout_s / 2),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def aclose(self) -> None:
        await self._session.close()

    async def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer | Unavailable | Unknown:
        """Send one request, outside the deadline of the merchant's own request."""
        with not_counted():
            return await self._send(method, path, body, headers)

    async def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None
    ) -> Answer | Unavailable | Unknown:
        """aiohttp raises the first two errors only before a connection could carry a byte of it."""
        try:
            async with self._session.request(
                method, self._base_url + path, data=body, headers=headers, allow_redirects=False
            ) as response:
                received = await response.content.read(BODY_BYTES_MAX + 1)
                while len(received) <= BODY_BYTES_MAX and (more := await response.content.read(BODY_BYTES_MAX)):
                    received += more
                other_key = _other_key(headers or {}, response.headers)
                if other_key is not None:
                    return Mismatched(f"an answer to the request with the key {readable(other_key)}")
                if len(received) > BODY_BYTES_MAX:
                    return Unknown(f"an answer of more than {BODY_BYTES_MAX} bytes")
                return Answer(response.status, received)
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            return Unavailable(_reason(error))
        except (ClientError, TimeoutError, OSError) as error:
            return Unknown(_reason(error))

    async def look(self, path: str, headers: Mapping[str, str] | None = None) -> Answer | Unknown:
        """One GET. That a question was not sent says nothing of what it is about, so that too is Unknown."""
        answer = await self.send("GET", path, headers=headers)
        return answer if isinstance(answer, Answer) else Unknown(f"lookup failed: {answer.reason}")


def _other_key(sent: Mapping[str, str], received: Mapping[str, str]) -> str | None:
    """The idempotency key in an answer, if it differs from the one sent."""
    for name, key in sent.items():
        if name.lower().endswith(IDEMPOTENCY_KEY) and received.get(name, key) != key:
            return received[name]
    return None


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
