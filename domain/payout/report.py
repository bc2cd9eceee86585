"""The bank's reports on a payout are recorded correctly in any order, however often and however late they come."""

from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from domain.errors import DomainError
from domain.payout.events import PayoutEvent, PayoutPaid, PayoutReturned
from domain.payout.fail import fail
from domain.payout.reasons import UNSPECIFIED, reason_of
from domain.payout.state import Batched, Canceled, Failed, Held, Order, Paid, Payout, Ready, Returned, Sent
from domain.payout.status import PayoutStatus, status_of


class ReportedOutcome(StrEnum):
    """The outcome that the bank reports. Only `confirmed` can be followed by another one, `returned`."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    RETURNED = "returned"


class ReportPayout(Struct, frozen=True, kw_only=True):
    """`bank` is the name of our bank; `code` is None where the bank gave no reason."""

    bank: str
    report_id: str
    outcome: ReportedOutcome
    code: str | None


class ReportContradicts(DomainError):
    """The bank's report contradicts the recorded events: an operator has to ask the bank."""

    status: PayoutStatus
    outcome: ReportedOutcome


def report(payout: Payout, heard: ReportPayout) -> tuple[PayoutEvent, ...]:
    """The events that follow from a report; none where the report, or a later one, is known. Raises
    ReportContradicts."""
    match payout:
        case Batched() | Sent():
            return _first(payout, heard)
        case Paid():
            match heard.outcome:
                case ReportedOutcome.CONFIRMED:
                    return ()
                case ReportedOutcome.RETURNED:
                    return (_returned(payout.order, heard),)
                case ReportedOutcome.REJECTED:
                    raise ReportContradicts(status=status_of(payout), outcome=heard.outcome)
                case _:
                    assert_never(heard.outcome)
        case Returned():
            return ()
        case Failed() if heard.outcome is not ReportedOutcome.CONFIRMED:
            # The merchant has its money back, as it should have.
            return ()
        case Failed() | Held() | Ready() | Canceled():
            raise ReportContradicts(status=status_of(payout), outcome=heard.outcome)
        case _:
            assert_never(payout)


def _first(payout: Batched | Sent, heard: ReportPayout) -> tuple[PayoutEvent, ...]:
    order = payout.order
    paid = PayoutPaid(merchant_id=order.merchant_id, amount=order.amount, bank=heard.bank, report_id=heard.report_id)
    match heard.outcome:
        case ReportedOutcome.CONFIRMED:
            return (paid,)
        case ReportedOutcome.RETURNED:
            # What came back had been paid, whether or not we have heard of that.
            return (paid, _returned(order, heard))
        case ReportedOutcome.REJECTED:
            code = heard.code or UNSPECIFIED
            return fail(payout, reason_of(code), code)
        case _:
            assert_never(heard.outcome)


def _returned(order: Order, heard: ReportPayout) -> PayoutReturned:
    code = heard.code or UNSPECIFIED
    return PayoutReturned(
        merchant_id=order.merchant_id,
        amount=order.amount,
        bank=heard.bank,
        code=code,
        reason=reason_of(code),
        report_id=heard.report_id,
    )
