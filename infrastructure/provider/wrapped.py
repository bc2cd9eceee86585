"""The base of every wrapper around a provider: all calls go through one method."""

from collections.abc import Awaitable, Callable

from application.provider.port import (
    AuthorizeRequest,
    CaptureRequest,
    Provider,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from domain.payment.events import OperationKind
from domain.payment.outcome import Outcome
from domain.routing.capabilities import Capabilities

Call = Callable[[], Awaitable[Outcome]]
"""A call to the wrapped provider; each invocation calls it once."""


class WrappedProvider:
    """Implements application.provider.port.Provider; lookups go straight through."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @property
    def capabilities(self) -> Capabilities:
        return self._provider.capabilities

    async def authorize(self, request: AuthorizeRequest) -> Outcome:
        return await self._around(OperationKind.AUTHORIZE, lambda: self._provider.authorize(request))

    async def capture(self, request: CaptureRequest) -> Outcome:
        return await self._around(OperationKind.CAPTURE, lambda: self._provider.capture(request))

    async def void(self, request: VoidRequest) -> Outcome:
        return await self._around(OperationKind.VOID, lambda: self._provider.void(request))

    async def refund(self, request: RefundRequest) -> Outcome:
        return await self._around(OperationKind.REFUND, lambda: self._provider.refund(request))

    async def lookup(self, request: ProviderRequest) -> Outcome | None:
        return await self._provider.lookup(request)

    async def _around(self, kind: OperationKind, call: Call, /) -> Outcome:
        raise NotImplementedError
