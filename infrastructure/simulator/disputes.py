"""Each step of a dispute is announced in the transaction of the step."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from litestar import Litestar
from msgspec.structs import replace

from infrastructure.simulator.books import Books
from infrastructure.simulator.charges import Charge
from infrastructure.simulator.disputed import (
    ANSWER_WITHIN_S,
    Dispute,
    DisputeTold,
    Kind,
    Status,
    Told,
    ruling_of,
)
from infrastructure.simulator.notice import Notice
from infrastructure.simulator.operations import NO_SUCH_CHARGE
from infrastructure.simulator.tokens import Operation, Refusal

LOOK_EVERY_S: Final = 0.02
SILENT: Final = "aps"
"""The dialect without announcements of disputes."""

NO_SUCH_DISPUTE: Final = Refusal("dispute_not_found", "No such dispute.")
NOTHING_TO_DISPUTE: Final = Refusal("nothing_to_dispute", "The charge has not taken so much, or no longer has it.")
DISPUTE_CLOSED: Final = Refusal("dispute_closed", "The dispute does not wait for an answer, or no longer.")
TOO_LATE: Final = Refusal("too_late", "The dispute had to be answered before.")
NO_SUCH_FILE: Final = Refusal("file_not_found", "A file that is named was not handed in.")
NOT_AN_INQUIRY: Final = Refusal("not_an_inquiry", "The dispute is a chargeback already, or is closed.")


def open_dispute(
    books: Books,
    charge_id: str,
    *,
    kind: Kind,
    amount: int | None = None,
    reason: str = "fraudulent",
    due_in_s: float = ANSWER_WITHIN_S,
) -> Dispute | Refusal:
    """Dispute the whole rest of the charge, or `amount` of it; needs an open transaction."""
    charge = books.charge(charge_id)
    if charge is None:
        return NO_SUCH_CHARGE
    wanted = charge.refundable if amount is None else amount
    if not 0 < wanted <= charge.refundable:
        return NOTHING_TO_DISPUTE
    dispute = Dispute(
        id=f"dp_{uuid4().hex}",
        charge_id=charge_id,
        kind=kind,
        status=Status.NEEDS_RESPONSE,
        amount=wanted,
        reason=reason,
        respond_by=time.time() + due_in_s,
    )
    books.disputes.put(dispute)
    _announce(books, charge, dispute, Told.OPENED)
    return dispute


def escalate(books: Books, dispute_id: str, *, due_in_s: float = ANSWER_WITHIN_S) -> Dispute | Refusal:
    """Turn an inquiry into a chargeback of the rest of its amount; needs an open transaction."""
    found = _found(books, dispute_id)
    if isinstance(found, Refusal):
        return found
    dispute, charge = found
    if dispute.kind is not Kind.INQUIRY:
        return NOT_AN_INQUIRY
    if not charge.refundable:
        return NOTHING_TO_DISPUTE
    after = replace(
        dispute,
        kind=Kind.CHARGEBACK,
        status=Status.NEEDS_RESPONSE,
        amount=min(dispute.amount, charge.refundable),
        respond_by=time.time() + due_in_s,
    )
    books.disputes.put(after)
    _announce(books, charge, after, Told.ESCALATED)
    return after


def submit(books: Books, dispute_id: str, files: list[str]) -> Dispute | Refusal:
    """Submit the files, named by their digests, to the bank; needs an open transaction."""
    found = _found(books, dispute_id)
    if isinstance(found, Refusal):
        return found
    dispute, charge = found
    if dispute.status is not Status.NEEDS_RESPONSE:
        return DISPUTE_CLOSED
    if time.time() > dispute.respond_by:
        return TOO_LATE
    contents = [content for sha256 in files if (content := books.disputes.file(sha256)) is not None]
    if not files or len(contents) < len(files):
        return NO_SUCH_FILE
    after = replace(dispute, status=Status.UNDER_REVIEW)
    ruling = ruling_of(contents)
    rules_at = None if ruling is None else time.time() + books.options.customer_acts_after_s
    books.disputes.put(after, ruling, rules_at)
    _announce(books, charge, after, Told.UNDER_REVIEW)
    return after


def accept(books: Books, dispute_id: str) -> Dispute | Refusal:
    """Accept the dispute for the merchant; needs an open transaction."""
    dispute = books.disputes.dispute(dispute_id)
    if dispute is None:
        return NO_SUCH_DISPUTE
    if not dispute.is_open or dispute.kind is Kind.INQUIRY:
        return DISPUTE_CLOSED
    return rule(books, dispute_id, Status.LOST)


def rule(books: Books, dispute_id: str, result: Status) -> Dispute | Refusal:
    """Rule as the bank; a later ruling may reverse an earlier one; needs an open transaction."""
    found = _found(books, dispute_id)
    if isinstance(found, Refusal):
        return found
    dispute, charge = found
    if dispute.kind is Kind.INQUIRY and result is Status.LOST:
        return NOT_AN_INQUIRY
    if dispute.status is result:
        return dispute
    if dispute.status is Status.WON and charge.refundable < dispute.amount:
        return NOTHING_TO_DISPUTE
    after = replace(dispute, status=result)
    books.disputes.put(after)
    _announce(books, charge, after, Told(result))
    return after


def amend(books: Books, dispute_id: str, amount: int) -> Dispute | Refusal:
    """Set the disputed amount to `amount` from now on; needs an open transaction."""
    found = _found(books, dispute_id)
    if isinstance(found, Refusal):
        return found
    dispute, charge = found
    if not dispute.is_open:
        return DISPUTE_CLOSED
    if amount > dispute.amount + charge.refundable:
        return NOTHING_TO_DISPUTE
    after = replace(dispute, amount=amount)
    books.disputes.put(after)
    _announce(books, charge, after, Told.AMENDED)
    return after


def rule_in_part(books: Books, dispute_id: str, lost: int) -> Dispute | Refusal:
    """Rule that the bank takes `lost` of the disputed amount and leaves the rest; needs an open transaction."""
    found = _found(books, dispute_id)
    if isinstance(found, Refusal):
        return found
    dispute, charge = found
    if dispute.kind is Kind.INQUIRY:
        return NOT_AN_INQUIRY
    if dispute.status is Status.WON or not 0 < lost < dispute.amount:
        return NOTHING_TO_DISPUTE
    after = replace(dispute, status=Status.LOST, amount=lost)
    books.disputes.put(after)
    _announce(books, charge, dispute, Told.PARTIALLY_WON, lost)
    return after


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Carry out the due steps of disputes while the application runs."""
    settling = asyncio.create_task(_settle(app.state.books))
    try:
        yield
    finally:
        settling.cancel()
        await asyncio.gather(settling, return_exceptions=True)


async def _settle(books: Books) -> None:
    while True:  # noqa: ASYNC110 - only time makes anything due
        await asyncio.sleep(0 if settle_due(books) else LOOK_EVERY_S)


def settle_due(books: Books) -> bool:
    """Carry out the due steps; False where no step was due."""
    expected, rulings = books.disputes.expected(), books.disputes.rulings()
    if not expected and not rulings:
        return False
    with books.transaction():
        for charge_id, kind in expected:
            open_dispute(books, charge_id, kind=kind)
            books.disputes.expect_no_more(charge_id)
        for dispute_id, ruling in rulings:
            rule(books, dispute_id, ruling)
    return True


def _found(books: Books, dispute_id: str) -> tuple[Dispute, Charge] | Refusal:
    dispute = books.disputes.dispute(dispute_id)
    if dispute is None:
        return NO_SUCH_DISPUTE
    charge = books.charge(dispute.charge_id)
    assert charge is not None
    return dispute, charge


def _announce(books: Books, charge: Charge, dispute: Dispute, told: Told, lost: int | None = None) -> None:
    if books.options.dialect == SILENT:
        return
    notice = Notice(
        id=f"evt_{uuid4().hex}",
        at=datetime.now(UTC),
        operation=Operation.CHARGE,
        charge=charge,
        action_id=dispute.id,
        key=charge.key,
        amount=dispute.amount,
        refusal=None,
        dispute=DisputeTold(told=told, dispute=dispute, lost=lost),
    )
    books.tell(notice)
