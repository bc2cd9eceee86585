"""The simulator's list of events contains every event that its webhooks have delivered or should have delivered."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Raw, Struct

from application.provider.listing import Listed, ListedDispute, ListedOperation, Unreadable
from application.provider.webhook import DisputeNotification, NotificationUnreadable, Unhandled
from domain.payment.outcome import Unknown
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.pages import Page, entries, name_of_entry
from infrastructure.provider.reading import UNDECODABLE, decode, our_payment
from infrastructure.provider.simulator.notifications import read_event
from infrastructure.provider.text import readable

PAGE_SIZE: Final = 200


class _EventsPage(Struct, frozen=True):
    events: list[Raw]
    next_after: int | None


class _Data(Struct, frozen=True):
    reference: str = ""


class _Event(Struct, frozen=True):
    created: Annotated[datetime, Meta(tz=True)]
    data: _Data


class SimulatorListing:
    """Implements application.provider.listing.Listing."""

    def __init__(self, calls: HttpCalls) -> None:
        self._calls = calls

    async def listed(self, since: datetime, until: datetime) -> AsyncIterator[Listed]:
        async def look(cursor: str | None) -> Answer | Unknown:
            window = {"since": since.isoformat(), "until": until.isoformat(), "limit": PAGE_SIZE}
            return await self._calls.look(f"/v1/events?{urlencode(window | {'after': cursor or 0})}")

        async for entry in entries(look, _page):
            listed = read(bytes(entry))
            if listed is not None:
                yield listed


def _page(body: bytes) -> Page:
    page = decode(body, _EventsPage)
    return Page(page.events, None if page.next_after is None else str(page.next_after))


def read(entry: bytes) -> Listed | None:
    """One event of the list; None for an event type that is not in use."""
    try:
        notification = read_event(entry)
        event = msgspec.json.decode(entry, type=_Event)
    except (*UNDECODABLE, NotificationUnreadable) as error:
        return Unreadable(name=name_of_entry(entry), reason=readable(str(error)))
    payment_id = our_payment(event.data.reference)
    match notification:
        case Unhandled():
            return None
        case DisputeNotification():
            return ListedDispute(notification=notification, payment_id=payment_id, at=event.created)
        case _:
            return ListedOperation(notification=notification, payment_id=payment_id, at=event.created)
