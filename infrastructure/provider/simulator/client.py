"""Every failed call to the simulator is an outcome, and this client never sends an operation twice."""

import msgspec

from application.provider.port import ProviderRequest
from domain.payment.outcome import Unknown
from infrastructure.provider.connector import Connector, ProviderAccount
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.performing import PerformingProvider
from infrastructure.provider.simulator import translate
from infrastructure.provider.simulator.dispute_api import SimulatorDisputeApi
from infrastructure.provider.simulator.listing import SimulatorListing
from infrastructure.provider.simulator.notifications import SimulatorNotifications


class SimulatorProvider(PerformingProvider):
    """The simulator as an `application.provider.port.Provider`; the constructor needs a running event loop."""

    capabilities = translate.CAPABILITIES

    def __init__(self, base_url: str, *, timeout_s: float = 10.0, connections_max: int = 100) -> None:
        super().__init__(HttpCalls(base_url, timeout_s=timeout_s, connections_max=connections_max))
        self.dispute_api = SimulatorDisputeApi(self._calls)
        self.listing = SimulatorListing(self._calls)

    async def _look_up(self, request: ProviderRequest) -> Interpretation | None:
        answer = await self._calls.look(translate.lookup_path(request.operation_id))
        if isinstance(answer, Unknown):
            return Interpretation(answer)
        return translate.looked_up(request, answer.http_status, answer.body)

    async def _perform(self, request: ProviderRequest) -> Interpretation:
        call = translate.call(request)
        headers = {"Idempotency-Key": call.key, "Content-Type": "application/json"}
        answer = await self._post(call.path, msgspec.json.encode(call.body), headers)
        if not isinstance(answer, Answer):
            return Interpretation(answer)
        return translate.outcome(request, answer.http_status, answer.body)


def connect(account: ProviderAccount) -> Connector:
    """The connector of a simulator; no credential is required.

    The optional credential `webhook_secret` is the secret that signs the simulator's webhooks.
    """
    provider = SimulatorProvider(account.url, timeout_s=account.timeout_s)
    notifications = SimulatorNotifications(account.credentials.get("webhook_secret", ""))
    return Connector(
        provider=provider,
        notifications=notifications,
        aclose=provider.aclose,
        dispute_api=provider.dispute_api,
        listing=provider.listing,
    )
