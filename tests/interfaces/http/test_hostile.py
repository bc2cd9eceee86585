"""A few hundred of the requests of `make hostile`: none is answered with a 500, and none left without an answer."""

import itertools

from interfaces.runtime.supervisor import Stack
from tests.hostile.attack import attack
from tests.hostile.generate import hostile_requests
from tests.support.running import Merchant

SEED = 20261127


async def test_hostile_requests_never_fail(stack: Stack, merchant: Merchant, stranger: Merchant) -> None:
    paid, others = await merchant.pay(), await stranger.pay()
    known_ids = [paid.json["payment_id"], paid.json["payment_intent_id"], others.json["payment_id"]]
    requests = hostile_requests(SEED, 400, [merchant.secret], known_ids)
    outcome = await attack(stack.url, [merchant.secret], requests, held_back=60, within_s=90)
    assert not outcome.failed, f"seed {SEED}"
    assert not outcome.unanswered, f"seed {SEED}"
    assert all(outcome.statuses[status] for status in (200, 400, 404))
    assert (await stranger.pay()).status == 201


def test_a_run_can_be_repeated() -> None:
    first, second = (itertools.islice(hostile_requests(7, 50, ["tsk_a"], ["pay_a"]), 50) for _ in range(2))
    assert list(first) == list(second)
