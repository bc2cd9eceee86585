"""After all that was done here, the providers' books say what ours say, payment by payment and in total."""

from collections import Counter
from typing import Any

from domain.ledger.balances import BalanceKey, add_balances
from interfaces.composition import fold_journal
from tests.interfaces.dialects.fakes import Fake, uuid_of
from tests.interfaces.dialects.shop import Shop
from tests.interfaces.dialects.system import System
from tests.support.running import eventually
from tests.support.store import execute

HEAD = "SELECT max(notification_id) FROM stored_events"
IN_WORK = "SELECT count(*) FROM webhook_delivery WHERE state = 'waiting'"
DEAD = "SELECT provider, result FROM webhook_delivery WHERE state = 'dead'"


async def payments_of(shop: Shop) -> list[dict[str, Any]]:
    """Every payment of the shop as it stands."""
    path, payments = "/v1/payments?limit=100", list[dict[str, Any]]()
    cursor = ""
    while True:
        page = (await shop.merchant.get(path + cursor)).json
        payments += [await shop.payment(found["payment_id"]) for found in page["payments"]]
        if not page["next_cursor"]:
            return payments
        cursor = f"&cursor={page['next_cursor']}"


async def test_the_providers_books_are_ours(shop: Shop, system: System) -> None:
    payments = await payments_of(shop)
    assert all(payment["operation"] is None for payment in payments)
    cleared: Counter[tuple[str, str]] = Counter()
    for fake in system.fakes.values():
        books = await fake.books()
        taken_here = [payment for payment in payments if provider_of(payment) == fake.name]
        for payment in taken_here:
            held = books.pop(uuid_of(payment))
            assert held.charges == 1, payment
            assert (held.captured, held.refunded) == (payment["amount_captured"], payment["amount_refunded"]), payment
            if not (fake.keeps_the_rest and held.captured):
                assert held.reserved == payment["amount_capturable"], payment
            cleared[fake.name, payment["currency"]] += held.captured - held.refunded
        assert not [held for held in books.values() if held.reserved or held.captured], "nobody knows of these"
    assert await clearing(system) == {
        (f"psp:{name}:clearing", currency): minor for (name, currency), minor in cleared.items()
    }


async def clearing(system: System) -> dict[BalanceKey, int]:
    """What each provider owes us, by our journal."""
    [(head,)] = execute(system.settings.database_url, HEAD)
    balances: dict[BalanceKey, int] = {}
    async for part in fold_journal(system.settings.database_url, up_to=head):
        add_balances(balances, part.balances)
    return {key: minor for key, minor in balances.items() if key.account.endswith(":clearing")}


def provider_of(payment: dict[str, Any]) -> str | None:
    """Where it was authorised, if it was."""
    authorization = payment["authorization"]
    return None if authorization is None else str(authorization["provider"])


async def test_no_webhook_was_in_vain(system: System, fake: Fake) -> None:
    """Every one was read, understood, and brought to its payment."""

    async def worked_off() -> bool:
        return execute(system.settings.database_url, IN_WORK) == [(0,)]

    await eventually(worked_off, "all webhooks are worked off")
    assert execute(system.settings.database_url, DEAD) == []
