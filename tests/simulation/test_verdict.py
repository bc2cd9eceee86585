"""The judges can tell: what a run looks for is found where it is put in by hand."""

from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from application.write.recording import record_all
from domain.history import Cause, Recorded
from domain.ledger.entry import JournalEntryPosted
from domain.payment.events import PaymentAttemptFailed, PaymentAttemptStarted, PaymentRouted
from tests.simulation.books import Charge, differences, double_charges, lines_of, our_lines
from tests.simulation.timeline import unexplained
from tests.support.domain import (
    ACQUIRER,
    APPROVED,
    FORTY,
    HUNDRED,
    MERCHANT,
    NEXT,
    NOW,
    PAYMENT,
    SECOND,
    TRY_AGAIN,
    attempt_answered,
    capture_taken,
    confirmed,
    created,
    then_,
)

PROVIDERS = (ACQUIRER, SECOND)
CAUSE = Cause(actor="key:key_1", request_id="req_1", trace_id="trace-1")
Told = Sequence[Recorded]


def _fallen_back() -> tuple[Told, Told]:
    """A payment that the second provider took after the first had declined it, 40 of 100 captured; and its entries."""
    events = then_(created(HUNDRED), confirmed(*PROVIDERS))
    events = then_(events, attempt_answered(TRY_AGAIN, *PROVIDERS))
    events = then_(events, attempt_answered(APPROVED, id=NEXT))
    events = capture_taken(events, FORTY)
    recorded = record_all(PAYMENT, 0, events, merchant_id=MERCHANT, cause=CAUSE, now=NOW)
    entries = [each for each in recorded if isinstance(each.data, JournalEntryPosted)]
    return [each for each in recorded if each not in entries], entries


HISTORY, ENTRIES = _fallen_back()


def test_what_happened_in_order_is_explained() -> None:
    assert unexplained(HISTORY, ENTRIES) is None


def _unrouted(each: Recorded) -> Recorded | None:
    return None if isinstance(each.data, PaymentRouted) and each.data.chosen == SECOND else each


def _sent_elsewhere(each: Recorded) -> Recorded:
    if isinstance(each.data, PaymentRouted) and each.data.chosen == SECOND:
        return replace(each, data=replace(each.data, chosen=ACQUIRER))
    return each


def _without_a_reason(each: Recorded) -> Recorded:
    return replace(each, data=replace(each.data, reason="")) if isinstance(each.data, PaymentRouted) else each


def _after_a_hard_decline(each: Recorded) -> Recorded:
    if isinstance(each.data, PaymentAttemptFailed):
        return replace(each, data=replace(each.data, code="card_declined"))
    return each


def _before_the_first_has_failed(each: Recorded) -> Recorded | None:
    return None if isinstance(each.data, PaymentAttemptFailed) else each


def _by_nobody(each: Recorded) -> Recorded:
    return replace(each, actor="")


def _for_nothing(each: Recorded) -> Recorded:
    return replace(each, actor="worker:recovery")


def _because_of_the_future(each: Recorded) -> Recorded:
    return replace(each, causation_id=f"{PAYMENT}:9")


@pytest.mark.parametrize(
    "wrong",
    [
        _unrouted,
        _sent_elsewhere,
        _without_a_reason,
        _after_a_hard_decline,
        _before_the_first_has_failed,
        _by_nobody,
        _for_nothing,
        _because_of_the_future,
    ],
)
def test_a_mystery_is_told(wrong: Callable[[Recorded], Recorded | None]) -> None:
    kept = [each for before in HISTORY if (each := wrong(before)) is not None]
    renumbered = [replace(each, originator_version=version) for version, each in enumerate(kept, start=1)]
    assert unexplained(renumbered, ENTRIES) is not None


def test_a_movement_without_its_entry_is_told() -> None:
    assert unexplained(HISTORY, ENTRIES[1:]) is not None


def _attempt_id() -> str:
    return str(next(e.data.attempt_id for e in reversed(HISTORY) if isinstance(e.data, PaymentAttemptStarted)))


CHARGE = Charge(
    id=APPROVED.reference,
    reference=str(PAYMENT),
    key=_attempt_id(),
    status="captured",
    currency=HUNDRED.currency,
    authorized=HUNDRED.minor,
    captured=FORTY.minor,
    refunded=0,
    voided=0,
    released=HUNDRED.minor - FORTY.minor,
)
ANOTHER = replace(CHARGE, id="ch_2", key="another attempt")


def _held_against(**theirs: Sequence[Charge]) -> tuple[list[str], list[str]]:
    """The differences, and the double charges."""
    their_lines = lines_of(theirs)
    return differences({str(PAYMENT): our_lines(HISTORY)}, their_lines), double_charges(their_lines)


def test_books_that_say_the_same_are_equal() -> None:
    assert _held_against(southbank=[CHARGE]) == ([], [])


def test_a_declined_charge_is_no_line() -> None:
    declined = replace(ANOTHER, status="declined", authorized=0, captured=0, released=0)
    assert _held_against(northbank=[declined], southbank=[CHARGE]) == ([], [])


@pytest.mark.parametrize(
    "theirs",
    [
        {},
        {"northbank": [CHARGE]},
        {"southbank": [replace(CHARGE, captured=HUNDRED.minor, released=0)]},
        {"southbank": [replace(CHARGE, refunded=1)]},
        {"southbank": [replace(CHARGE, released=0)]},
        {"southbank": [replace(CHARGE, key="another attempt")]},
        {"southbank": [CHARGE, replace(ANOTHER, reference="no payment of ours")]},
        {"southbank": [CHARGE], "northbank": [replace(ANOTHER, status="requires_action", authorized=0, captured=0)]},
    ],
)
def test_books_that_depart_are_told(theirs: dict[str, Sequence[Charge]]) -> None:
    departing, twice = _held_against(**theirs)
    assert departing != []
    assert twice == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_two_charges_of_one_payment_are_told_wherever_they_are(provider: str) -> None:
    voided = replace(ANOTHER, status="voided", captured=0, voided=HUNDRED.minor, released=0)
    theirs = {"southbank": [CHARGE], provider: [voided]} if provider != SECOND else {provider: [CHARGE, voided]}
    departing, twice = _held_against(**theirs)
    assert departing != []
    assert twice == [str(PAYMENT)]
