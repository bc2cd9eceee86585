"""APS's connector keeps the contract of a provider, against the simulator that speaks APS's dialect.

Where APS differs from others, a test of the contract is told anew with the reason.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Final

import pytest

from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Approved, Rejected, Unknown
from infrastructure.provider.aps.client import ApsProvider, Credentials
from tests.infrastructure.provider.contract import (
    Bench,
    ProviderContract,
    authorization,
    capture,
    eur,
    refund,
    void_of,
)
from tests.support.losing_proxy import losing_proxy
from tests.support.simulator import HOST, free_port, running_simulator

TIMEOUT_S: Final = 0.8
CREDENTIALS: Final = Credentials(
    merchant_identifier="SimMerchant",
    access_code="SimAccessCode",
    sha_request_phrase="simulated-request-phrase",
    sha_response_phrase="simulated-response-phrase",
)


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as url:
        yield url


class TestApsProvider(ProviderContract):
    @pytest.fixture
    async def bench(self, base_url: str) -> AsyncIterator[Bench]:
        async with (
            losing_proxy(base_url) as proxy,
            aclosing(ApsProvider(f"{proxy.url}/aps", CREDENTIALS, timeout_s=TIMEOUT_S)) as provider,
            aclosing(ApsProvider(f"http://{HOST}:{free_port()}/aps", CREDENTIALS)) as unreachable,
        ):
            yield Bench(
                provider=provider,
                proxy=proxy,
                unreachable=unreachable,
                approved=PaymentMethod(MethodType.CARD, "tok_visa"),
                declined=PaymentMethod(MethodType.CARD, "tok_insufficient_funds"),
                declined_code="insufficient_funds",
            )

    async def test_nothing_can_be_captured_behind_a_final_capture(self, bench: Bench) -> None:
        """APS has no final capture: the rest stays reserved until it lapses, and the core asks for no more of it."""
        charge = await self.charge(bench, bench.approved, eur(100))
        assert isinstance(await bench.provider.capture(capture(charge, eur(40), final=True)), Approved)
        assert isinstance(await bench.provider.capture(capture(charge, eur(61))), Rejected)

    async def test_a_void_behind_a_capture_is_rejected(self, bench: Bench) -> None:
        """APS voids an authorisation of which nothing was taken, and no rest of one."""
        charge = await self.charge(bench, bench.approved, eur(100))
        await bench.provider.capture(capture(charge, eur(40)))
        assert isinstance(await bench.provider.void(void_of(charge)), Rejected)

    async def test_a_repeated_operation_has_one_effect_and_the_same_outcome(self, bench: Bench) -> None:
        """Payments and refunds have names that APS takes once. Captures have none: nobody may repeat them."""
        authorize = authorization(bench.approved, eur(100))
        charge = await bench.provider.authorize(authorize)
        assert isinstance(charge, Approved)
        assert await bench.provider.authorize(authorize) == charge
        await bench.provider.capture(capture(charge.reference, eur(100)))
        give_back = refund(charge.reference, eur(60))
        assert await bench.provider.refund(give_back) == await bench.provider.refund(give_back)
        assert isinstance(await bench.provider.refund(refund(charge.reference, eur(40))), Approved)

    async def test_a_repeated_refund_that_could_be_another_one_is_unknown(self, bench: Bench) -> None:
        charge = await self.charge(bench, bench.approved, eur(100), captured=True)
        give_back = refund(charge, eur(30))
        assert isinstance(await bench.provider.refund(give_back), Approved)
        assert isinstance(await bench.provider.refund(give_back), Unknown)
        assert isinstance(await bench.provider.refund(refund(charge, eur(70))), Approved)

    async def test_the_lookup_gives_the_outcome_of_each_operation(self, bench: Bench) -> None:
        """APS tells totals, not operations: what they can only mean in one way is told, the rest is left open."""
        authorize = authorization(bench.approved, eur(100))
        charge = await bench.provider.authorize(authorize)
        assert isinstance(charge, Approved)
        assert await bench.provider.lookup(authorize) == charge
        take, give_back = capture(charge.reference, eur(60)), refund(charge.reference, eur(40))
        assert isinstance(await bench.provider.lookup(give_back), Unknown)
        taken = await bench.provider.capture(take)
        given_back = await bench.provider.refund(give_back)
        assert await bench.provider.lookup(take) == taken
        assert await bench.provider.lookup(give_back) == given_back
        for could_be_either in (capture(charge.reference, eur(40)), refund(charge.reference, eur(20))):
            assert isinstance(await bench.provider.lookup(could_be_either), Unknown)

    async def test_the_lookup_of_a_void_tells_it_from_an_authorisation(self, bench: Bench) -> None:
        void = void_of(await self.charge(bench, bench.approved, eur(100)))
        assert await bench.provider.lookup(void) is None
        voided = await bench.provider.void(void)
        assert isinstance(voided, Approved)
        assert await bench.provider.lookup(void) == voided

    async def test_the_lookup_of_a_refused_operation_is_the_refusal(self, bench: Bench) -> None:
        """It leaves no trace, and of captures and refunds that is no reason to ask again."""
        charge = await self.charge(bench, bench.approved, eur(100))
        await bench.provider.capture(capture(charge, eur(60)))
        too_much, taken = refund(charge, eur(61)), capture(charge, eur(61))
        assert isinstance(await bench.provider.refund(too_much), Rejected)
        assert isinstance(await bench.provider.lookup(too_much), Unknown)
        assert isinstance(await bench.provider.capture(taken), Rejected)
        assert isinstance(await bench.provider.lookup(taken), Unknown)

    async def test_the_lookup_of_an_operation_never_seen_is_none(self, bench: Bench) -> None:
        """But a capture's and a refund's is Unknown: None would have it asked for again, and APS might do it twice."""
        assert await bench.provider.lookup(authorization(bench.approved)) is None
        charge = await self.charge(bench, bench.approved, eur(100))
        assert isinstance(await bench.provider.lookup(refund(charge, eur(1))), Unknown)
        assert isinstance(await bench.provider.lookup(capture(charge, eur(100))), Unknown)

    async def test_a_timed_out_capture_is_unknown_until_it_is_looked_up(self, bench: Bench) -> None:
        """A capture of half or less stays so until its notification: another one could have made the same total."""
        whole = capture(await self.charge(bench, bench.approved, eur(100)), eur(100), final=True)
        part = capture(await self.charge(bench, bench.approved, eur(100)), eur(40))
        bench.proxy.loses_answers = True
        assert isinstance(await bench.provider.capture(whole), Unknown)
        assert isinstance(await bench.provider.capture(part), Unknown)
        bench.proxy.loses_answers = False
        assert isinstance(await bench.provider.lookup(whole), Approved)
        assert isinstance(await bench.provider.lookup(part), Unknown)

    async def test_a_timed_out_refund_is_unknown_until_it_is_looked_up(self, bench: Bench) -> None:
        """A refund of half or less stays so until its notification, as a capture does."""
        whole = refund(await self.charge(bench, bench.approved, eur(100), captured=True), eur(100))
        part = refund(await self.charge(bench, bench.approved, eur(100), captured=True), eur(40))
        bench.proxy.loses_answers = True
        assert isinstance(await bench.provider.refund(whole), Unknown)
        assert isinstance(await bench.provider.refund(part), Unknown)
        bench.proxy.loses_answers = False
        assert isinstance(await bench.provider.lookup(whole), Approved)
        assert isinstance(await bench.provider.lookup(part), Unknown)
