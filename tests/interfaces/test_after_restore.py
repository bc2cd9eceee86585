"""What the store lost is sent again by merchants under the same keys: providers know the repeats, and do nothing."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from domain.derivation import is_derived
from interfaces import ids
from interfaces.runtime.supervisor import Stack
from tests.support.running import Merchant, Reply, merchant_of, running_stack
from tests.support.turned_back import keep, operations_at, turn_back

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


@pytest.fixture
def stack(session_folder: Path) -> Iterator[Stack]:
    with running_stack(session_folder / "restored-home", provider_timeout_s=5.0) as running:
        yield running


async def day(merchant: Merchant) -> list[Reply]:
    """Everything that a merchant can have done in the lost window, each under a key of its own."""

    def in_order(*steps: Callable[[str], Awaitable[Reply]]) -> Callable[[], Awaitable[list[Reply]]]:
        async def run() -> list[Reply]:
            first, *others = steps
            replies = [await first("")]
            payment_id = replies[0].json["payment_id"]
            return replies + [await step(payment_id) for step in others]

        return run

    courses = [
        in_order(
            lambda _: merchant.pay(key="at-once"), lambda id_: merchant.act(id_, "refunds", key="back", amount=400)
        ),
        in_order(
            lambda _: merchant.pay(key="created", confirm=False, capture_method="manual"),
            lambda id_: merchant.send("POST", f"/v1/payment_intents/{as_intent(id_)}/confirm", {}, key="confirmed"),
            lambda id_: merchant.act(id_, "capture", key="captured", amount=700, final=True),
            lambda id_: merchant.act(id_, "refunds", key="refunded"),
        ),
        in_order(
            lambda _: merchant.pay(key="reserved", capture_method="manual"),
            lambda id_: merchant.act(id_, "void", key="voided"),
        ),
        in_order(lambda _: merchant.pay(key="declined", token="tok_declined")),
    ]
    return [reply for course in courses for reply in await course()]


def as_intent(payment_id: str) -> str:
    uuid = ids.parse(payment_id, ids.PAYMENT)
    assert uuid is not None
    return ids.text_of(ids.INTENT, uuid)


async def test_what_is_sent_again_to_a_restored_store_is_not_done_again(stack: Stack) -> None:
    async with merchant_of(stack) as merchant:
        await keep(stack)
        before = await day(merchant)
        assert all(reply.status < 300 for reply in before), before
        done = await operations_at(stack.simulator_urls["simulator"])

        await turn_back(stack)
        gone = before[0].json["payment_id"]
        assert (await merchant.get(f"/v1/payments/{gone}")).status == 404, "the store was not turned back"
        again = await day(merchant)

        assert await operations_at(stack.simulator_urls["simulator"]) == done
        assert [reply.status for reply in again] == [reply.status for reply in before]
        assert [reply.json["status"] for reply in again] == [reply.json["status"] for reply in before]
        assert [identifiers(reply) for reply in again] == [identifiers(reply) for reply in before]
        assert not any("Idempotency-Replayed" in reply.headers for reply in again), "the store knew the key"

        events = (await merchant.get(f"/v1/payments/{gone}/events")).json["events"]
        [started] = [event["data"] for event in events if "payment.attempt_started" in event["data"]["type"]]
        assert is_derived(UUID(started["attempt_id"]))


def identifiers(reply: Reply) -> dict[str, object]:
    return {name: value for name, value in reply.json.items() if name == "id" or name.endswith("_id")}
