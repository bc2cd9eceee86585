"""Whatever goes wrong on the way, what the connector says in the end is what the provider's books say."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from application.provider.port import AuthorizeRequest
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Approved, Declined, Outcome
from infrastructure.provider.checkout.client import CheckoutProvider
from tests.infrastructure.provider.contract import authorization, capture, eur
from tests.infrastructure.provider.faults import PAYMENTS, everything_goes_wrong, resolved
from tests.infrastructure.simulator.api import Api
from tests.support.simulator import DEADLINE_S, running_simulator


async def test_through_all_faults_at_once_the_outcomes_are_those_of_the_books(tmp_path: Path) -> None:
    card = PaymentMethod(MethodType.CARD, "tok_visa")
    requests = [authorization(card, captured=bool(number % 2)) for number in range(PAYMENTS)]

    async def paid(provider: CheckoutProvider, request: AuthorizeRequest) -> Outcome:
        charge = await resolved(provider, request)
        if isinstance(charge, Approved) and not request.capture:
            assert isinstance(await resolved(provider, capture(charge.reference, eur(60))), Approved)
        return charge

    with running_simulator(tmp_path) as url:
        async with aclosing(Api(url)) as api:
            await everything_goes_wrong(api)
            async with (
                aclosing(CheckoutProvider(f"{url}/checkout", "sk_1", timeout_s=0.5)) as provider,
                asyncio.timeout(DEADLINE_S),
            ):
                outcomes = await asyncio.gather(*(paid(provider, request) for request in requests))
            books = {line["key"]: line for line in await api.books()}
    taken = {
        str(request.operation_id): (outcome.reference.removeprefix("pay_"), 10_000 if request.capture else 6_000)
        for request, outcome in zip(requests, outcomes, strict=True)
        if isinstance(outcome, Approved)
    }
    assert {key: (line["id"].removeprefix("ch_"), line["captured"]) for key, line in books.items()} == taken
    assert {line["charges_of_reference"] for line in books.values()} == {1}
    assert {type(outcome) for outcome in outcomes} == {Approved, Declined}
