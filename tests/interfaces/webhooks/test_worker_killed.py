"""kill -9 of the worker while it works deliveries off: each still has its one effect."""

import os
import signal
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

from domain.identifiers import MerchantId, OperationId, PaymentId
from interfaces import ids
from tests.crash.system import descendants
from tests.interfaces.webhooks.conftest import Notary
from tests.interfaces.webhooks.test_semantics import becomes, names_of
from tests.support.charges import charge
from tests.support.running import Merchant, eventually
from tests.support.store import assert_appended, open_store

PAYMENTS = 6
KILLS = 2


def kill_worker(notary: Notary) -> None:
    worker = notary.stack.worker
    pids = [worker.pid, *descendants(worker.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while worker.running:
        assert time.monotonic() < deadline, "the killed worker ends"


def end_leases(notary: Notary) -> None:
    """Those of the dead worker, as if they were over."""
    notary.execute("UPDATE webhook_delivery SET next_try_at = now() WHERE state = 'waiting'")


async def test_what_was_in_the_hands_of_a_killed_worker_has_one_effect(merchant: Merchant, notary: Notary) -> None:
    attempts = [OperationId(uuid4()) for _ in range(PAYMENTS)]
    payments = await waiting_for_their_customers(merchant, notary, attempts)
    kill_worker(notary)
    deliveries: list[UUID] = []
    for attempt_id in attempts:
        for about in ("capture", "authorize"):
            deliveries.append(await notary.tell(about, operation_id=attempt_id, reference=f"ch_{attempt_id}"))
    for number in range(KILLS):
        end_leases(notary)
        notary.stack.worker.start()
        await becomes(merchant, payments[number], "captured")
        kill_worker(notary)
    end_leases(notary)
    notary.stack.worker.start()
    for delivery in deliveries:
        await notary.comes_to(delivery, "done")
    for payment in payments:
        names = await names_of(merchant, payment)
        assert (names.count("payment.authorized.v1"), names.count("payment.captured.v2")) == (1, 1)
        assert "payment.contradiction_reported.v1" not in names


async def waiting_for_their_customers(merchant: Merchant, notary: Notary, attempts: Sequence[OperationId]) -> list[str]:
    """A payment of the merchant's for each attempt, which the worker's view knows."""
    payments = [PaymentId(ids.new_uuid()) for _ in attempts]
    async with open_store(notary.stack.settings.database_url) as store:
        for payment_id, attempt_id in zip(payments, attempts, strict=True):
            append = charge(
                payment_id, attempt_id, f"ch_{attempt_id}", MerchantId(merchant.merchant_id), is_waiting=True
            )
            assert_appended(await store.append(append))
    known = "SELECT count(*) FROM views.provider_operations WHERE operation_id = ANY(%s)"

    async def are_known() -> bool:
        return notary.execute(known, list(attempts)) == [(len(attempts),)]

    await eventually(are_known, "the view knows the attempts")
    return [ids.text_of(ids.PAYMENT, payment_id) for payment_id in payments]
