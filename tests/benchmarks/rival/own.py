"""Our payment without HTTP: the application layer over the real store, with a provider that approves at once."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count

import msgspec

from application.access.merchant import create_merchant
from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from application.write.caller import Caller
from domain.history import Cause
from domain.identifiers import CustomerId
from domain.money.money import Money
from domain.payment.create import CreatePayment
from domain.payment.events import CaptureMethod
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Approved, Outcome
from domain.routing.capabilities import Capabilities
from infrastructure.provider.circuit import CircuitProvider
from interfaces import ids
from interfaces.composition import Core
from interfaces.runtime.settings import Settings

MERCHANTS = 4
Pay = Callable[[], Awaitable[None]]


class ApprovingProvider:
    """Implements application.provider.port.Provider: every request is approved at once, in this process."""

    capabilities = Capabilities(methods=frozenset(MethodType))

    async def authorize(self, request: AuthorizeRequest) -> Outcome:
        return Approved(f"ch_{request.operation_id.hex}")

    async def capture(self, request: CaptureRequest) -> Outcome:
        return Approved(f"cap_{request.operation_id.hex}")

    async def void(self, request: VoidRequest) -> Outcome:
        return Approved(f"void_{request.operation_id.hex}")

    async def refund(self, request: RefundRequest) -> Outcome:
        return Approved(f"re_{request.operation_id.hex}")

    async def lookup(self, request: ProviderRequest) -> Outcome | None:
        return None


class _Core(Core):
    """The process's parts as they are, circuits included; only what they call answers in this process."""

    def _wire(self) -> None:
        self.circuits = {name: CircuitProvider(ApprovingProvider(), name) for name in self.connectors}
        super()._wire()


@asynccontextmanager
async def own_payments(database_url: str, nats_url: str) -> AsyncIterator[Pay]:
    """A function that creates a payment, has it approved and captures it, all durable when it returns."""
    numbers = count()
    async with _Core(Settings(database_url=database_url, nats_url=nats_url)) as core:
        directory = core.access.directory
        merchants = [await create_merchant(directory, f"Merchant {n}", ids.new_id) for n in range(MERCHANTS)]
        method = PaymentMethod(MethodType.CARD, "tok_visa")

        async def pay() -> None:
            number = next(numbers)
            merchant_id, key = merchants[number % MERCHANTS], ids.new_id("order")
            command = CreatePayment(
                merchant_id=merchant_id,
                customer_id=CustomerId(f"customer-{number}"),
                amount=Money(1_000 + number % 9_000, "EUR"),
                method=method,
                capture_method=CaptureMethod.AUTOMATIC,
            )
            caller = Caller(
                merchant_id=merchant_id,
                cause=Cause(actor="key:bench", request_id=ids.new_id("req"), trace_id=ids.new_uuid().hex),
                key=key,
                fingerprint=hashlib.sha256(key.encode()).digest(),
            )
            answered = await core.payment.commands.create(command, caller, confirmed=True)
            assert msgspec.json.decode(answered.body)["status"] == "captured", answered.body

        yield pay
