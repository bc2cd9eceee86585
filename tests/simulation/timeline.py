"""A payment's own events explain it: why each provider was asked, why it ended so, who did it and because of what.

Written apart from the decisions: what is held against them here is the order of their events.
"""

from collections.abc import Iterable, Sequence
from typing import Final, assert_never
from uuid import UUID

from domain.history import Recorded
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.ledger.entry import JournalEntryPosted, entry_id_for, imbalance
from domain.ledger.rules import entry_for
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
    FailureKind,
    OperationAdopted,
    OperationInDoubt,
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCanceled,
    PaymentCaptured,
    PaymentCreated,
    PaymentEvent,
    PaymentFailed,
    PaymentHeldForReview,
    PaymentRefunded,
    PaymentReviewApproved,
    PaymentRouted,
    PaymentVoided,
    RefundFailed,
    RefundReversed,
    RefundStarted,
    VoidFailed,
    VoidStarted,
)
from domain.payment.evolve import HistoryUnreadable, fold
from domain.payment.settlement_events import MovementSettled
from tests.simulation.plan import SOFT_DECLINES

ASKED_FROM_OUTSIDE: Final = ("key:", "operator:")


class Unexplained(Exception):
    """An event that what came before it does not account for."""


def unexplained(history: Sequence[Recorded], entries: Sequence[Recorded]) -> str | None:
    """What is wrong with a payment's events or its journal entries; None when they explain it."""
    facts = [_payment_event(recorded) for recorded in history]
    try:
        fold(facts)
        story = _Story()
        for fact in facts:
            story.goes_on(fact)
        for recorded in (*history, *entries):
            _somebody_did_it(recorded)
        for version, recorded in enumerate(history, start=1):
            _because_of_something(recorded, version, history)
        _entries_follow(history, entries)
    except (Unexplained, HistoryUnreadable) as reason:
        return f"payment {history[0].originator_id}: {reason}{told(history)}"
    return None


def told(history: Iterable[Recorded]) -> str:
    """The events, one a line, for whoever has to find out."""
    return "".join(
        f"\n  {recorded.recorded_at:%H:%M:%S.%f} {recorded.actor} ({recorded.causation_id}) {recorded.data}"
        for recorded in history
    )


class _Story:
    """Who has been asked what so far."""

    def __init__(self) -> None:
        self._route: PaymentRouted | None = None
        self._attempt: PaymentAttemptStarted | None = None
        self._failed: PaymentAttemptFailed | None = None
        self._tried: list[ProviderName] = []
        self._charged_by: ProviderName | None = None
        self._captured_at_once: OperationId | None = None
        self._operation: OperationId | None = None
        self._customer_was_asked = False
        self._ended = False

    def goes_on(self, fact: PaymentEvent) -> None:
        """Raises Unexplained."""
        _require(not self._ended or isinstance(fact, ContradictionReported), f"{fact} after the end")
        match fact:
            case PaymentCreated() | PaymentHeldForReview() | PaymentReviewApproved():
                pass
            case PaymentRouted():
                self._routed(fact)
            case PaymentAttemptStarted():
                self._attempt_started(fact)
            case PaymentActionRequired(attempt_id=attempt_id):
                self._is_attempt(attempt_id)
                self._customer_was_asked = True
            case PaymentAttemptFailed():
                self._attempt_failed(fact)
            case PaymentFailed():
                self._failed_for_good(fact)
            case PaymentAuthorized():
                self._authorized(fact)
            case OperationOutcomeUnknown(operation_id=operation_id) | OperationInDoubt(operation_id=operation_id):
                open_now = self._operation or (self._attempt and self._attempt.attempt_id)
                _require(operation_id == open_now, f"{fact} of an operation that is not open")
            case CaptureStarted(capture_id=operation_id):
                self._started(operation_id)
            case VoidStarted(void_id=operation_id) | RefundStarted(refund_id=operation_id):
                self._started(operation_id)
            case PaymentCaptured(capture_id=operation_id) if operation_id == self._captured_at_once:
                self._captured_at_once = None
                _require(fact.provider == self._charged_by, f"{fact} by another provider")
            case (
                PaymentCaptured(capture_id=operation_id)
                | PaymentVoided(void_id=operation_id)
                | PaymentRefunded(refund_id=operation_id)
            ):
                _require(fact.provider == self._charged_by, f"{fact} by another provider")
                self._is_over(operation_id)
            case (
                CaptureFailed(capture_id=operation_id)
                | VoidFailed(void_id=operation_id)
                | RefundFailed(refund_id=operation_id)
            ):
                self._is_over(operation_id)
            case (
                PaymentCanceled()
                | AuthorizationExpired()
                | ContradictionReported()
                | DisputeOpened()
                | DisputeRaised()
                | DisputeReduced()
                | DisputeWon()
                | DisputeLost()
                | DisputeReversed()
                | MovementSettled()
                | OperationAdopted()
                | RefundReversed()
            ):
                raise Unexplained(f"nothing in this run brings about {fact}")
            case _:
                assert_never(fact)

    def _routed(self, route: PaymentRouted) -> None:
        _require(self._route is None and self._attempt is None, "a route while another is followed")
        _require(bool(route.routing_policy and route.rule and route.reason), f"a route without its why: {route}")
        running = {candidate.provider for candidate in route.candidates if candidate.out is None}
        _require(not running & set(self._tried), f"{running} in the running after {self._tried}")
        if route.chosen is None:
            _require(not running, f"nobody chosen, with {running} in the running")
        else:
            _require(route.chosen in running, f"{route.chosen} chosen, which was not in the running")
        self._route = route

    def _attempt_started(self, attempt: PaymentAttemptStarted) -> None:
        route, failed = self._route, self._failed
        _require(route is not None and route.attempt_id == attempt.attempt_id, f"{attempt} without its route")
        assert route is not None
        decided = (route.chosen, route.routing_policy)
        _require(decided == (attempt.provider, attempt.routing_policy), f"{attempt} is not what {route} chose")
        _require(self._charged_by is None, f"{attempt} after a charge")
        _require(not self._customer_was_asked, f"{attempt} after the customer was asked to act")
        if failed is not None:
            soft = failed.kind is FailureKind.DECLINED and failed.code in SOFT_DECLINES
            _require(soft or failed.kind is FailureKind.UNAVAILABLE, f"{attempt} after {failed}")
        self._attempt, self._route, self._failed = attempt, None, None

    def _attempt_failed(self, failed: PaymentAttemptFailed) -> None:
        attempt = self._is_attempt(failed.attempt_id)
        _require(failed.provider == attempt.provider, f"{failed} of an attempt at {attempt.provider}")
        self._tried.append(attempt.provider)
        self._attempt, self._failed = None, failed

    def _failed_for_good(self, ended: PaymentFailed) -> None:
        nobody_left = self._route is not None and self._route.chosen is None
        _require(self._attempt is None, f"{ended} while an attempt is open")
        _require(self._failed is not None or nobody_left, f"{ended} out of nothing")
        if self._failed is not None:
            _require(ended.code == self._failed.code, f"{ended} after {self._failed}")
        self._ended = True

    def _authorized(self, authorized: PaymentAuthorized) -> None:
        attempt = self._is_attempt(authorized.attempt_id)
        said = (authorized.provider, authorized.amount)
        _require(said == (attempt.provider, attempt.amount), f"{authorized} of {attempt}")
        self._charged_by = attempt.provider
        self._captured_at_once = attempt.attempt_id if attempt.capture else None
        self._attempt = None

    def _is_attempt(self, attempt_id: OperationId) -> PaymentAttemptStarted:
        attempt = self._attempt
        if attempt is None or attempt.attempt_id != attempt_id:
            raise Unexplained(f"the outcome of attempt {attempt_id}, which is not open")
        return attempt

    def _started(self, operation_id: OperationId) -> None:
        _require(self._charged_by is not None, "an operation on no charge")
        _require(self._operation is None, f"operation {operation_id} while {self._operation} is open")
        self._operation = operation_id

    def _is_over(self, operation_id: OperationId) -> None:
        _require(self._operation == operation_id, f"the outcome of operation {operation_id}, which is not open")
        self._operation = None


def _somebody_did_it(recorded: Recorded) -> None:
    named = recorded.actor and recorded.request_id and recorded.trace_id
    _require(bool(named), f"{recorded} without actor, request or trace")


def _because_of_something(recorded: Recorded, version: int, history: Sequence[Recorded]) -> None:
    """The request of somebody outside, an earlier event of the payment, an operation of it that is looked into, a
    webhook of a provider that was asked, or a timer."""
    _require(recorded.originator_version == version, f"event {version} is numbered {recorded.originator_version}")
    cause = recorded.causation_id
    if cause is None:
        _require(recorded.actor.startswith(ASKED_FROM_OUTSIDE), f"nothing led to {recorded}")
        return
    if cause.startswith("webhook:"):
        asked = {f"psp:{each.data.provider}" for each in history if isinstance(each.data, PaymentAttemptStarted)}
        _require(recorded.actor in asked, f"{recorded.actor} told of a payment that it was not asked for")
        return
    if cause.startswith("timer:"):
        _require(recorded.actor == "worker:timers", f"{recorded.actor} is no timer")
        return
    payment_id = str(recorded.originator_id)
    earlier = {f"{payment_id}:{before}" for before in range(1, version)}
    operations = {f"operation:{each}" for each in _operations(history[: version - 1])}
    _require(cause in earlier | operations, f"{cause}, which led to {recorded}, is not of this payment's past")


def _operations(history: Iterable[Recorded]) -> Iterable[UUID]:
    for recorded in history:
        match recorded.data:
            case PaymentAttemptStarted(attempt_id=each) | CaptureStarted(capture_id=each):
                yield each
            case VoidStarted(void_id=each) | RefundStarted(refund_id=each):
                yield each
            case _:
                pass


def _entries_follow(history: Sequence[Recorded], entries: Sequence[Recorded]) -> None:
    """Every movement has its entry, nothing else has one, and each balances in every currency."""
    payment_id = PaymentId(history[0].originator_id)
    expected = {
        entry_id_for(payment_id, version): entry
        for version, recorded in enumerate(history, start=1)
        if (entry := entry_for(payment_id, version, _payment_event(recorded)))
    }
    posted: dict[UUID, object] = {}
    for recorded in entries:
        assert isinstance(recorded.data, JournalEntryPosted)
        _require(not any(imbalance(recorded.data.postings).values()), f"{recorded.data} does not balance")
        cause = f"{payment_id}:{recorded.data.cause_version}"
        _require(recorded.causation_id == cause, f"{recorded} names another cause")
        posted[recorded.originator_id] = recorded.data
    _require(posted == expected, f"the journal has {posted}, and not {expected}")


def _payment_event(recorded: Recorded) -> PaymentEvent:
    assert isinstance(recorded.data, PaymentEvent)
    return recorded.data


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Unexplained(otherwise)
