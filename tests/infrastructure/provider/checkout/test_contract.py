"""Checkout.com's connector keeps the contract of a provider, against the simulator speaking Checkout.com's dialect."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from domain.money.money import Money
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Approved, Declined, Rejected
from infrastructure.provider.checkout.client import CheckoutProvider
from tests.infrastructure.provider.contract import (
    Bench,
    ProviderContract,
    authorization,
    capture,
    eur,
    refund,
)
from tests.infrastructure.simulator.api import Api, Json
from tests.support.losing_proxy import losing_proxy
from tests.support.simulator import HOST, free_port, running_simulator

TIMEOUT_S = 0.8
SECRET_KEY = "sk_sbox_" + "a" * 27


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as url:
        yield url


@pytest.fixture
async def bench(base_url: str) -> AsyncIterator[Bench]:
    async with (
        losing_proxy(base_url) as proxy,
        aclosing(CheckoutProvider(f"{proxy.url}/checkout", SECRET_KEY, timeout_s=TIMEOUT_S)) as provider,
        aclosing(CheckoutProvider(f"http://{HOST}:{free_port()}/checkout", SECRET_KEY)) as unreachable,
    ):
        yield Bench(
            provider=provider,
            proxy=proxy,
            unreachable=unreachable,
            approved=card("tok_visa"),
            declined=card("tok_insufficient_funds"),
            declined_code="insufficient_funds",
            remembers_refusals=False,
        )


class TestCheckoutProvider(ProviderContract):
    @pytest.fixture
    async def bench(self, bench: Bench) -> Bench:
        return bench


async def test_an_automatic_capture_is_approved_once_its_money_is_taken(bench: Bench) -> None:
    request = authorization(bench.approved, captured=True)
    outcome = await bench.provider.authorize(request)
    assert isinstance(outcome, Approved)
    assert await bench.provider.lookup(request) == outcome


async def test_an_issuers_refusal_of_a_capture_is_found_in_the_actions(bench: Bench) -> None:
    charge = await bench.provider.authorize(authorization(card("tok_capture_declined")))
    assert isinstance(charge, Approved)
    request = capture(charge.reference, eur(60))
    declined = await bench.provider.capture(request)
    assert declined == Declined("do_not_honor", "Declined - Do Not Honour")
    assert await bench.provider.lookup(request) == declined


async def test_an_issuers_refusal_of_a_refund_is_found_in_the_actions(bench: Bench) -> None:
    charge = await bench.provider.authorize(authorization(card("tok_refund_declined"), captured=True))
    assert isinstance(charge, Approved)
    request = refund(charge.reference, eur(60))
    declined = await bench.provider.refund(request)
    assert isinstance(declined, Declined)
    assert await bench.provider.lookup(request) == declined


@pytest.mark.parametrize("amount", [Money(1_001, "KWD"), Money(1_000, "CLF")], ids=str)
async def test_an_amount_that_checkout_cannot_count_is_rejected_unsent(bench: Bench, amount: Money) -> None:
    outcome = await bench.unreachable.authorize(authorization(bench.approved, amount))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "amount_not_representable"


@pytest.mark.parametrize("amount", [Money(1_990, "CLP"), Money(1_010, "KWD"), Money(5, "JPY")], ids=str)
async def test_amounts_of_every_exponent_arrive_in_the_books_as_we_meant_them(
    bench: Bench, base_url: str, amount: Money
) -> None:
    request = authorization(bench.approved, amount)
    charge = await bench.provider.authorize(request)
    assert isinstance(charge, Approved)
    assert isinstance(await bench.provider.capture(capture(charge.reference, amount, final=True)), Approved)
    (line,) = [line for line in await books(base_url) if line["reference"] == str(request.payment_id)]
    assert (line["authorized"], line["captured"]) == (amount.minor, amount.minor)


def card(token: str) -> PaymentMethod:
    return PaymentMethod(MethodType.CARD, token)


async def books(base_url: str) -> list[Json]:
    async with aclosing(Api(base_url)) as api:
        return await api.books()
