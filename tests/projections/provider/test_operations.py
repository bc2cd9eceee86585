"""The view by which a provider's notice finds its payment: every operation by our id, and by the provider's name."""

from uuid import UUID, uuid4

from domain.payment.events import (
    CaptureStarted,
    OperationAdopted,
    OperationKind,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    RefundStarted,
    VoidStarted,
)
from projections.engine.view import fold
from projections.provider.operations import PROVIDER_OPERATIONS, payments_of_operations, payments_of_references
from tests.projections.histories import HISTORIES, positioned, recorded_history
from tests.support.store import advanced, append_all, everything, open_store, open_views

BEGUN = PaymentAttemptStarted | CaptureStarted | RefundStarted | VoidStarted | OperationAdopted
PAYMENT = UUID(int=7)


def test_every_operation_has_its_row() -> None:
    for name, history in HISTORIES.items():
        rows = fold(PROVIDER_OPERATIONS, {}, positioned(recorded_history(PAYMENT, history)))
        begun = sum(isinstance(event, BEGUN) for event in history)
        assert len(rows) == begun, name
        assert {row.payment_id for row in rows.values()} <= {PAYMENT}


def test_an_attempt_is_known_by_the_providers_name_once_it_answered() -> None:
    history = recorded_history(PAYMENT, HISTORIES["authorized"])
    [row] = fold(PROVIDER_OPERATIONS, {}, positioned(history)).values()
    [authorized] = [each.data for each in history if isinstance(each.data, PaymentAuthorized)]
    assert (row.operation_id, row.kind) == (authorized.attempt_id, OperationKind.AUTHORIZE)
    assert (row.provider, row.reference) == (authorized.provider, authorized.reference)


def test_what_was_made_at_the_provider_is_known_by_its_name_there_and_its_kind() -> None:
    for name, kind in (
        ("refunded at the provider", OperationKind.REFUND),
        ("refund that failed at the provider", OperationKind.REFUND),
        ("captured at the provider", OperationKind.CAPTURE),
        ("voided at the provider", OperationKind.VOID),
    ):
        rows = fold(PROVIDER_OPERATIONS, {}, positioned(recorded_history(PAYMENT, HISTORIES[name]))).values()
        [row] = [row for row in rows if row.reference == "at_provider_1"]
        assert (row.kind, row.provider) == (kind, "northbank")


async def test_a_payment_is_found_by_our_id_and_by_its_own_providers_name_only(database_url: str) -> None:
    payment_id = uuid4()
    async with open_store(database_url) as store, open_views(database_url) as views:
        await append_all(store, recorded_history(payment_id, HISTORIES["captured"]))
        await append_all(store, recorded_history(uuid4(), HISTORIES["created"]))
        events = await everything(store)
        await advanced(views, PROVIDER_OPERATIONS, events)
        [captured] = [each.event.data for each in events if isinstance(each.event.data, PaymentCaptured)]
        found = await payments_of_operations(views, [captured.capture_id, uuid4()])
        assert found == {captured.capture_id: payment_id}
        its_own = (captured.provider, captured.reference)
        anothers = ("southbank", captured.reference)
        assert await payments_of_references(views, [its_own, anothers]) == {its_own: payment_id}
