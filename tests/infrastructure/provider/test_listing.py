"""What every connector's list promises: all entries, page by page, whatever the provider does to the pages."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
import pytest
from aiohttp import web

from application.provider.listing import Listed, ListedDispute, ListedOperation, ListingFailed, Unreadable
from domain.payment.events import OperationKind
from domain.payment.outcome import Approved
from infrastructure.provider import pages
from infrastructure.provider.connector import Connector, ProviderAccount
from infrastructure.provider.registry import connect

NOW: Final = datetime.now(UTC)
SINCE, UNTIL = NOW - timedelta(hours=2), NOW
AT: Final = NOW - timedelta(hours=1)
PAYMENT, OPERATION = UUID(int=8 << 76 | 2 << 62 | 7), UUID(int=8 << 76 | 2 << 62 | 9)
PAGED: Final = 5
"""How many entries the list has, of which a fake gives two a page."""


class Dialect(Protocol):
    """A provider's words for the entries of its list."""

    connector: str
    credentials: Mapping[str, str]

    def refund(self, number: int) -> dict[str, Any]: ...

    def charge(self) -> dict[str, Any]: ...

    def dispute(self) -> dict[str, Any]: ...

    def answer(self, request: web.Request, entries: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]: ...

    def circle(self, request: web.Request, entries: Sequence[dict[str, Any]]) -> dict[str, Any]: ...


class SimulatorDialect:
    connector = "simulator"
    credentials: Mapping[str, str] = {}

    def refund(self, number: int) -> dict[str, Any]:
        return self._event(number, "refund.succeeded", id=f"re_{number}", amount=100 + number, currency="EUR")

    def charge(self) -> dict[str, Any]:
        return self._event(50, "charge.authorized", id="ch_1", amount=1000, currency="EUR")

    def dispute(self) -> dict[str, Any]:
        due = (NOW + timedelta(days=7)).isoformat()
        said = {"kind": "chargeback", "reason": "fraudulent", "respond_by": due}
        return self._event(60, "dispute.opened", id="dp_1", amount=1000, currency="EUR", **said)

    def answer(self, request: web.Request, entries: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
        after = int(request.query["after"])
        found = entries[after : after + limit]
        return {"events": found, "next_after": after + limit if after + limit < len(entries) else None}

    def circle(self, request: web.Request, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        return {"events": entries[:1], "next_after": 7}

    def _event(self, number: int, kind: str, /, **data: Any) -> dict[str, Any]:
        known = {"charge": "ch_1", "reference": str(PAYMENT), "operation_key": str(OPERATION)}
        return {"id": f"evt_{number}", "type": kind, "created": AT.isoformat(), "data": known | data}


class StripeDialect:
    connector = "stripe"
    credentials: Mapping[str, str] = {"secret_key": "sk_test_1", "webhook_secret": "whsec_1"}

    def refund(self, number: int) -> dict[str, Any]:
        refund = {"id": f"re_{number}", "status": "succeeded", "amount": 100 + number, "currency": "eur"}
        return self._event(number, "refund.created", refund | {"payment_intent": "ch_1", "metadata": self._ours()})

    def charge(self) -> dict[str, Any]:
        return {
            "id": "ch_1",
            "status": "requires_capture",
            "capture_method": "manual",
            "amount": 1000,
            "amount_capturable": 1000,
            "currency": "eur",
            "created": int(AT.timestamp()),
            "metadata": self._ours(),
        }

    def dispute(self) -> dict[str, Any]:
        said = {"id": "dp_1", "status": "needs_response", "reason": "fraudulent", "amount": 1000, "currency": "eur"}
        return self._event(60, "charge.dispute.created", said | {"payment_intent": "ch_1"})

    def answer(self, request: web.Request, entries: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
        wanted = [entry for entry in entries if ("type" in entry) == request.path.endswith("/events")]
        after = request.query.get("starting_after")
        names = [entry.get("id") for entry in wanted]
        start = names.index(after) + 1 if after in names else 0
        return {"data": wanted[start : start + limit], "has_more": start + limit < len(wanted)}

    def circle(self, request: web.Request, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        return {"data": entries[:1], "has_more": True}

    def _ours(self) -> dict[str, str]:
        return {"payment_id": str(PAYMENT), "operation_id": str(OPERATION)}

    def _event(self, number: int, kind: str, of: dict[str, Any]) -> dict[str, Any]:
        return {"id": f"evt_{number}", "type": kind, "created": int(AT.timestamp()), "data": {"object": of}}


DIALECTS: Final[Sequence[Dialect]] = (SimulatorDialect(), StripeDialect())
Handler = Callable[[web.Request], web.Response]


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.connector)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    chosen: Dialect = request.param
    return chosen


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(pages, "PAUSE_S_MAX", 0.002)


@asynccontextmanager
async def fake(dialect: Dialect, handle: Handler) -> AsyncIterator[Connector]:
    """The connector, to a provider that answers each question of its list so."""

    async def answer(request: web.Request) -> web.Response:
        return handle(request)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    account = ProviderAccount(
        name="fake",  # type: ignore[arg-type]
        connector=dialect.connector,
        url=f"http://127.0.0.1:{port}",
        timeout_s=5,
        credentials=dialect.credentials,
    )
    connector = connect(account)
    try:
        yield connector
    finally:
        await connector.aclose()
        await runner.cleanup()


def paged(dialect: Dialect, entries: Sequence[dict[str, Any]], limit: int = 2) -> Handler:
    return lambda request: web.json_response(dialect.answer(request, entries, limit))


async def all_of(connector: Connector) -> list[Listed]:
    assert connector.listing is not None
    return [listed async for listed in connector.listing.listed(SINCE, UNTIL)]


async def test_a_charge_a_refund_and_a_dispute_are_told_in_our_words(dialect: Dialect) -> None:
    entries = [dialect.charge(), dialect.refund(1), dialect.dispute()]
    async with fake(dialect, paged(dialect, entries)) as connector:
        charge, refund, dispute = await all_of(connector)
    assert isinstance(charge, ListedOperation)
    assert isinstance(refund, ListedOperation)
    assert isinstance(dispute, ListedDispute)
    said = charge.notification
    assert (said.about, said.outcome, said.operation_id) == (OperationKind.AUTHORIZE, Approved("ch_1"), OPERATION)
    assert (charge.payment_id, charge.notification.reference, str(said.amount)) == (PAYMENT, "ch_1", "10.00 EUR")
    assert (refund.notification.about, refund.notification.own_reference) == (OperationKind.REFUND, "re_1")
    assert (refund.payment_id, refund.notification.reference) == (PAYMENT, "ch_1")
    assert (dispute.notification.dispute_id, dispute.notification.reference) == ("dp_1", "ch_1")
    assert all(abs((each.at - AT).total_seconds()) <= 1 for each in (charge, refund, dispute))


async def test_the_list_is_read_to_its_end(dialect: Dialect) -> None:
    entries = [dialect.refund(number) for number in range(PAGED)]
    async with fake(dialect, paged(dialect, entries)) as connector:
        assert len(await all_of(connector)) == PAGED


async def test_it_asks_for_the_time_alone(dialect: Dialect) -> None:
    asked: list[str] = []

    def handle(request: web.Request) -> web.Response:
        asked.append(str(request.query))
        return web.json_response(dialect.answer(request, [], 2))

    async with fake(dialect, handle) as connector:
        assert await all_of(connector) == []
    since = {"simulator": SINCE.isoformat(), "stripe": str(int(SINCE.timestamp()))}[dialect.connector]
    assert all(since in query for query in asked)


@pytest.mark.parametrize("status", [429, 500, 503, 408])
async def test_a_page_that_is_refused_for_now_is_asked_for_again(dialect: Dialect, status: int) -> None:
    entries, refusals = [dialect.refund(number) for number in range(PAGED)], iter([status] * 3)

    def handle(request: web.Request) -> web.Response:
        refusal = next(refusals, None)
        return paged(dialect, entries)(request) if refusal is None else web.Response(status=refusal)

    async with fake(dialect, handle) as connector:
        assert len(await all_of(connector)) == PAGED


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events": 7, "data": 7}', b"\xff", b"[" * 100_000])
async def test_what_is_no_page_is_no_list(dialect: Dialect, body: bytes) -> None:
    async with fake(dialect, lambda _: web.Response(body=body)) as connector:
        with pytest.raises(ListingFailed, match="cannot be read"):
            await all_of(connector)


async def test_a_refusal_is_no_list(dialect: Dialect) -> None:
    asked = 0

    def handle(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=401)

    async with fake(dialect, handle) as connector:
        with pytest.raises(ListingFailed, match="401"):
            await all_of(connector)
    assert asked == 1


async def test_pages_that_go_round_in_a_circle_are_no_list(dialect: Dialect) -> None:
    entries = [dialect.charge()] if dialect.connector == "stripe" else [dialect.refund(1)]
    async with fake(dialect, lambda request: web.json_response(dialect.circle(request, entries))) as connector:
        with pytest.raises(ListingFailed, match="circle"):
            await all_of(connector)


BROKEN: Final[Mapping[str, Callable[[dict[str, Any]], Any]]] = {
    "no object": lambda _: 7,
    "nothing in it": lambda _: {},
    "no data": lambda entry: {name: value for name, value in entry.items() if name not in ("data", "status")},
    "an amount below zero": lambda entry: msgspec.json.decode(
        msgspec.json.encode(entry).replace(b'"amount":101', b'"amount":-101')
    ),
    "a time that is none": lambda entry: entry | {"created": "yesterday"},
    "a name that is none": lambda entry: entry | {"id": "x" * 5000},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_an_entry_that_cannot_be_read_is_told_as_such_beside_the_others(
    dialect: Dialect, broken: Callable[[dict[str, Any]], Any]
) -> None:
    spoiled = broken(dialect.refund(1))

    def handle(request: web.Request) -> web.Response:
        page = dialect.answer(request, [dialect.refund(2), dialect.refund(3)], 10)
        [entries] = [value for value in page.values() if isinstance(value, list)]
        if entries:
            entries.insert(0, spoiled)
        return web.json_response(page)

    async with fake(dialect, handle) as connector:
        listed = await all_of(connector)
    assert [isinstance(each, Unreadable) for each in listed] == [True, False, False]
    [unreadable] = [each for each in listed if isinstance(each, Unreadable)]
    assert len(unreadable.name) < 400
    assert unreadable.reason


async def test_what_a_provider_has_forgotten_is_said() -> None:
    stripe = StripeDialect()
    async with fake(stripe, paged(stripe, [])) as connector:
        assert connector.listing is not None
        long_ago = datetime.fromtimestamp(time.time(), UTC) - timedelta(days=40)
        [said] = [listed async for listed in connector.listing.listed(long_ago, UNTIL)]
    assert isinstance(said, Unreadable)
    assert "30 days" in said.reason
