"""Recovery repeats a call that the provider never saw; what that repeat does not prove is not taken for proven."""

from datetime import UTC, datetime

from application.payment.loaded import load
from application.payment.operation import Operations
from application.payment.operation_queue import UnresolvedOperation
from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from application.terms.policies import DEFAULT_POLICIES
from domain.identifiers import OperationId, PaymentId
from domain.payment.method import MethodType
from domain.payment.outcome import Outcome
from domain.payment.status import Status, status_of
from domain.routing.capabilities import Capabilities
from infrastructure.postgres.event_store.store import PostgresEventStore
from interfaces.resources.payment_answer import render_response
from tests.support.dead_letters import KeptLetters
from tests.support.domain import ACQUIRER, APPROVED, ATTEMPT, NOW, UNAVAILABLE, processing
from tests.support.pins import NOTHING_LOST
from tests.support.pricing import pricing_contexts
from tests.support.routing import InOrder
from tests.support.store import CAUSE, open_store, operation_queue, store_in_flight


async def test_a_repeat_that_cannot_be_sent_leaves_the_outcome_unknown(database_url: str) -> None:
    """The first call may have been on its way all the time: "failed" would be told of a card that is charged."""
    async with open_store(database_url) as store:
        operation = await _attempt_in_flight(store)
        provider = NeverSaw(UNAVAILABLE)
        assert not await _operations(store, provider).resolve(operation, CAUSE)
        assert await _status(store, operation.payment_id) == Status.PROCESSING
        assert await operation_queue(store).unresolved(claimed_before=operation.claimed_at) != []

        provider.answers_repeats_with(APPROVED)
        assert await _operations(store, provider).resolve(operation, CAUSE)
        assert await _status(store, operation.payment_id) == Status.AUTHORIZED
        assert provider.asked == [ATTEMPT, ATTEMPT]


class NeverSaw:
    """A provider that knows no operation, and answers every call with `outcome`."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self.asked: list[OperationId] = []

    def answers_repeats_with(self, outcome: Outcome) -> None:
        self._outcome = outcome

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(methods=frozenset(MethodType))

    async def authorize(self, request: AuthorizeRequest) -> Outcome:
        self.asked.append(request.operation_id)
        return self._outcome

    async def capture(self, request: CaptureRequest) -> Outcome:
        raise NotImplementedError

    async def void(self, request: VoidRequest) -> Outcome:
        raise NotImplementedError

    async def refund(self, request: RefundRequest) -> Outcome:
        raise NotImplementedError

    async def lookup(self, request: ProviderRequest) -> Outcome | None:
        return None


def _operations(store: PostgresEventStore, provider: NeverSaw) -> Operations:
    return Operations(
        store=store,
        queue=operation_queue(store),
        providers={ACQUIRER: provider},
        answers=render_response,
        policies=DEFAULT_POLICIES,
        pricing_contexts=pricing_contexts(),
        routing=InOrder(ACQUIRER),
        lost=NOTHING_LOST,
        letters=KeptLetters(),
        now=lambda: NOW,
    )


async def _attempt_in_flight(store: PostgresEventStore) -> UnresolvedOperation:
    await store_in_flight(store, processing())
    [operation] = await operation_queue(store).unresolved(claimed_before=datetime.max.replace(tzinfo=UTC))
    return operation


async def _status(store: PostgresEventStore, payment_id: PaymentId) -> Status:
    return status_of((await load(store, payment_id)).payment)
