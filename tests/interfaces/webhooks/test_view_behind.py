"""While the view of operations is behind, nobody can say that a delivery means no payment: it waits for the view."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from application.dispute.apply_notification import DisputeNotices
from application.payment.apply_notification import Notices
from application.webhook_in.processor import ATTEMPTS_MAX, Deliveries
from domain.identifiers import MerchantId, OperationId, PaymentId
from infrastructure.postgres.event_store.correlation import ViewCorrelation
from interfaces import ids
from interfaces.composition import SIMULATOR, Core, utc_now
from interfaces.runtime.settings import Settings
from projections.provider.operations import PROVIDER_OPERATIONS
from tests.interfaces.webhooks.test_worker_dies_in_between import LAST_TRY, deliver
from tests.support.charges import charge
from tests.support.notary import News, NotaryNotifications
from tests.support.store import advanced, assert_appended, everything, execute, open_views

DUE = "UPDATE webhook_delivery SET next_try_at = now()"


@pytest.fixture
async def core(database_url: str) -> AsyncIterator[Core]:
    async with Core(Settings(database_url=database_url, nats_url="nats://127.0.0.1:1")) as opened:
        yield opened


async def tried_as_often_as_it_is(core: Core) -> None:
    """All at once: every delivery is due again and again."""
    deliveries = Deliveries(
        inbox=core.webhook_in.inbox,
        correlation=ViewCorrelation(core.pool),
        store=core.store,
        notices=Notices(
            store=core.store,
            operations=core.payment.operations,
            adoptions=core.payment.adoptions,
            correlation=core.payment.correlation,
            now=utc_now,
        ),
        disputes=DisputeNotices(core.dispute.commands.money),
        dead_letters=core.dead_letter.commands,
        notifications={SIMULATOR: NotaryNotifications()},
    )
    for _ in range(ATTEMPTS_MAX + 1):
        execute(core.settings.database_url, f"{DUE} WHERE state = 'waiting'")
        await deliveries.step()
        await deliveries.settle()


async def payment_with(core: Core, attempt_id: OperationId) -> None:
    append = charge(PaymentId(ids.new_uuid()), attempt_id, "ch_1", MerchantId("mer_acme"), is_waiting=True)
    assert_appended(await core.store.append(append))


async def view_catches_up(core: Core) -> None:
    async with open_views(core.settings.database_url) as views:
        await advanced(views, PROVIDER_OPERATIONS, await everything(core.store))


def states(core: Core) -> dict[UUID, tuple[str, int]]:
    rows = execute(core.settings.database_url, "SELECT delivery_id, state, tries FROM webhook_delivery")
    return {delivery_id: (state, tries) for delivery_id, state, tries in rows}


async def test_what_the_view_has_not_come_to_is_no_dead_letter_and_settles_once_it_has(core: Core) -> None:
    attempt_id = OperationId(uuid4())
    await payment_with(core, attempt_id)
    told = await deliver(core, News(id="evt_1", about="capture", operation_id=attempt_id, reference="ch_1"))
    await tried_as_often_as_it_is(core)
    assert states(core) == {told: ("waiting", 0)}
    await view_catches_up(core)
    await tried_as_often_as_it_is(core)
    assert states(core) == {told: ("done", 1)}


async def test_once_the_view_has_come_to_where_the_store_was_then_what_it_does_not_know_is_given_up(
    core: Core,
) -> None:
    await payment_with(core, OperationId(uuid4()))
    of_nobody = await deliver(core, News(id="evt_2", about="capture", operation_id=uuid4()))
    execute(core.settings.database_url, LAST_TRY)
    await tried_as_often_as_it_is(core)
    assert states(core) == {of_nobody: ("waiting", 7)}
    await view_catches_up(core)
    # What came into the store since is no reason to wait: there is always something.
    await payment_with(core, OperationId(uuid4()))
    await tried_as_often_as_it_is(core)
    assert states(core) == {of_nobody: ("dead", 8)}


async def test_it_waits_as_long_again_as_it_has_waited(core: Core) -> None:
    await payment_with(core, OperationId(uuid4()))
    await deliver(core, News(id="evt_3", about="capture", operation_id=uuid4()))
    execute(core.settings.database_url, "UPDATE webhook_delivery SET received_at = now() - interval '20 s'")
    await tried_as_often_as_it_is(core)
    query = "SELECT next_try_at > now() + interval '15 s' FROM webhook_delivery"
    assert execute(core.settings.database_url, query) == [(True,)]
