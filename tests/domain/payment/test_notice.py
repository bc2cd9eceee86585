"""The table of notices: what each means against a payment's history, however late, often or out of order it comes."""

from typing import Any

import pytest

from domain.identifiers import OperationId, ProviderName
from domain.money.money import Money
from domain.payment.adopt import AdoptOperation
from domain.payment.events import CaptureMethod, ContradictionReported, OperationKind
from domain.payment.notice import CANCELED, MADE_AT_PROVIDER, Notice, read_notice
from domain.payment.outcome import Approved, Declined, Outcome
from domain.payment.reading import (
    Adopts,
    AsksForLookup,
    ChangesNothing,
    Contradicts,
    NotYetApplicable,
    Reading,
    Reverses,
    Settles,
)
from domain.payment.reverse_refund import ReverseRefund
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
    STRANGER,
    THEN,
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
    captured,
    captures,
    capturing,
    created,
    expired,
    failed,
    fallen_back,
    partially_captured,
    payment_of,
    processing,
    refund_answered,
    refunded,
    refunding,
    requires_action,
    reverses,
    then_,
    usd,
    void_answered,
    voided,
    voiding,
)

AUTHORIZE, TAKE, RELEASE, GIVE_BACK = (
    OperationKind.AUTHORIZE,
    OperationKind.CAPTURE,
    OperationKind.VOID,
    OperationKind.REFUND,
)
CHARGE = APPROVED.reference
DOLLARS = Money(10_000, "USD")
AT_ONCE = processing(method=CaptureMethod.AUTOMATIC)
GIVEN_BACK_ELSEWHERE = then_(captured(), adopts(OperationKind.REFUND, THIRTY, reference="own_9"))
"""Not by us: `own_9` is the provider's name for the refund."""
ABANDONED = then_(requires_action(), abandons())

KNOWN = ChangesNothing("the outcome is known already")
KNOWN_SINCE = ChangesNothing("the outcome is known since")
NO_OUTCOME = ChangesNothing("it tells no outcome")
NOT_ASKED = NotYetApplicable("we asked this provider for no such operation")


def says(
    outcome: Outcome,
    about: OperationKind = AUTHORIZE,
    *,
    id: OperationId | None = None,
    reference: str | None = None,
    provider: ProviderName = ACQUIRER,
    own: str | None = None,
    amount: Money | None = None,
) -> Notice:
    return Notice(
        provider=provider,
        about=about,
        outcome=outcome,
        operation_id=id,
        reference=reference,
        own_reference=own,
        amount=amount,
    )


def adoption(
    kind: OperationKind, amount: Money | None = None, *, reference: str = "own_9", failed: str | None = None
) -> Adopts:
    command = AdoptOperation(
        kind=kind, provider=ACQUIRER, reference=reference, amount=amount, reason=MADE_AT_PROVIDER, failed=failed
    )
    return Adopts(command)


def reversal(reference: str, refusal: Declined = DECLINED, id: OperationId = REFUND) -> Reverses:
    return Reverses(ReverseRefund(refund_id=id, reference=reference, code=refusal.code, message=refusal.message))


def says_of(
    outcome: Outcome,
    about: OperationKind,
    id: OperationId,
    *,
    reference: str | None = None,
    amount: Money | None = None,
) -> Notice:
    """A notice that names its operation, and states more of it."""
    return Notice(provider=ACQUIRER, about=about, outcome=outcome, operation_id=id, reference=reference, amount=amount)


def contradicts(
    reported: Outcome,
    recorded: str,
    operation: OperationKind = AUTHORIZE,
    id: OperationId = ATTEMPT,
) -> Contradicts:
    report = ContradictionReported(
        operation_id=id, operation=operation, provider=ACQUIRER, recorded=recorded, reported=reported
    )
    return Contradicts((report,), f"the {operation} {recorded} for us, and the provider says the opposite")


def reading_of(history: History, notice: Notice) -> Reading:
    return read_notice(payment_of(history), history, notice)


TABLE: dict[str, tuple[History, Notice, Reading]] = {
    # the operation that is open
    "an open attempt is approved": (
        processing(),
        says(APPROVED, id=ATTEMPT),
        Settles(ATTEMPT, APPROVED),
    ),
    "an open attempt is declined": (
        processing(),
        says(DECLINED, id=ATTEMPT),
        Settles(ATTEMPT, DECLINED),
    ),
    "an open attempt is rejected": (
        processing(),
        says(REJECTED, id=ATTEMPT),
        Settles(ATTEMPT, REJECTED),
    ),
    "an open attempt needs the customer": (
        processing(),
        says(ACTION_REQUIRED, id=ATTEMPT),
        Settles(ATTEMPT, ACTION_REQUIRED),
    ),
    "an attempt that was lost sight of is approved": (
        then_(processing(), attempt_answered(UNKNOWN)),
        says(APPROVED, id=ATTEMPT),
        Settles(ATTEMPT, APPROVED),
    ),
    "a customer who had to act did, told by the name of the charge alone": (
        requires_action(),
        says(APPROVED, reference=CHARGE),
        Settles(ATTEMPT, APPROVED),
    ),
    "a customer who had to act failed": (
        requires_action(),
        says(DECLINED, id=ATTEMPT, reference=CHARGE),
        Settles(ATTEMPT, DECLINED),
    ),
    "a customer who has to act is asked again": (
        requires_action(),
        says(ACTION_REQUIRED, id=ATTEMPT),
        NO_OUTCOME,
    ),
    "an open attempt is pending": (
        processing(),
        says(UNKNOWN, id=ATTEMPT),
        NO_OUTCOME,
    ),
    "an open attempt never arrived": (
        processing(),
        says(UNAVAILABLE, id=ATTEMPT),
        NO_OUTCOME,
    ),
    "the charge is called as the notice calls it": (
        processing(),
        says(Approved("evt_7"), id=ATTEMPT, reference="ch_7"),
        Settles(ATTEMPT, Approved("ch_7")),
    ),
    "an open capture is done": (
        capturing(),
        says(APPROVED, TAKE, id=CAPTURE),
        Settles(CAPTURE, APPROVED),
    ),
    "an open void is done": (
        voiding(),
        says(APPROVED, RELEASE, id=VOID),
        Settles(VOID, APPROVED),
    ),
    "an open refund is done, and keeps the refund's own name": (
        refunding(),
        says(Approved("re_1"), GIVE_BACK, id=REFUND, reference=CHARGE),
        Settles(REFUND, Approved("re_1")),
    ),
    "an open refund is declined": (
        refunding(),
        says(DECLINED, GIVE_BACK, id=REFUND),
        Settles(REFUND, DECLINED),
    ),
    # an attempt that is to take the money at once
    "authorised is not yet captured": (
        AT_ONCE,
        says(APPROVED, id=ATTEMPT),
        ChangesNothing("it is authorised, and still has to be captured"),
    ),
    "captured before authorised": (
        AT_ONCE,
        says(APPROVED, TAKE, id=ATTEMPT),
        Settles(ATTEMPT, APPROVED),
    ),
    "authorised late, after captured at once": (
        then_(AT_ONCE, attempt_answered(APPROVED)),
        says(APPROVED, id=ATTEMPT),
        KNOWN,
    ),
    "captured again": (
        then_(AT_ONCE, attempt_answered(APPROVED)),
        says(APPROVED, TAKE, reference=CHARGE),
        KNOWN,
    ),
    # an attempt that the provider let go of
    "an open attempt was canceled": (
        requires_action(),
        says(APPROVED, RELEASE, reference=CHARGE),
        Settles(ATTEMPT, CANCELED),
    ),
    "an open attempt was not canceled": (
        requires_action(),
        says(DECLINED, RELEASE, id=ATTEMPT),
        ChangesNothing("it was not canceled"),
    ),
    "an abandoned attempt was canceled": (
        ABANDONED,
        says(APPROVED, RELEASE, id=ATTEMPT),
        ChangesNothing("nothing is reserved any more"),
    ),
    # what is named by the charge
    "a capture notice that names only the charge, while a capture is open": (
        capturing(),
        says(APPROVED, TAKE, reference=CHARGE),
        AsksForLookup(),
    ),
    "a refund notice that names only the charge, while a refund is open": (
        refunding(),
        says(APPROVED, GIVE_BACK, reference=CHARGE),
        AsksForLookup(),
    ),
    "a void notice that names the attempt, while a void is open": (
        voiding(),
        says(APPROVED, RELEASE, id=ATTEMPT),
        AsksForLookup(),
    ),
    "a capture notice that names only the charge, when none is open": (
        captured(),
        says(APPROVED, TAKE, reference=CHARGE),
        ChangesNothing("a capture of it is on record, and none is open"),
    ),
    "a refund that nobody asked for": (
        captured(),
        says(APPROVED, GIVE_BACK, reference=CHARGE),
        NotYetApplicable("the provider has done a refund that nobody asked for here, and does not say how much"),
    ),
    "a refund that names only the charge, when one is on record": (
        refunded(),
        says(APPROVED, GIVE_BACK, reference=CHARGE),
        ChangesNothing("a refund of it is on record, and none is open"),
    ),
    "what we hold for reserved was released": (
        authorized(),
        says(APPROVED, RELEASE, reference=CHARGE),
        adoption(RELEASE, reference=CHARGE),
    ),
    "what a final capture released": (
        captured(),
        says(APPROVED, RELEASE, reference=CHARGE),
        ChangesNothing("nothing is reserved any more"),
    ),
    "a capture that nobody asked for": (
        authorized(),
        says(APPROVED, TAKE, reference=CHARGE),
        NotYetApplicable("the provider has done a capture that nobody asked for here, and does not say how much"),
    ),
    "a capture of the charge was declined": (
        authorized(),
        says(DECLINED, TAKE, reference=CHARGE),
        ChangesNothing("no capture is open, and none was done"),
    ),
    "captured what was only to be authorised": (
        processing(),
        says(APPROVED, TAKE, id=ATTEMPT),
        NotYetApplicable("its authorize is open, and no capture of it was asked for"),
    ),
    "an id that is not ours, and a charge that is": (
        requires_action(),
        says(APPROVED, id=STRANGER, reference=CHARGE),
        Settles(ATTEMPT, APPROVED),
    ),
    # what was made at the provider, and not asked for here
    "a refund made at the provider": (
        captured(),
        says(APPROVED, GIVE_BACK, reference=CHARGE, own="own_9", amount=THIRTY),
        adoption(GIVE_BACK, THIRTY),
    ),
    "a refund made at the provider, beside one of ours": (
        refunded(),
        says(APPROVED, GIVE_BACK, reference=CHARGE, own="own_9", amount=THIRTY),
        adoption(GIVE_BACK, THIRTY),
    ),
    "one of another system's at the provider, by its own id": (
        captured(),
        says(APPROVED, GIVE_BACK, id=STRANGER, reference=CHARGE, own="own_9", amount=THIRTY),
        adoption(GIVE_BACK, THIRTY),
    ),
    "a refund made at the provider, while a capture is open": (
        then_(partially_captured(), captures(THIRTY, id=THEN)),
        says(APPROVED, GIVE_BACK, reference=CHARGE, own="own_9", amount=THIRTY),
        adoption(GIVE_BACK, THIRTY),
    ),
    "a refund made at the provider, which may be the one that is open": (
        refunding(),
        says(APPROVED, GIVE_BACK, reference=CHARGE, own="own_9", amount=THIRTY),
        AsksForLookup(),
    ),
    "a refund of ours, by the provider's name for it alone": (
        refunded(THIRTY),
        says(APPROVED, GIVE_BACK, reference=CHARGE, own=CHARGE, amount=THIRTY),
        KNOWN,
    ),
    "a refund of ours by the provider's name for it, of another amount": (
        refunded(THIRTY),
        says(APPROVED, GIVE_BACK, reference=CHARGE, own=CHARGE, amount=FORTY),
        Contradicts((), "the refund ch_1 is one of 30.00 EUR for us, and the provider says 40.00 EUR"),
    ),
    "a refund made at the provider, told again": (
        GIVEN_BACK_ELSEWHERE,
        says(APPROVED, GIVE_BACK, reference=CHARGE, own="own_9", amount=THIRTY),
        KNOWN,
    ),
    "a refund made at the provider, told again of another amount": (
        GIVEN_BACK_ELSEWHERE,
        says(APPROVED, GIVE_BACK, reference=CHARGE, own="own_9", amount=FORTY),
        Contradicts((), "the refund own_9 is one of 30.00 EUR for us, and the provider says 40.00 EUR"),
    ),
    "a refund made at the provider, told once more without its name": (
        GIVEN_BACK_ELSEWHERE,
        says(APPROVED, GIVE_BACK, reference=CHARGE, amount=THIRTY),
        ChangesNothing("a refund of it is on record, and none is open"),
    ),
    "a second one without a name": (
        GIVEN_BACK_ELSEWHERE,
        says(APPROVED, GIVE_BACK, reference=CHARGE, amount=FORTY),
        NotYetApplicable(
            "the provider has done a refund that nobody asked for here, and has no name of its own for it"
        ),
    ),
    "a refund made at the provider in another currency": (
        captured(),
        says(APPROVED, GIVE_BACK, reference=CHARGE, own="own_9", amount=usd("30.00")),
        Contradicts(
            (),
            "the provider has done a refund that nobody asked for here, of 30.00 USD, which is not in the payment's "
            "currency",
        ),
    ),
    "a refund made at the provider that did not come through": (
        captured(),
        says(DECLINED, GIVE_BACK, reference=CHARGE, own="own_9", amount=THIRTY),
        adoption(GIVE_BACK, THIRTY, failed=DECLINED.message),
    ),
    "a refusal that may be that of ours": (
        then_(refunding(), refund_answered(DECLINED)),
        says(DECLINED, GIVE_BACK, reference=CHARGE, own="own_9", amount=THIRTY),
        ChangesNothing("no refund is open, and none was done"),
    ),
    "a capture made at the provider": (
        authorized(),
        says(APPROVED, TAKE, reference=CHARGE, own="own_9", amount=FORTY),
        adoption(TAKE, FORTY),
    ),
    "a capture made at the provider, of what has expired": (
        expired(),
        says(APPROVED, TAKE, reference=CHARGE, own="own_9", amount=FORTY),
        adoption(TAKE, FORTY),
    ),
    "a capture made at the provider, while a void is open": (
        voiding(),
        says(APPROVED, TAKE, reference=CHARGE, own="own_9", amount=FORTY),
        AsksForLookup(),
    ),
    "a capture of the charge that took its money at once": (
        then_(AT_ONCE, attempt_answered(APPROVED)),
        says(APPROVED, TAKE, id=STRANGER, reference=CHARGE, own="own_9", amount=HUNDRED),
        KNOWN,
    ),
    "a void made at the provider, of what was captured in part": (
        partially_captured(),
        says(APPROVED, RELEASE, reference=CHARGE, own="own_9"),
        adoption(RELEASE),
    ),
    "a void made at the provider, told under the name of our capture alone": (
        partially_captured(),
        says(APPROVED, RELEASE, id=CAPTURE),
        adoption(RELEASE, reference=CHARGE),
    ),
    "a capture of a charge that came to nothing here": (
        fallen_back(),
        says(APPROVED, TAKE, id=ATTEMPT),
        NotYetApplicable("the provider has done a capture of a charge that came to nothing here"),
    ),
    # a refund that fails later
    "a refund that succeeded has failed since": (
        refunded(THIRTY),
        says(DECLINED, GIVE_BACK, id=REFUND, own=CHARGE, amount=THIRTY),
        reversal(CHARGE),
    ),
    "so has one made at the provider": (
        GIVEN_BACK_ELSEWHERE,
        says(DECLINED, GIVE_BACK, reference=CHARGE, own="own_9", amount=THIRTY),
        reversal("own_9", id=adoption(GIVE_BACK).command.operation_id),
    ),
    "it has failed, twice": (
        then_(refunded(THIRTY), reverses()),
        says(DECLINED, GIVE_BACK, id=REFUND, own=CHARGE, amount=THIRTY),
        KNOWN,
    ),
    "it has succeeded, late": (
        then_(refunded(THIRTY), reverses()),
        says(APPROVED, GIVE_BACK, id=REFUND, own=CHARGE, amount=THIRTY),
        contradicts(APPROVED, "failed: refund_declined", GIVE_BACK, REFUND),
    ),
    "a refusal of our refund that does not name the refund: it may be of a repeat": (
        refunded(THIRTY),
        says(DECLINED, GIVE_BACK, id=REFUND),
        contradicts(DECLINED, "succeeded", GIVE_BACK, REFUND),
    ),
    "a refusal under another name than that of the refund": (
        refunded(THIRTY),
        says(DECLINED, GIVE_BACK, id=REFUND, own="own_9", amount=THIRTY),
        contradicts(DECLINED, "succeeded", GIVE_BACK, REFUND),
    ),
    # late and twice
    "authorised twice": (
        authorized(),
        says(APPROVED, id=ATTEMPT),
        KNOWN,
    ),
    "authorised late, after captured": (
        captured(),
        says(APPROVED, id=ATTEMPT),
        KNOWN,
    ),
    "declined twice": (
        failed(),
        says(DECLINED, id=ATTEMPT),
        KNOWN,
    ),
    "pending, late": (
        authorized(),
        says(UNKNOWN, id=ATTEMPT),
        KNOWN_SINCE,
    ),
    "the customer has to act, late": (
        then_(requires_action(), attempt_answered(APPROVED)),
        says(ACTION_REQUIRED, id=ATTEMPT),
        KNOWN_SINCE,
    ),
    "an earlier capture again, while the next is open": (
        then_(partially_captured(), captures(FORTY, id=THEN)),
        says(APPROVED, TAKE, id=CAPTURE),
        KNOWN,
    ),
    "voided twice": (
        voided(),
        says(APPROVED, RELEASE, id=VOID),
        KNOWN,
    ),
    "refunded twice": (
        refunded(THIRTY),
        says(APPROVED, GIVE_BACK, id=REFUND),
        KNOWN,
    ),
    "the first provider's decline again, while the second is asked": (
        fallen_back(),
        says(TRY_AGAIN, id=ATTEMPT),
        KNOWN,
    ),
    # what contradicts the record
    "declined after authorised": (
        authorized(),
        says(DECLINED, id=ATTEMPT),
        contradicts(DECLINED, "succeeded"),
    ),
    "declined after captured": (
        captured(),
        says(DECLINED, reference=CHARGE),
        contradicts(DECLINED, "succeeded"),
    ),
    "approved after declined": (
        failed(),
        says(APPROVED, id=ATTEMPT),
        contradicts(APPROVED, f"failed: {DECLINED.code}"),
    ),
    "approved after it was abandoned": (
        ABANDONED,
        says(APPROVED, id=ATTEMPT),
        contradicts(APPROVED, "failed: customer_action_expired"),
    ),
    "approved by the first provider, while the second is asked": (
        fallen_back(),
        says(APPROVED, id=ATTEMPT),
        contradicts(APPROVED, f"failed: {TRY_AGAIN.code}"),
    ),
    "captured after the capture failed": (
        then_(capturing(), capture_answered(UNAVAILABLE)),
        says(APPROVED, TAKE, id=CAPTURE),
        contradicts(APPROVED, "failed: provider_unavailable", TAKE, CAPTURE),
    ),
    "not voided after all": (
        voided(),
        says(DECLINED, RELEASE, id=VOID),
        contradicts(DECLINED, "succeeded", RELEASE, VOID),
    ),
    "refunded after the refund failed": (
        then_(refunding(), refund_answered(DECLINED)),
        says(APPROVED, GIVE_BACK, id=REFUND),
        contradicts(APPROVED, f"failed: {DECLINED.code}", GIVE_BACK, REFUND),
    ),
    # what we never asked for, or not yet
    "an operation that nobody asked for": (
        processing(),
        says(APPROVED, id=STRANGER),
        NOT_ASKED,
    ),
    "a charge that nobody has heard of yet": (
        processing(),
        says(APPROVED, reference="ch_of_a_lost_answer"),
        NOT_ASKED,
    ),
    "a payment that was never confirmed": (
        created(),
        says(APPROVED, id=ATTEMPT),
        NOT_ASKED,
    ),
    "an operation of another provider": (
        processing(),
        says(APPROVED, id=ATTEMPT, provider=SECOND),
        NOT_ASKED,
    ),
    "the first provider speaks of the second one's attempt": (
        fallen_back(),
        says(APPROVED, id=NEXT),
        NOT_ASKED,
    ),
    "a notice that names nothing": (
        processing(),
        says(APPROVED),
        NOT_ASKED,
    ),
}


@pytest.mark.parametrize("what", TABLE)
def test_a_notice_means_what_the_table_says(what: str) -> None:
    history, notice, reading = TABLE[what]
    assert reading_of(history, notice) == reading


def test_the_same_contradiction_is_reported_once() -> None:
    history, notice, first = TABLE["declined after authorised"]
    assert isinstance(first, Contradicts)
    assert reading_of(history + first.events, notice) == Contradicts((), first.reason)


def test_a_contradiction_changes_no_payment() -> None:
    history, _, reading = TABLE["approved after declined"]
    assert isinstance(reading, Contradicts)
    assert payment_of(history + reading.events) == payment_of(history)


def test_the_same_contradiction_in_other_words_is_no_news() -> None:
    history, notice, first = TABLE["declined after authorised"]
    assert isinstance(first, Contradicts)
    other = says(Declined("fraud_suspected", "Reported stolen."), id=notice.operation_id)
    again = reading_of(history + first.events, other)
    assert isinstance(again, Contradicts)
    assert again.events == ()


def test_a_void_heard_of_before_its_answer_leaves_the_answer_nothing_to_say() -> None:
    reading = reading_of(voiding(), says(APPROVED, RELEASE, id=VOID))
    assert isinstance(reading, Settles)
    settled = then_(voiding(), void_answered(reading.outcome))
    assert void_answered(APPROVED)(payment_of(settled)) == ()


OTHERS_CHARGE = "ch_9"
MISFITS: dict[str, tuple[History, Notice]] = {
    "an open attempt, of less": (processing(), says_of(APPROVED, AUTHORIZE, ATTEMPT, amount=FORTY)),
    "an open attempt, of more": (processing(), says_of(APPROVED, AUTHORIZE, ATTEMPT, amount=HUNDRED + FORTY)),
    "an open attempt, in another currency": (processing(), says_of(APPROVED, AUTHORIZE, ATTEMPT, amount=DOLLARS)),
    "an open attempt's decline, of another amount": (processing(), says_of(DECLINED, AUTHORIZE, ATTEMPT, amount=FORTY)),
    "an open automatic capture, of less": (AT_ONCE, says_of(APPROVED, TAKE, ATTEMPT, amount=FORTY)),
    "a waiting customer's, of another charge": (
        requires_action(),
        says_of(APPROVED, AUTHORIZE, ATTEMPT, reference=OTHERS_CHARGE),
    ),
    "a waiting customer's cancellation, of another charge": (
        requires_action(),
        says_of(APPROVED, RELEASE, ATTEMPT, reference=OTHERS_CHARGE),
    ),
    "an open capture, of another charge": (capturing(), says_of(APPROVED, TAKE, CAPTURE, reference=OTHERS_CHARGE)),
    "an open capture, of another amount": (capturing(FORTY), says_of(APPROVED, TAKE, CAPTURE, amount=THIRTY)),
    "an open void, of another charge": (voiding(), says_of(APPROVED, RELEASE, VOID, reference=OTHERS_CHARGE)),
    "an open refund, of another charge": (refunding(), says_of(APPROVED, GIVE_BACK, REFUND, reference=OTHERS_CHARGE)),
    "an open refund, of another amount": (refunding(THIRTY), says_of(APPROVED, GIVE_BACK, REFUND, amount=FORTY)),
    "an open refund's decline, of another charge": (
        refunding(),
        says_of(DECLINED, GIVE_BACK, REFUND, reference=OTHERS_CHARGE),
    ),
    "what was authorised, of another amount": (authorized(), says_of(APPROVED, AUTHORIZE, ATTEMPT, amount=FORTY)),
    "what was authorised, of another charge": (
        authorized(),
        says_of(APPROVED, AUTHORIZE, ATTEMPT, reference=OTHERS_CHARGE),
    ),
    "a refund named by the attempt, of another charge": (
        captured(),
        says_of(APPROVED, GIVE_BACK, ATTEMPT, reference=OTHERS_CHARGE),
    ),
    "what was refunded, of another amount": (
        refunded(THIRTY),
        says_of(APPROVED, GIVE_BACK, REFUND, reference=CHARGE, amount=FORTY),
    ),
}


@pytest.mark.parametrize("what", MISFITS)
def test_a_notice_that_does_not_fit_what_was_asked_settles_nothing_and_is_reported_once(what: str) -> None:
    history, notice = MISFITS[what]
    reading = reading_of(history, notice)
    assert isinstance(reading, Contradicts)
    assert payment_of(history + reading.events) == payment_of(history)
    assert reading_of(history + reading.events, notice) == Contradicts((), reading.reason)


@pytest.mark.parametrize("stated", [{}, {"amount": HUNDRED}, {"reference": CHARGE}])
def test_a_notice_that_fits_settles(stated: dict[str, Any]) -> None:
    assert reading_of(processing(), says_of(APPROVED, AUTHORIZE, ATTEMPT, **stated)) == Settles(ATTEMPT, APPROVED)


def test_two_misfits_of_one_operation_are_two_reports() -> None:
    first = reading_of(processing(), says_of(APPROVED, AUTHORIZE, ATTEMPT, amount=FORTY))
    assert isinstance(first, Contradicts)
    second = reading_of(processing() + first.events, says_of(APPROVED, AUTHORIZE, ATTEMPT, amount=THIRTY))
    assert isinstance(second, Contradicts)
    assert second.events
