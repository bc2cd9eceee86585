"""The operations of a payment, read off its events: in order, at whose provider, open or how they ended."""

from domain.payment.events import CaptureMethod, OperationKind
from domain.payment.progress import Operation, operations_of
from tests.support.domain import (
    ACQUIRER,
    ACTION_REQUIRED,
    APPROVED,
    ATTEMPT,
    CAPTURE,
    DECLINED,
    FORTY,
    HUNDRED,
    NEXT,
    REFUND,
    REJECTED,
    SECOND,
    THIRTY,
    TRY_AGAIN,
    UNAVAILABLE,
    UNKNOWN,
    VOID,
    History,
    abandons,
    adopts,
    attempt_answered,
    authorized,
    capture_answered,
    capture_taken,
    captured,
    capturing,
    created,
    fallen_back,
    in_review,
    processing,
    refund_answered,
    refunded,
    refunding,
    refunds,
    requires_action,
    reverses,
    then_,
    void_answered,
    voided,
    voiding,
)

OPEN = Operation(operation_id=ATTEMPT, kind=OperationKind.AUTHORIZE, provider=ACQUIRER, amount=HUNDRED)
CHARGED = Operation(
    operation_id=ATTEMPT,
    kind=OperationKind.AUTHORIZE,
    provider=ACQUIRER,
    reference=APPROVED.reference,
    amount=HUNDRED,
    succeeded=True,
)


def the_operations(history: History) -> list[Operation]:
    operations = operations_of(history)
    assert [operation.operation_id for operation in operations.values()] == list(operations)
    return list(operations.values())


def test_a_payment_that_asked_nobody_has_none() -> None:
    assert the_operations(created()) == the_operations(in_review()) == []


def test_an_attempt_is_open_until_it_ends_whatever_becomes_unknown_meanwhile() -> None:
    assert the_operations(processing()) == [OPEN]
    assert the_operations(then_(processing(), attempt_answered(UNKNOWN))) == [OPEN]


def test_an_attempt_that_takes_the_money_at_once_says_so_and_is_one_operation() -> None:
    at_once = processing(method=CaptureMethod.AUTOMATIC)
    assert [operation.capture for operation in the_operations(at_once)] == [True]
    (charged,) = the_operations(then_(at_once, attempt_answered(APPROVED)))
    assert (charged.kind, charged.capture, charged.succeeded) == (OperationKind.AUTHORIZE, True, True)


def test_a_charge_has_its_name_from_the_moment_the_customer_has_to_act() -> None:
    (waiting,) = the_operations(requires_action())
    assert (waiting.reference, waiting.succeeded) == (ACTION_REQUIRED.reference, None)


def test_an_attempt_that_ended_says_how() -> None:
    assert the_operations(authorized()) == [CHARGED]
    (declined,) = the_operations(then_(processing(), attempt_answered(DECLINED)))
    assert (declined.succeeded, declined.code, declined.reference) == (False, DECLINED.code, None)
    (abandoned,) = the_operations(then_(requires_action(), abandons()))
    assert (abandoned.succeeded, abandoned.code) == (False, "customer_action_expired")


def test_each_attempt_is_its_own_providers() -> None:
    first, second = the_operations(fallen_back())
    assert (first.operation_id, first.provider, first.code) == (ATTEMPT, ACQUIRER, TRY_AGAIN.code)
    assert (second.operation_id, second.provider, second.succeeded) == (NEXT, SECOND, None)


def test_what_follows_a_charge_is_at_its_provider_and_under_its_name() -> None:
    charged = then_(fallen_back(), attempt_answered(APPROVED, id=NEXT))
    given_back = then_(then_(capture_taken(charged, FORTY), refunds(THIRTY)), refund_answered(APPROVED))
    _, _, capture, refund = the_operations(given_back)
    for operation, id, kind, amount in [
        (capture, CAPTURE, OperationKind.CAPTURE, FORTY),
        (refund, REFUND, OperationKind.REFUND, THIRTY),
    ]:
        assert operation == Operation(
            operation_id=id,
            kind=kind,
            provider=SECOND,
            reference=APPROVED.reference,
            own_reference=APPROVED.reference,
            amount=amount,
            succeeded=True,
        )


def test_a_refund_that_was_reversed_has_failed() -> None:
    last = the_operations(then_(refunded(THIRTY), reverses()))[-1]
    assert (last.operation_id, last.succeeded, last.code) == (REFUND, False, "refund_declined")


def test_what_was_made_at_the_provider_has_its_own_name_there() -> None:
    adopted = then_(captured(), adopts(OperationKind.REFUND, THIRTY, reference="re_7"))
    last = the_operations(adopted)[-1]
    assert last.adopted
    assert (last.kind, last.own_reference, last.amount, last.succeeded) == (
        OperationKind.REFUND,
        "re_7",
        THIRTY,
        True,
    )


def test_an_open_capture_void_or_refund_has_no_end_yet() -> None:
    for history, id in [(capturing(), CAPTURE), (voiding(), VOID), (refunding(), REFUND)]:
        last = the_operations(history)[-1]
        assert (last.operation_id, last.succeeded, last.code) == (id, None, None)


def test_a_capture_void_or_refund_that_ended_says_how() -> None:
    for history, succeeded, code in [
        (then_(capturing(), capture_answered(UNAVAILABLE)), False, "provider_unavailable"),
        (then_(voiding(), void_answered(REJECTED)), False, REJECTED.code),
        (then_(refunding(), refund_answered(DECLINED)), False, DECLINED.code),
        (voided(), True, None),
    ]:
        last = the_operations(history)[-1]
        assert (last.succeeded, last.code) == (succeeded, code)
