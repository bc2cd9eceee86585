"""What every connector keeps of the promise of `application.provider.port.Provider`, whichever provider is behind it.

A connector's own test module subclasses `ProviderContract` and gives it a `bench`.
"""

from typing import Protocol
from uuid import UUID

import pytest
from msgspec import Struct

from application.provider.port import (
    AuthorizeRequest,
    CaptureRequest,
    Provider,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from domain.identifiers import OperationId, PaymentId
from domain.money.money import Money
from domain.payment.method import PaymentMethod
from domain.payment.outcome import Approved, Declined, Outcome, Rejected, Unavailable, Unknown
from interfaces.ids import new_uuid

PAYMENT = PaymentId(UUID("01934a2e-6c00-7a10-8000-00000000000a"))


class Loses(Protocol):
    """What stands between the connector and its provider."""

    loses_answers: bool


class Bench(Struct, frozen=True, kw_only=True):
    """One provider to test, with methods of payment that make each outcome happen."""

    provider: Provider
    """Connected through `proxy`, with a time limit short enough for a test to wait for."""
    proxy: Loses
    unreachable: Provider
    """The same connector, where nothing listens."""
    approved: PaymentMethod
    declined: PaymentMethod
    declined_code: str
    idempotent: bool = True
    """False for a fake that takes a repeated request for a new one, whatever the real provider does."""
    bounded: bool = True
    """False for a fake that lets through what the real provider refuses: a refund of more than was taken, a capture
    of what was released."""
    remembers_refusals: bool = True
    """False when a request that the provider refused leaves no trace there: its lookup is None, as if never seen."""


class ProviderContract:
    """Tests that need nothing but a `bench`."""

    @pytest.fixture
    def bench(self) -> Bench:
        raise NotImplementedError("a connector's own test class gives the bench")

    async def test_an_authorisation_is_approved_with_a_reference(self, bench: Bench) -> None:
        outcome = await bench.provider.authorize(authorization(bench.approved))
        assert isinstance(outcome, Approved)
        assert outcome.reference

    async def test_a_bad_method_is_declined_with_the_reason(self, bench: Bench) -> None:
        outcome = await bench.provider.authorize(authorization(bench.declined))
        assert isinstance(outcome, Declined)
        assert outcome.code == bench.declined_code

    async def test_several_captures_take_what_was_authorised_and_no_more(self, bench: Bench) -> None:
        """Where there is but one capture, it is the last, even when it is not said to be final."""
        charge = await self.charge(bench, bench.approved, eur(100))
        first = await bench.provider.capture(capture(charge, eur(40)))
        second = await bench.provider.capture(capture(charge, eur(60)))
        if not bench.provider.capabilities.several_captures:
            assert isinstance(first, Approved)
            assert isinstance(second, Rejected)
            return
        assert isinstance(first, Approved)
        assert isinstance(second, Approved)
        assert first.reference != second.reference
        assert isinstance(await bench.provider.capture(capture(charge, eur(1))), Rejected)

    async def test_nothing_can_be_captured_behind_a_final_capture(self, bench: Bench) -> None:
        charge = await self.charge(bench, bench.approved, eur(100))
        assert isinstance(await bench.provider.capture(capture(charge, eur(40), final=True)), Approved)
        assert isinstance(await bench.provider.capture(capture(charge, eur(1))), Rejected)

    async def test_a_void_releases_what_is_reserved(self, bench: Bench) -> None:
        charge = await self.charge(bench, bench.approved, eur(100))
        void = void_of(charge)
        assert isinstance(await bench.provider.void(void), Approved)
        taken = await bench.provider.capture(capture(charge, eur(1)))
        assert isinstance(taken, Rejected if bench.bounded else Rejected | Unknown)

    async def test_refunds_give_back_what_was_captured_and_no_more(self, bench: Bench) -> None:
        charge = await self.charge(bench, bench.approved, eur(100), captured=True)
        assert isinstance(await bench.provider.refund(refund(charge, eur(70))), Approved)
        if bench.bounded:
            assert isinstance(await bench.provider.refund(refund(charge, eur(31))), Rejected)
        assert isinstance(await bench.provider.refund(refund(charge, eur(30))), Approved)

    async def test_an_operation_on_an_unknown_charge_is_rejected(self, bench: Bench) -> None:
        assert isinstance(await bench.provider.capture(capture("no such/charge?", eur(1))), Rejected)

    async def test_a_repeated_operation_has_one_effect_and_the_same_outcome(self, bench: Bench) -> None:
        """Where it has two, the lookup never passes them off as one."""
        authorize = authorization(bench.approved, eur(100))
        charge = await bench.provider.authorize(authorize)
        assert isinstance(charge, Approved)
        if not bench.idempotent:
            await bench.provider.authorize(authorize)
            assert isinstance(await bench.provider.lookup(authorize), Unknown)
            return
        assert await bench.provider.authorize(authorize) == charge
        take = capture(charge.reference, eur(60))
        assert await bench.provider.capture(take) == await bench.provider.capture(take)
        give_back = refund(charge.reference, eur(50))
        assert await bench.provider.refund(give_back) == await bench.provider.refund(give_back)
        void = void_of(charge.reference, eur(40))
        assert await bench.provider.void(void) == await bench.provider.void(void)
        assert isinstance(await bench.provider.refund(refund(charge.reference, eur(10))), Approved)

    async def test_a_repeated_decline_is_the_same_decline(self, bench: Bench) -> None:
        request = authorization(bench.declined)
        assert await bench.provider.authorize(request) == await bench.provider.authorize(request)

    async def test_the_lookup_gives_the_outcome_of_each_operation(self, bench: Bench) -> None:
        """Each is looked up while it is open: before anything follows it."""
        authorize = authorization(bench.approved, eur(100))
        charge = await bench.provider.authorize(authorize)
        assert isinstance(charge, Approved)
        assert await bench.provider.lookup(authorize) == charge
        following: list[ProviderRequest] = [capture(charge.reference, eur(60)), refund(charge.reference, eur(50))]
        if bench.provider.capabilities.several_captures:
            following.append(void_of(charge.reference, eur(40)))
        for request in following:
            outcome = await perform(bench.provider, request)
            assert isinstance(outcome, Approved)
            assert await bench.provider.lookup(request) == outcome

    async def test_the_lookup_gives_the_outcome_of_a_void(self, bench: Bench) -> None:
        void = void_of(await self.charge(bench, bench.approved, eur(100)))
        assert await bench.provider.lookup(void) is None
        released = await bench.provider.void(void)
        assert isinstance(released, Approved)
        assert await bench.provider.lookup(void) == released

    async def test_the_lookup_of_a_refused_operation_is_the_refusal(self, bench: Bench) -> None:
        """Or None, where nothing is left of it: repeating it is refused again."""
        charge = await self.charge(bench, bench.approved, eur(100))
        await bench.provider.capture(capture(charge, eur(60), final=True))
        for request in (capture(charge, eur(40)), void_of(charge, eur(40))):
            refused = await perform(bench.provider, request)
            assert isinstance(refused, Rejected)
            assert await bench.provider.lookup(request) == (refused if bench.remembers_refusals else None)

    async def test_the_lookup_gives_a_decline(self, bench: Bench) -> None:
        request = authorization(bench.declined)
        declined = await bench.provider.authorize(request)
        assert await bench.provider.lookup(request) == declined

    async def test_the_lookup_of_an_operation_never_seen_is_none(self, bench: Bench) -> None:
        assert await bench.provider.lookup(authorization(bench.approved)) is None
        charge = await self.charge(bench, bench.approved, eur(100))
        assert await bench.provider.lookup(capture(charge, eur(1))) is None
        assert await bench.provider.lookup(refund(charge, eur(1))) is None

    async def test_a_timed_out_authorisation_is_unknown_until_it_is_looked_up(self, bench: Bench) -> None:
        request = authorization(bench.approved)
        bench.proxy.loses_answers = True
        assert isinstance(await bench.provider.authorize(request), Unknown)
        assert isinstance(await bench.provider.lookup(request), Unknown)
        bench.proxy.loses_answers = False
        resolved = await bench.provider.lookup(request)
        assert isinstance(resolved, Approved)
        if bench.idempotent:
            assert await bench.provider.authorize(request) == resolved

    async def test_a_timed_out_capture_is_unknown_until_it_is_looked_up(self, bench: Bench) -> None:
        request = capture(await self.charge(bench, bench.approved, eur(100)), eur(40), final=True)
        bench.proxy.loses_answers = True
        assert isinstance(await bench.provider.capture(request), Unknown)
        bench.proxy.loses_answers = False
        assert isinstance(await bench.provider.lookup(request), Approved)

    async def test_a_timed_out_refund_is_unknown_until_it_is_looked_up(self, bench: Bench) -> None:
        request = refund(await self.charge(bench, bench.approved, eur(100), captured=True), eur(40))
        bench.proxy.loses_answers = True
        assert isinstance(await bench.provider.refund(request), Unknown)
        bench.proxy.loses_answers = False
        assert isinstance(await bench.provider.lookup(request), Approved)

    async def test_where_nothing_listens_the_provider_is_unavailable(self, bench: Bench) -> None:
        provider = bench.unreachable
        assert isinstance(await provider.authorize(authorization(bench.approved)), Unavailable)
        assert isinstance(await provider.capture(capture("charge", eur(1))), Unavailable)
        assert isinstance(await provider.refund(refund("charge", eur(1))), Unavailable)
        void = void_of("charge")
        assert isinstance(await provider.void(void), Unavailable)

    async def test_a_lookup_that_reaches_nobody_is_unknown_and_never_none(self, bench: Bench) -> None:
        assert isinstance(await bench.unreachable.lookup(authorization(bench.approved)), Unknown)

    async def charge(self, bench: Bench, method: PaymentMethod, amount: Money, *, captured: bool = False) -> str:
        """The reference of an approved charge."""
        outcome = await bench.provider.authorize(authorization(method, amount, captured=captured))
        assert isinstance(outcome, Approved)
        return outcome.reference


async def perform(provider: Provider, request: ProviderRequest) -> Outcome:
    match request:
        case AuthorizeRequest():
            return await provider.authorize(request)
        case CaptureRequest():
            return await provider.capture(request)
        case VoidRequest():
            return await provider.void(request)
        case RefundRequest():
            return await provider.refund(request)


def eur(whole: int) -> Money:
    return Money(whole * 100, "EUR")


def new_operation_id() -> OperationId:
    return OperationId(new_uuid())


def authorization(method: PaymentMethod, amount: Money | None = None, *, captured: bool = False) -> AuthorizeRequest:
    return AuthorizeRequest(
        operation_id=new_operation_id(),
        payment_id=PaymentId(new_uuid()),
        amount=amount or eur(100),
        method=method,
        capture=captured,
    )


def capture(charge: str, amount: Money, *, final: bool = False) -> CaptureRequest:
    return CaptureRequest(
        operation_id=new_operation_id(), payment_id=PAYMENT, reference=charge, amount=amount, final=final
    )


def void_of(charge: str, amount: Money | None = None) -> VoidRequest:
    return VoidRequest(operation_id=new_operation_id(), payment_id=PAYMENT, reference=charge, amount=amount or eur(100))


def refund(charge: str, amount: Money) -> RefundRequest:
    return RefundRequest(operation_id=new_operation_id(), payment_id=PAYMENT, reference=charge, amount=amount)
