"""One payment on its way through any commands: its history, every state on the way, and every entry it caused."""

from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

from application.terms.balance_floors import floors_for
from application.write.append import BalanceLimitBroken
from domain.errors import DomainError
from domain.identifiers import DisputeId, OperationId, PaymentId
from domain.ledger.balances import fold_balances
from domain.ledger.entry import JournalEntryPosted
from domain.money.money import Money, zero
from domain.payment.create import CreatePayment, create
from domain.payment.debit import PROVIDER_DEBIT_FUNDING, REFUND_FUNDING, DebitSource, next_funding_source
from domain.payment.dispute_events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
)
from domain.payment.events import (
    AuthorizationExpired,
    CaptureFailed,
    CaptureStarted,
    ContradictionReported,
    OperationAdopted,
    OperationInDoubt,
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentEvent,
    PaymentRefunded,
    PaymentVoided,
    RefundFailed,
    RefundReversed,
    RefundStarted,
    VoidFailed,
    VoidStarted,
)
from domain.payment.evolve import evolve, fold
from domain.payment.outcome import Unknown
from domain.payment.proceeds import Drawn
from domain.payment.state import Payment
from domain.terms.pricing_context import PricingContext
from tests.domain.books import Books, KeptBalances, entries_of
from tests.support.domain import Decision, History


class Journey:
    def __init__(self, number: int, command: CreatePayment) -> None:
        self.id = PaymentId(UUID(int=number))
        self.merchant_id, self.amount = command.merchant_id, command.amount
        self.events: list[PaymentEvent] = [create(command)]
        self.stages: list[Payment] = [evolve(None, self.events[0])]
        """The payment as it was after each event."""
        self.entries: list[JournalEntryPosted] = []

    @property
    def payment(self) -> Payment:
        return self.stages[-1]

    @property
    def books(self) -> Books:
        return Counter(fold_balances(self.entries))

    def caused_by(self, events: Sequence[PaymentEvent]) -> list[JournalEntryPosted]:
        """The entries of `events` if they came next."""
        return entries_of(self.id, events, after=len(self.events))

    def take(self, decision: Decision) -> bool:
        """Let `decision` happen; False when it is refused, and then nothing has."""
        try:
            events = decision(self.payment)
        except DomainError:
            return False
        self.entries += self.caused_by(events)
        for event in events:
            self.stages.append(evolve(self.payment, event))
            self.events.append(event)
        return True

    def part(self, tenths: int) -> Money:
        """So many tenths of the payment's amount, and at least one minor unit; over ten is more than there is."""
        return Money(max(1, self.amount.minor * tenths // 10), self.amount.currency)


def from_where_it_holds(
    journey: Journey,
    decide: Callable[[DebitSource], Decision],
    kept: KeptBalances,
    pricing: PricingContext,
    *,
    owes: bool,
) -> Decision:
    """Looks for the money as the application does: in what is pending, then in what is available, down to the limit;
    with `owes` the merchant owes what it does not have, and otherwise it is refused."""

    def decision(payment: Payment) -> History:
        funding = PROVIDER_DEBIT_FUNDING if owes else REFUND_FUNDING
        while True:
            events = decide(funding.source)(payment)
            floors = floors_for(events, pricing.terms.settlement)
            broken = kept.broken_by(journey.caused_by(events), floors)
            if broken is None:
                return events
            following = next_funding_source(funding, broken, journey.merchant_id)
            if following is None:
                raise BalanceLimitBroken(account=broken, currency=journey.amount.currency)
            funding = following

    return decision


def assert_every_prefix_folds_to_the_payment_as_it_was(journey: Journey) -> None:
    for length, stage in enumerate(journey.stages, start=1):
        assert fold(journey.events[:length]) == stage


def assert_intent_before_effect_and_one_operation_at_a_time(journey: Journey) -> None:
    """No outcome without its operation's start before it, and none starts while another one's outcome is open."""
    started: set[OperationId] = set()
    adopted: set[OperationId] = set()
    lost: set[OperationId] = set()
    doubted: set[OperationId] = set()
    open_: OperationId | None = None
    taken_at_once: OperationId | None = None
    for before, event in zip([None, *journey.events], journey.events, strict=False):
        match event:
            case (
                PaymentAttemptStarted(attempt_id=id)
                | CaptureStarted(capture_id=id)
                | VoidStarted(void_id=id)
                | RefundStarted(refund_id=id)
            ):
                assert open_ is None, f"{event} starts while {open_} is open"
                assert id not in started, f"{event} starts a second time"
                started.add(id)
                open_ = id
                if isinstance(event, PaymentAttemptStarted) and event.capture:
                    taken_at_once = id
            case OperationOutcomeUnknown(operation_id=id):
                assert id == open_, f"{event} without its start"
                assert id not in lost, f"{event} a second time"
                lost.add(id)
            case OperationInDoubt(operation_id=id):
                assert id == open_, f"{event} without its start"
                assert id not in doubted, f"{event} a second time"
                doubted.add(id)
            case ContradictionReported(operation_id=id, recorded=recorded, reported=reported):
                assert id in started | adopted, f"{event} without its start"
                assert (recorded == "open") is (id == open_), f"{event}: recorded otherwise"
                # Of what has not ended nothing can be the opposite: only what does not fit the request is reported.
                assert id != open_ or isinstance(reported, Unknown), f"{event} of what has not ended"
            case OperationAdopted(operation_id=id):
                assert id not in started | adopted, f"{event} of what is on record"
                adopted.add(id)
            case (
                PaymentCaptured(capture_id=id)
                | PaymentVoided(void_id=id)
                | PaymentRefunded(refund_id=id)
                | RefundFailed(refund_id=id)
            ) if id in adopted:
                assert isinstance(before, OperationAdopted), f"{event} apart from its adoption"
                assert before.operation_id == id
            case PaymentActionRequired(attempt_id=id):
                assert id == open_, f"{event} without its start"
            case PaymentCaptured(capture_id=id) if id == taken_at_once:
                assert open_ is None
                taken_at_once = None
            case (
                PaymentAuthorized(attempt_id=id)
                | PaymentAttemptFailed(attempt_id=id)
                | PaymentCaptured(capture_id=id)
                | CaptureFailed(capture_id=id)
                | PaymentVoided(void_id=id)
                | VoidFailed(void_id=id)
                | PaymentRefunded(refund_id=id)
                | RefundFailed(refund_id=id)
            ):
                assert id == open_, f"{event} without its start"
                open_ = None
            case AuthorizationExpired():
                assert open_ is None, f"{event} while {open_} is open"
            case _:
                pass


def assert_no_more_is_taken_than_authorised_nor_given_back_than_taken(journey: Journey) -> None:
    """Also counting what is on its way: a started capture, a started refund, an open dispute. What a provider has given
    back beyond the budget does not count: that is borne apart from it."""
    nothing = zero(journey.amount.currency)
    authorised = taken = taking = released = back = going_back = nothing
    frozen: dict[DisputeId, Money] = {}
    for event in journey.events:
        match event:
            case PaymentAuthorized(amount=amount):
                authorised += amount
            case CaptureStarted(amount=amount):
                taking = amount
            case CaptureFailed():
                taking = nothing
            case PaymentCaptured(amount=amount):
                taken, taking, released = taken + amount, nothing, released + event.released
            case PaymentVoided() | AuthorizationExpired():
                released += event.released
            case RefundStarted(amount=amount):
                going_back = amount
            case RefundFailed(returned=Drawn()):
                going_back = nothing
            case PaymentRefunded(excess=excess, unreserved=unreserved):
                back += event.amount if excess is None else event.amount - excess.amount
                going_back = going_back if unreserved else nothing
            case RefundReversed(excess=excess):
                back -= event.amount if excess is None else event.amount - excess.amount
            case (
                DisputeOpened(dispute_id=dispute_id, claim=claim)
                | DisputeRaised(dispute_id=dispute_id, claim=claim)
                | DisputeReduced(dispute_id=dispute_id, claim=claim)
            ):
                frozen[dispute_id] = claim.amount
            case DisputeWon(dispute_id=dispute_id):
                del frozen[dispute_id]
            case DisputeLost(dispute_id=dispute_id, amount=amount):
                back += frozen.pop(dispute_id)
            case DisputeReversed(amount=amount):
                back -= amount
            case _:
                pass
        assert taken + taking + released <= authorised
        assert back + going_back + sum(frozen.values(), start=nothing) <= taken
