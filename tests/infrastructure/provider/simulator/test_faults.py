"""Whatever goes wrong on the way, what the connector says in the end is what the provider's books say."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from application.provider import AuthorizeRequest
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Approved, Declined, Outcome, Unknown
from infrastructure.provider.simulator.client import SimulatorProvider
from tests.infrastructure.provider.contract import authorization
from tests.infrastructure.simulator.api import Api
from tests.support.simulator import DEADLINE_S, running_simulator

PAYMENTS = 60


async def resolved(provider: SimulatorProvider, request: AuthorizeRequest) -> Outcome:
    """Asked for once, looked up for as long as it is unknown, and asked for again only when it was never seen."""
    outcome: Outcome | None = await provider.authorize(request)
    while outcome is None or isinstance(outcome, Unknown):
        outcome = await provider.authorize(request) if outcome is None else await provider.lookup(request)
    return outcome


async def test_through_all_faults_at_once_the_outcomes_are_those_of_the_books(tmp_path: Path) -> None:
    requests = [authorization(PaymentMethod(MethodType.CARD, "tok_visa"), captured=True) for _ in range(PAYMENTS)]
    with running_simulator(tmp_path) as url:
        api = Api(url)
        await api.set_faults(
            seed=11,
            down_for_s=0.3,
            error_5xx_percent=20,
            lost_answer_percent=10,
            slow_percent=20,
            slow_s=0.05,
            decline_percent=20,
        )
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
