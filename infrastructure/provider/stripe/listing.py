"""Stripe lists the payment intents that were made and the events that webhooks should have delivered."""

# Both lists are current, unlike Stripe's search (docs.stripe.com/search). Events are kept for 30 days, each in the
# format of the API version at the time of the event (docs.stripe.com/api/events).

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Raw, Struct

from application.provider.listing import Listed, ListedDispute, ListedOperation, Unreadable
from application.provider.webhook import DisputeNotification, Notification, NotificationUnreadable, Unhandled
from domain.payment.events import OperationKind
from domain.payment.outcome import Unknown
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.pages import Page, entries, name_of_entry
from infrastructure.provider.reading import UNDECODABLE, decode, our_payment
from infrastructure.provider.stripe import disputes
from infrastructure.provider.stripe.notifications import AUTHORISED, CANCELED, CAPTURED, REFUNDED, read_event
from infrastructure.provider.stripe.objects import OPERATION_ID, PaymentIntent, StripeId
from infrastructure.provider.stripe.translate import PAGE_SIZE
from infrastructure.provider.text import readable

EVENTS_KEPT: Final = timedelta(days=30)
TYPES: Final = sorted(AUTHORISED | {CAPTURED, CANCELED} | REFUNDED | disputes.TYPES)
PAYMENT_ID: Final = "payment_id"
Seconds = Annotated[int, Meta(ge=0, le=2**38)]


class _List(Struct, frozen=True):
    data: list[Raw]
    has_more: bool


class _Id(Struct, frozen=True):
    id: StripeId


class _Object(Struct, frozen=True):
    metadata: dict[str, str] | None = None


class _Data(Struct, frozen=True):
    object: _Object


class _Event(Struct, frozen=True):
    created: Seconds
    data: _Data


class _Made(Struct, frozen=True):
    created: Seconds


class StripeListing:
    """Implements application.provider.listing.Listing."""

    def __init__(self, calls: HttpCalls, headers: Mapping[str, str]) -> None:
        self._calls = calls
        self._headers = headers

    async def listed(self, since: datetime, until: datetime) -> AsyncIterator[Listed]:
        oldest = datetime.now(UTC) - EVENTS_KEPT
        if since < oldest:
            reason = f"Stripe keeps events for 30 days: what happened before {oldest:%Y-%m-%dT%H:%MZ} is not listed"
            yield Unreadable(name="events that are no longer kept", reason=reason)
        # Whole seconds: two runs that list the same entry see an equal entry.
        window = [("created[gte]", str(int(since.timestamp()))), ("created[lt]", str(int(until.timestamp()) + 1))]
        types = [("types[]", kind) for kind in TYPES]
        for path, query, read in (
            ("/v1/payment_intents", window, read_intent),
            ("/v1/events", window + types, read_listed_event),
        ):
            async for listed in self._entries(path, query, read):
                if isinstance(listed, Unreadable) or since <= listed.at < until:
                    yield listed

    async def _entries(
        self, path: str, query: list[tuple[str, str]], read: Callable[[bytes], Listed | None]
    ) -> AsyncIterator[Listed]:
        async def look(cursor: str | None) -> Answer | Unknown:
            behind = [] if cursor is None else [("starting_after", cursor)]
            asked = urlencode([("limit", str(PAGE_SIZE)), *query, *behind])
            return await self._calls.look(f"{path}?{asked}", self._headers)

        async for entry in entries(look, _page):
            listed = read(bytes(entry))
            if listed is not None:
                yield listed


def _page(body: bytes) -> Page:
    page = decode(body, _List)
    if not page.has_more:
        return Page(page.data, None)
    if not page.data:
        raise msgspec.ValidationError("an empty page that is not the last")
    return Page(page.data, msgspec.json.decode(page.data[-1], type=_Id).id)


def read_intent(entry: bytes) -> Listed | None:
    """The authorisation of a payment intent; events report the later operations on the intent."""
    try:
        intent, made = decode(entry, PaymentIntent), msgspec.json.decode(entry, type=_Made)
        notification = Notification(
            event_id=intent.id,
            about=OperationKind.AUTHORIZE,
            outcome=intent.authorized(),
            operation_id=intent.operation(OPERATION_ID),
            reference=intent.id,
            amount=intent.stated(intent.amount),
        )
    except UNDECODABLE as error:
        return Unreadable(name=name_of_entry(entry), reason=readable(str(error)))
    payment_id = our_payment((intent.metadata or {}).get(PAYMENT_ID, ""))
    return ListedOperation(notification=notification, payment_id=payment_id, at=_at(made.created))


def read_listed_event(entry: bytes) -> Listed | None:
    """One event of the list; None for an event type that is not in use."""
    try:
        notification, event = read_event(entry), msgspec.json.decode(entry, type=_Event)
    except (*UNDECODABLE, NotificationUnreadable) as error:
        return Unreadable(name=name_of_entry(entry), reason=readable(str(error)))
    payment_id, at = our_payment((event.data.object.metadata or {}).get(PAYMENT_ID, "")), _at(event.created)
    match notification:
        case Unhandled():
            return None
        case DisputeNotification():
            return ListedDispute(notification=notification, payment_id=payment_id, at=at)
        case _:
            return ListedOperation(notification=notification, payment_id=payment_id, at=at)


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
