"""Whatever goes wrong on the way, what the connector says in the end is what the provider's books say."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Approved, Declined
from infrastructure.provider.simulator.client import SimulatorProvider
from tests.infrastructure.provider.contract import authorization
from tests.infrastructure.provider.faults import PAYMENTS, everything_goes_wrong, resolved
from tests.infrastructure.simulator.api import Api
from tests.support.simulator import DEADLINE_S, running_simulator


async def test_through_all_faults_at_once_the_outcomes_are_those_of_the_books(tmp_path: Path) -> None:
    requests = [authorization(PaymentMethod(MethodType.CARD, "tok_visa"), captured=True) for _ in range(PAYMENTS)]
    with running_simulator(tmp_path) as url:
        api = Api(url)
        await everything_goes_wrong(api)
        async with aclosing(SimulatorProvider(url, timeout_s=0.5)) as provider, asyncio.timeout(DEADLINE_S):
            outcomes = await asyncio.gather(*(resolved(provider, request) for request in requests))
        books = {line["key"]: line for line in await api.books()}
        await api.aclose()
    approved = {
        str(request.operation_id): outcome.reference
        for request, outcome in zip(requests, outcomes, strict=True)
        if isinstance(outcome, Approved)
    }
    assert {key: line["id"] for key, line in books.items()} == approved
    assert {line["charges_of_reference"] for line in books.values()} == {1}
    assert {type(outcome) for outcome in outcomes} == {Approved, Declined}
