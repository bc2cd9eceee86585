"""A capture takes no more than is still authorised, while it is; a final one gives the rest back."""

from datetime import timedelta

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money, zero
from domain.payment.capture import AuthorizationLapsed, CaptureExceedsAuthorized
from domain.payment.events import (
    CaptureFailed,
    CaptureStarted,
    FailureKind,
    OperationKind,
    OperationOutcomeUnknown,
    PaymentCaptured,
)
from domain.payment.outcome import Refusal
from domain.payment.refusals import OperationInProgress
from domain.payment.state import Captured, PartiallyCaptured
from domain.payment.status import Status
from tests.support.domain import (
    ACQUIRER,
    ACTION_REQUIRED,
    APPROVED,
    CAPTURE,
    DECLINED,
    LAPSED,
    MERCHANT,
    REFUSALS,
    STRANGER,
    UNAVAILABLE,
    UNKNOWN,
    amounts,
    authorized,
    brought,
    capture_answered,
    capture_taken,
    captured,
    captures,
    capturing,
    eur,
    given,
    operation,
    partially_captured,
    payment_of,
    usd,
    voids,
)

# starting one


def test_a_capture_is_a_fact_before_the_provider_is_called() -> None:
    given(authorized()).when(captures(eur("40.00"), final=True)).then(
        CaptureStarted(capture_id=CAPTURE, amount=eur("40.00"), final=True)
    )


def test_a_capture_without_an_amount_takes_all_that_is_left() -> None:
    given(authorized(eur("100.00"))).when(captures()).then_payment(amount=eur("100.00"), final=True)
    given(partially_captured(eur("40.00"))).when(captures()).then_payment(amount=eur("60.00"), final=True)


def test_a_capture_of_all_that_is_left_is_final_whatever_it_says() -> None:
    given(authorized(eur("100.00"))).when(captures(eur("100.00"), final=False)).then_payment(final=True)


def test_a_part_may_leave_the_authorisation_open() -> None:
    given(authorized(eur("100.00"))).when(captures(eur("99.99"), final=False)).then_payment(final=False)


def test_a_capture_over_the_authorised_amount_is_refused() -> None:
    given(authorized(eur("100.00"))).when(captures(eur("120.00"))).then_raises(
        CaptureExceedsAuthorized, requested=eur("120.00"), capturable=eur("100.00")
    )


def test_a_capture_over_what_earlier_captures_left_is_refused() -> None:
    given(partially_captured(eur("40.00"), of=eur("100.00"))).when(captures(eur("60.01"))).then_raises(
        CaptureExceedsAuthorized, requested=eur("60.01"), capturable=eur("60.00")
    )


@for_any(amounts("EUR"), amounts("EUR"))
def test_a_capture_is_refused_exactly_when_it_exceeds_the_authorisation(authorised: Money, asked: Money) -> None:
    attempted = given(authorized(authorised)).when(captures(asked))
    if asked > authorised:
        attempted.then_raises(CaptureExceedsAuthorized, requested=asked, capturable=authorised)
    else:
        attempted.then_payment(amount=asked, capture_id=CAPTURE)


@pytest.mark.parametrize("minor", [0, -1])
def test_a_capture_of_nothing_or_less_is_refused(minor: int) -> None:
    given(authorized()).when(captures(Money(minor, "EUR"))).then_raises(AmountOutOfRange, amount_minor=minor)


def test_a_capture_in_another_currency_is_refused() -> None:
    given(authorized(eur("100.00"))).when(captures(usd("1.00"))).then_raises(
        CurrencyMismatch, expected="EUR", actual="USD"
    )


def test_a_capture_is_possible_until_the_authorisation_lapses() -> None:
    last_moment = LAPSED - timedelta(microseconds=1)
    given(authorized()).when(captures(at=last_moment)).then_payment(amount=eur("100.00"))
    for history, status in (authorized(), Status.AUTHORIZED), (partially_captured(), Status.PARTIALLY_CAPTURED):
        given(history).when(captures(at=LAPSED)).then_raises(AuthorizationLapsed, expired_at=LAPSED, status=status)


def test_no_second_capture_starts_before_the_first_has_an_outcome() -> None:
    given(capturing()).when(captures(id=STRANGER)).then_raises(OperationInProgress, operation=OperationKind.CAPTURE)
    given(capturing()).when(capture_answered(UNKNOWN), voids()).then_raises(OperationInProgress, verb="void")


# its outcome


def taken(amount: Money, released: Money, fee: Money, *, final: bool) -> PaymentCaptured:
    return PaymentCaptured(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        capture_id=CAPTURE,
        reference=APPROVED.reference,
        amount=amount,
        released=released,
        final=final,
        proceeds=brought(amount, fee=fee),
    )


def test_a_final_capture_takes_its_part_and_releases_the_rest() -> None:
    history = capturing(eur("40.00"), of=eur("100.00"), final=True)
    given(history).when(capture_answered(APPROVED)).then(taken(eur("40.00"), eur("60.00"), eur("1.46"), final=True))
    given(history).when(capture_answered(APPROVED)).then_stage(Captured)


def test_a_capture_that_is_not_final_releases_nothing() -> None:
    history = capturing(eur("40.00"), of=eur("100.00"), final=False)
    given(history).when(capture_answered(APPROVED)).then(taken(eur("40.00"), eur("0.00"), eur("1.46"), final=False))
    given(history).when(capture_answered(APPROVED)).then_stage(PartiallyCaptured)


def test_the_last_of_several_captures_releases_what_none_of_them_took() -> None:
    given(partially_captured(eur("40.00"), of=eur("100.00"))).when(
        captures(eur("25.00"), final=True), capture_answered(APPROVED)
    ).then(taken(eur("25.00"), eur("35.00"), eur("1.02"), final=True))


@for_any(st.lists(st.integers(1, 10_000), min_size=1, max_size=6))
def test_captures_in_parts_add_up_to_the_authorisation(parts: list[int]) -> None:
    total = Money(sum(parts), "EUR")
    history = authorized(total)
    for number, minor in enumerate(parts):
        history = capture_taken(history, Money(minor, "EUR"), final=False, id=operation(100 + number))
    payment = payment_of(history)
    assert isinstance(payment, Captured)
    assert payment.taken.captured == total
    assert payment.taken.refundable == total
    assert [capture.capture_id for capture in payment.taken.captures] == [
        operation(100 + number) for number in range(len(parts))
    ]


@for_any(amounts("EUR", min_minor=2), st.data())
def test_what_a_final_capture_takes_and_releases_is_what_was_authorised(authorised: Money, data: st.DataObject) -> None:
    part = data.draw(amounts("EUR", max_minor=authorised.minor))
    event = capture_taken(authorized(authorised), part, final=True)[-1]
    assert isinstance(event, PaymentCaptured)
    assert event.amount + event.released == authorised
    assert zero("EUR") <= event.proceeds.fee <= event.amount
    assert zero("EUR") <= event.proceeds.net


@pytest.mark.parametrize("outcome", REFUSALS)
def test_a_failed_capture_leaves_the_authorisation_as_it_was(outcome: Refusal) -> None:
    given(authorized()).when(captures(), capture_answered(outcome)).then_back_at(authorized())
    given(partially_captured()).when(captures(), capture_answered(outcome)).then_back_at(partially_captured())


def test_a_failed_capture_says_why() -> None:
    given(capturing()).when(capture_answered(DECLINED)).then(
        CaptureFailed(capture_id=CAPTURE, kind=FailureKind.DECLINED, code=DECLINED.code, message=DECLINED.message)
    )


def test_losing_sight_of_a_capture_is_recorded_once() -> None:
    given(capturing()).when(capture_answered(UNKNOWN)).then(
        OperationOutcomeUnknown(operation_id=CAPTURE, operation=OperationKind.CAPTURE, reason=UNKNOWN.reason)
    )
    given(capturing()).when(capture_answered(UNKNOWN), capture_answered(UNKNOWN)).then_nothing()
    given(capturing()).when(capture_answered(UNKNOWN), capture_answered(APPROVED)).then_status(Status.CAPTURED)


def test_a_request_that_never_arrived_does_not_fail_a_capture_that_may_have_arrived_before() -> None:
    given(capturing()).when(capture_answered(UNKNOWN), capture_answered(UNAVAILABLE)).then_nothing()


def test_an_action_that_makes_no_sense_for_a_capture_leaves_it_unknown() -> None:
    given(capturing()).when(capture_answered(ACTION_REQUIRED)).then_payment(outcome_unknown=True)


def test_an_answer_to_another_capture_or_a_second_answer_changes_nothing() -> None:
    given(capturing()).when(capture_answered(APPROVED, id=STRANGER)).then_nothing()
    given(captured()).when(capture_answered(APPROVED)).then_nothing()
