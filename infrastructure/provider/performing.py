"""What every connector shares: each operation is performed in one way, and letting go of it closes its connections."""

from application.provider import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from domain.payment.outcome import Outcome
from infrastructure.provider.http import HttpCalls


class PerformingProvider:
    """Implements application.provider.Provider, save for its capabilities and its look-up."""

    def __init__(self, calls: HttpCalls) -> None:
        self._calls = calls

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

    async def _perform(self, request: ProviderRequest) -> Outcome:
        raise NotImplementedError
