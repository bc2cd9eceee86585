"""An id of one kind with the suffix of another kind's is not found, just like one that nobody has: on every route.

Ids of streams can be derived from what is guessed (a bank account's, from its merchant and idempotency key), so that a
reply which tells the two apart would tell whether the guess is right.
"""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from httpx import Response
from litestar.testing import AsyncTestClient
from msgspec.structs import replace

from application.access.merchant import create_key, create_merchant
from application.access.operator import Role, create_operator_key
from domain.history import Recorded
from domain.identifiers import MerchantId
from infrastructure.observability.instruments import NONE
from infrastructure.postgres.event_store.mapper import MsgspecTranscoder
from interfaces import ids
from interfaces.composition import Core
from interfaces.composition.api import api_services
from interfaces.http.server.app import create_app
from interfaces.runtime.settings import Settings
from tests.support.openapi import document
from tests.support.store import append_all

GOLDEN = Path(__file__).parents[1] / "golden"
FIRST_EVENTS = {
    "payment": "payment.created.v2",
    "journal entry": "journal.entry_posted.v2",
    "release": "funds.released.v1",
    "payout": "payout.created.v1",
    "payout batch": "payout_batch.created.v1",
    "bank account": "bank_account.added.v1",
    "rates": "fx_rates.published.v1",
    "routing policies": "routing_policy.added.v1",
    "terms": "terms.added.v1",
    "dead letter": "dead_letter.recorded.v1",
    "dispute": "dispute.opened.v1",
}
"""What a stream of each kind begins with, by the name of its golden file."""
PREFIXES = {
    "payment_id": ("payment", ids.PAYMENT),
    "intent_id": ("payment", ids.INTENT),
    "payout_id": ("payout", ids.PAYOUT),
    "bank_account_id": ("bank account", ids.BANK_ACCOUNT),
    "dispute_id": ("dispute", ids.DISPUTE),
    "letter_id": ("dead letter", ids.DEAD_LETTER),
}
"""Of which kind the stream has to be that a parameter names, and the prefix of its id."""
ELSEWHERE = {"delivery_id", "refund_id"}
"""Parameters that name rows or operations, which have ids of their own."""
BODIES: dict[str, dict[str, Any]] = {
    "close_dead_letter": {"reason": "settled by hand"},
    "cancel_any_payout": {"reason": "a mistake"},
    "put_dispute_evidence": {"name": "receipt.pdf"},
    "delete_dispute_evidence": {"name": "receipt.pdf"},
}
QUERIES = {"delete_dispute_evidence": "?name=receipt.pdf"}


class Route(NamedTuple):
    operation: str
    method: str
    path: str
    parameter: str


class Api(NamedTuple):
    """The API in this process, a merchant's and an operator's keys, and a stream of each kind, by whose it is."""

    client: AsyncTestClient[Any]
    merchant: str
    operator: str
    streams: dict[tuple[str, str], UUID]

    async def ask(self, route: Route, uuid: UUID) -> Response:
        _, prefix = PREFIXES[route.parameter]
        path = route.path.replace(f"{{{route.parameter}}}", ids.text_of(prefix, uuid)).replace("{name}", "receipt.pdf")
        key = self.operator if path.startswith("/v1/operator") else self.merchant
        headers = {"Authorization": f"Bearer {key}"}
        if route.method != "get":
            headers["Idempotency-Key"] = "the-key"
        return await self.client.request(
            route.method.upper(),
            path + QUERIES.get(route.operation, ""),
            headers=headers,
            json=BODIES.get(route.operation, {}) if route.method == "post" else None,
        )


def routes() -> Iterator[Route]:
    """Every route that takes the id of a stream."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"} - ELSEWHERE
            for parameter in named:
                if parameter.endswith("_id"):
                    yield Route(operation["operationId"], method, path, parameter)


ROUTES = list(routes())


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    async def no_metrics(_: object) -> bytes:
        return b""

    settings = Settings(database_url=database_url, nats_url="nats://127.0.0.1:1")
    async with Core(settings) as core:
        merchants = [await create_merchant(core.access.directory, name, ids.new_id) for name in ("Ours", "Theirs")]
        key = await create_key(core.access.directory, merchants[0], ids.new_id)
        operator = await create_operator_key(core.access.operators, "Anna", Role.OPERATOR, ids.new_id)
        streams = {(owner, kind): ids.new_uuid() for owner in ("own", "another's") for kind in FIRST_EVENTS}
        owners = dict(zip(("own", "another's"), merchants, strict=True))
        for (owner, kind), stream_id in streams.items():
            await append_all(core.store, [first_event(kind, stream_id, MerchantId(owners[owner]))])
    app = create_app(lambda: api_services(settings, NONE, no_metrics))
    async with AsyncTestClient(app) as client:
        yield Api(client, key.secret, operator.secret, streams)


def first_event(kind: str, stream_id: UUID, merchant_id: MerchantId) -> Recorded:
    recorded = MsgspecTranscoder().decode((GOLDEN / f"{FIRST_EVENTS[kind]}.json").read_bytes())
    return replace(recorded, originator_id=stream_id, originator_version=1, merchant_id=merchant_id)


def test_every_route_says_of_which_kind_its_ids_are() -> None:
    assert {route.parameter for route in ROUTES} == set(PREFIXES)


async def test_a_stream_of_another_kind_is_not_found_and_nothing_of_it_is_logged(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    told_apart = []
    for route in ROUTES:
        kind, _ = PREFIXES[route.parameter]
        nobodys = await api.ask(route, ids.new_uuid())
        assert nobodys.status_code == 404, (route, nobodys.text)
        for (owner, other), stream_id in api.streams.items():
            if other != kind:
                found = await api.ask(route, stream_id)
                if shape(found) != shape(nobodys):
                    told_apart.append((route.operation, owner, other, found.status_code))
    assert told_apart == []
    assert caplog.records == []


def shape(reply: Response) -> tuple[int, set[str], Any]:
    """All that can be seen of a reply, but for the request's own id."""
    return reply.status_code, set(reply.headers), msgspec.json.decode(reply.content) | {"request_id": ""}
