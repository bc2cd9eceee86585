"""What holds of every payment's attempts, told from its events alone: whatever providers say, one charge at most."""

from domain.identifiers import OperationId, ProviderName
from domain.payment.dispute_events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
)
from domain.payment.events import (
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
    PaymentEvent,
    PaymentFailed,
    PaymentRouted,
    RefundReversed,
)
from tests.domain.journey import Journey

_OF_OTHERS = (
    OperationInDoubt,
    ContradictionReported,
    OperationAdopted,
    RefundReversed,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeWon,
    DisputeLost,
    DisputeReversed,
)


def assert_one_attempt_succeeds_at_most_and_each_follows_only_what_took_nothing(journey: Journey) -> None:
    ended: dict[OperationId, FailureKind] = {}
    acted: set[OperationId] = set()
    started: list[OperationId] = []
    succeeded: OperationId | None = None
    for event in journey.events:
        match event:
            case PaymentAttemptStarted(attempt_id=id):
                assert succeeded is None, f"{event} after {succeeded} succeeded"
                assert list(ended) == started, f"{event} before every earlier attempt ended"
                assert set(ended.values()) <= {FailureKind.DECLINED, FailureKind.UNAVAILABLE}, f"{event} after {ended}"
                assert not acted, f"{event} after the customer was sent through {acted}"
                started.append(id)
            case PaymentActionRequired(attempt_id=id):
                acted.add(id)
            case PaymentAttemptFailed(attempt_id=id, kind=kind):
                assert succeeded is None, f"{event} after {succeeded} succeeded"
                ended[id] = kind
            case PaymentAuthorized(attempt_id=id):
                assert succeeded is None, f"{event} after {succeeded} succeeded"
                assert id not in ended, f"{event} after it failed"
                succeeded = id
            case PaymentCaptured():
                assert succeeded is not None, f"{event} before any attempt succeeded"
            case PaymentFailed() | PaymentCanceled():
                assert succeeded is None, f"{event} after {succeeded} succeeded"
                assert list(ended) == started, f"{event} while an attempt may still succeed"
            case _:
                pass


def assert_each_attempt_is_where_its_route_chose_and_no_provider_is_asked_twice(journey: Journey) -> None:
    route: PaymentRouted | None = None
    tried: list[ProviderName] = []
    for event in journey.events:
        match event:
            case PaymentRouted(chosen=chosen, candidates=candidates):
                running = {candidate.provider for candidate in candidates if candidate.out is None}
                assert (chosen in running) == (chosen is not None), f"{event} chose whom it had ruled out"
                assert running.isdisjoint(tried), f"{event} reconsiders {tried}"
                route = event
            case PaymentAttemptStarted():
                assert route is not None, f"{event} without a route"
                assert (event.attempt_id, event.provider) == (route.attempt_id, route.chosen)
                assert event.routing_policy == route.routing_policy
                tried.append(event.provider)
                route = None
            case _:
                pass


def assert_what_is_unknown_blocks_everything(journey: Journey) -> None:
    """Between losing sight of an operation and its end nothing else happens, but doubt, reports of old ones, and what
    banks and providers do, who do not ask."""
    lost: OperationId | None = None
    adopted = {event.operation_id for event in journey.events if isinstance(event, OperationAdopted)}
    for event in journey.events:
        if lost is not None and not isinstance(event, _OF_OTHERS) and adopted.isdisjoint(_names_of(event)):
            assert lost in _names_of(event), f"{event} while nobody knows what became of {lost}"
            lost = None
        if isinstance(event, OperationOutcomeUnknown):
            lost = event.operation_id


def assert_each_contradiction_is_reported_once_and_changes_nothing(journey: Journey) -> None:
    reports = [event for event in journey.events if isinstance(event, ContradictionReported)]
    assert len(reports) == len(set(map(repr, reports)))
    for before, event, after in zip(journey.stages, journey.events[1:], journey.stages[1:], strict=False):
        if isinstance(event, ContradictionReported):
            assert before == after


def _names_of(event: PaymentEvent) -> set[object]:
    ids = ("attempt_id", "operation_id", "capture_id", "void_id", "refund_id")
    return {getattr(event, name) for name in ids if hasattr(event, name)}
