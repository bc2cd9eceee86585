"""Calls to the simulator over HTTP: every failure is an outcome, and no operation is ever sent twice by this client."""

import msgspec

from application.provider import (
    AuthorizeRequest,
    CaptureRequest,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from domain.payment.outcome import Outcome, Unavailable, Unknown
from infrastructure.provider.connector import Connector, ProviderAccount
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.simulator import translate
from infrastructure.provider.simulator.notifications import SimulatorNotifications


class SimulatorProvider:
    """The simulator as an `application.provider.Provider`, made inside a running event loop."""

    capabilities = translate.CAPABILITIES

    def __init__(self, base_url: str, *, timeout_s: float = 10.0, connections_max: int = 100) -> None:
        self._calls = HttpCalls(base_url, timeout_s=timeout_s, connections_max=connections_max)

    async def aclose(self) -> None:
        await self._calls.aclose()

    async def authorize(self, request: AuthorizeRequest) -> Outcome:
        return await self._perform(request)

    async def capture(self, request: CaptureRequest) -> Outcome:
        return await self._perform(request)

    async def void(self, request: VoidRequest) -> Outcome:
        return await self._perform(request)

    async def refund(self, request: RefundRequest) -> Outcome:
        return await self._perform(request)

    async def lookup(self, request: ProviderRequest) -> Outcome | None:
        answer = await self._calls.send("GET", translate.lookup_path(request.operation_id))
        match answer:
            case Answer(http_status=http_status, body=body):
                return translate.looked_up(http_status, body)
            case Unavailable(reason=reason) | Unknown(reason=reason):
                return Unknown(f"lookup failed: {reason}")

    async def _perform(self, request: ProviderRequest) -> Outcome:
        call = translate.call(request)
        headers = {"Idempotency-Key": call.key, "Content-Type": "application/json"}
        answer = await self._calls.send("POST", call.path, msgspec.json.encode(call.body), headers)
        return translate.outcome(answer.http_status, answer.body) if isinstance(answer, Answer) else answer


def connect(account: ProviderAccount) -> Connector:
    """Needs no credential; `webhook_secret` signs the simulator's webhooks."""
    provider = SimulatorProvider(account.url, timeout_s=account.timeout_s)
    notifications = SimulatorNotifications(account.credentials.get("webhook_secret", ""))
    return Connector(provider=provider, notifications=notifications, aclose=provider.aclose)
