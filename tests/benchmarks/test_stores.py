"""A filled store is one that real appends could have left."""

import asyncio
from itertools import pairwise
from uuid import UUID, uuid4

import msgspec

from application.payment.loaded import loaded_from
from application.write.store import Append
from domain.history import Positioned
from domain.identifiers import PaymentId
from domain.ledger.accounts import account
from domain.ledger.balances import fold_balances
from domain.ledger.entry import JournalEntryPosted, entry_id_for
from domain.payment.state import InFlight
from interfaces import ids
from tests.benchmarks.stores import AT_ONCE, MERCHANTS, fill
from tests.support.store import assert_appended, created, everything, execute, open_store


async def test_a_filled_store_reads_like_one_that_appends_made(database_url: str) -> None:
    first = await asyncio.to_thread(fill, database_url, payments=AT_ONCE + 7)
    second = await asyncio.to_thread(fill, database_url, payments=40, seed=2)
    async with open_store(database_url) as store:
        events = await everything(store)
        assert [event.position for event in events] == list(range(1, first + second + 1))
        assert all(one.event.recorded_at <= other.event.recorded_at for one, other in pairwise(events))
        assert {event.event.merchant_id for event in events} <= set(MERCHANTS)
        assert_streams_are_whole(events)
        assert_balances_are_kept(database_url, events)
        assert_claims_are_answered(database_url, events)
        assert assert_appended(await store.append(Append(events=(created(uuid4()),)))) == len(events) + 1


def streams_of(events: list[Positioned]) -> dict[UUID, list[Positioned]]:
    streams: dict[UUID, list[Positioned]] = {}
    for event in events:
        streams.setdefault(event.event.originator_id, []).append(event)
    return streams


def assert_streams_are_whole(events: list[Positioned]) -> None:
    payments = 0
    for stream, own in streams_of(events).items():
        assert [event.event.originator_version for event in own] == list(range(1, len(own) + 1))
        data = own[0].event.data
        if isinstance(data, JournalEntryPosted):
            assert stream == entry_id_for(data.cause_id, data.cause_version)
            assert own[0].event.causation_id == f"{data.cause_id}:{data.cause_version}"
        else:
            payments += 1
            assert not isinstance(loaded_from(PaymentId(stream), own).payment, InFlight)
    assert payments == AT_ONCE + 7 + 40


def assert_balances_are_kept(database_url: str, events: list[Positioned]) -> None:
    folded = fold_balances(event.event.data for event in events if isinstance(event.event.data, JournalEntryPosted))
    limited = {key: minor for key, minor in folded.items() if account(key.account).floor_minor is not None}
    kept = execute(database_url, "SELECT account, currency, balance_minor FROM account_balance")
    assert {(code, currency): minor for code, currency, minor in kept} == limited


def assert_claims_are_answered(database_url: str, events: list[Positioned]) -> None:
    payments = {event.event.originator_id for event in events if event.event.data.__class__ is not JournalEntryPosted}
    select = "SELECT payment_id, key, unresolved, status, body, position FROM operation_claim"
    claims = execute(database_url, select)
    assert {payment_id for payment_id, *_ in claims} == payments
    last = {event.position: event.event for event in events}
    for payment_id, key, unresolved, status, body, position in claims:
        assert key.startswith("order-")
        assert not unresolved
        assert status in (200, 201)
        assert ids.parse(msgspec.json.decode(body)["payment_id"], ids.PAYMENT) == payment_id
        of_last = last[position]
        data = of_last.data
        assert payment_id == (data.payment_id if isinstance(data, JournalEntryPosted) else of_last.originator_id)
