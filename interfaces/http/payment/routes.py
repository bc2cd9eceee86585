"""/v1/payments: capture, void, refund; a payment now or as it was, its history, its journal entries, its refunds."""

from collections.abc import Sequence
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from application.payment.commands import Payments
from application.payment.loaded import loaded_from
from application.write.recording import position_with_entry
from domain.history import Positioned
from domain.identifiers import PaymentId
from domain.ledger.entry import entry_id_for
from domain.ledger.rules import MoneyEvent
from interfaces import ids
from interfaces.http.payment.bodies import CaptureBody, RefundBody, VoidBody
from interfaces.http.payment.reading import read_payment
from interfaces.http.server.body import decode
from interfaces.http.server.caller import AuthenticatedRequest, caller_of
from interfaces.http.server.documented import accepts, replies
from interfaces.http.server.parameters import AsOfParameter
from interfaces.http.server.parts import parts
from interfaces.http.server.position_header import WaitForPosition, require_stored
from interfaces.http.server.reply import answered, payment_id_of, resource
from interfaces.http.server.services import ReadableStore, Services
from interfaces.resources.payment import PaymentResource
from interfaces.resources.payment_history import (
    EntryList,
    EventList,
    Timeline,
    entry_resources,
    merchant_event_resource,
    merchant_timeline_resource,
)
from interfaces.resources.refund import RefundList, RefundResource, refund_record
from projections.payment.refunds import refunds_of


class PaymentController(Controller):
    path = "/v1/payments"
    tags = ("Payments",)
    dependencies = parts(payments=Payments)

    @post(
        "/{payment_id:str}/capture",
        operation_id="capture_payment",
        summary="Take authorised money",
        operation_class=accepts(CaptureBody, required=False, key_needed=True),
        responses=replies(200, PaymentResource, "The payment", 404, 409, 413, 422),
        status_code=200,
    )
    async def capture(
        self,
        request: AuthenticatedRequest,
        payments: NamedDependency[Payments],
        body: RawBody,
        payment_id: FromPath[str],
    ) -> Response[Any]:
        """Needs an idempotency key. A partial capture releases the rest unless `final` is false."""
        asked = decode(CaptureBody, body)
        caller = caller_of(request, asked, asked.idempotency_key, key_needed=True)
        payment = payment_id_of(payment_id, ids.PAYMENT)
        return answered(await payments.capture(payment, caller, amount_minor=asked.amount, final=asked.final))

    @post(
        "/{payment_id:str}/void",
        operation_id="void_payment",
        summary="Release what is still authorised",
        operation_class=accepts(VoidBody, required=False),
        responses=replies(200, PaymentResource, "The payment", 404, 409, 413, 422),
        status_code=200,
    )
    async def void(
        self,
        request: AuthenticatedRequest,
        payments: NamedDependency[Payments],
        body: RawBody,
        payment_id: FromPath[str],
    ) -> Response[Any]:
        """After a partial capture this releases the rest, and the payment stays captured."""
        asked = decode(VoidBody, body)
        caller = caller_of(request, asked, asked.idempotency_key, key_needed=False)
        return answered(await payments.void(payment_id_of(payment_id, ids.PAYMENT), caller))

    @post(
        "/{payment_id:str}/refunds",
        operation_id="refund_payment",
        summary="Give captured money back",
        operation_class=accepts(RefundBody, required=False, key_needed=True),
        responses=replies(201, RefundResource, "The refund", 404, 409, 413, 422),
    )
    async def refund(
        self,
        request: AuthenticatedRequest,
        payments: NamedDependency[Payments],
        body: RawBody,
        payment_id: FromPath[str],
    ) -> Response[Any]:
        """Needs an idempotency key. Several refunds may follow one another, in total no more than was captured."""
        asked = decode(RefundBody, body)
        caller = caller_of(request, asked, asked.idempotency_key, key_needed=True)
        payment = payment_id_of(payment_id, ids.PAYMENT)
        return answered(await payments.refund(payment, caller, amount_minor=asked.amount, reason=asked.reason))

    @get(
        "/{payment_id:str}",
        operation_id="get_payment",
        summary="A payment, now or as it was",
        responses=replies(200, PaymentResource, "The payment", 404),
    )
    async def get_one(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        payment_id: FromPath[str],
        as_of: AsOfParameter = None,
    ) -> Response[Any]:
        """Folded from the payment's own events at this moment: never behind."""
        payment = payment_id_of(payment_id, ids.PAYMENT, ids.INTENT)
        return await read_payment(services, request.user.merchant_id, payment, as_of)

    @get(
        "/{payment_id:str}/events",
        operation_id="list_payment_events",
        summary="A payment's whole history",
        responses=replies(200, EventList, "Its events, in order", 404),
    )
    async def events(
        self, request: AuthenticatedRequest, services: NamedDependency[Services], payment_id: FromPath[str]
    ) -> Response[Any]:
        """Every fact about the payment: who asked, which provider was called, what it answered."""
        payment = payment_id_of(payment_id, ids.PAYMENT, ids.INTENT)
        history = await services.store.history(payment)
        loaded_from(payment, history).owned_by(request.user.merchant_id)
        events = [merchant_event_resource(event) for event in history]
        return resource(EventList(events=events), position_with_entry(history[-1]))

    @get(
        "/{payment_id:str}/ledger",
        operation_id="list_payment_entries",
        summary="A payment's journal entries",
        responses=replies(200, EntryList, "Its entries, in order", 404),
    )
    async def ledger(
        self, request: AuthenticatedRequest, services: NamedDependency[Services], payment_id: FromPath[str]
    ) -> Response[Any]:
        """Every movement of money the payment caused, as balanced postings."""
        payment = payment_id_of(payment_id, ids.PAYMENT, ids.INTENT)
        history = await services.store.history(payment)
        loaded_from(payment, history).owned_by(request.user.merchant_id)
        entries = await _entries_of(services.store, payment, history)
        return resource(EntryList(entries=entry_resources(entries)), position_with_entry(history[-1]))

    @get(
        "/{payment_id:str}/timeline",
        operation_id="get_payment_timeline",
        summary="Who did what, when",
        responses=replies(200, Timeline, "Its events and its journal entries, in the order they happened", 404),
    )
    async def timeline(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        payment_id: FromPath[str],
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """Read from the store itself: never behind."""
        payment = payment_id_of(payment_id, ids.PAYMENT, ids.INTENT)
        head, history = await services.store.head(), await services.store.history(payment)
        loaded_from(payment, history).owned_by(request.user.merchant_id)
        require_stored(position, head)
        entries = await _entries_of(services.store, payment, history)
        timeline = sorted([*history, *entries], key=lambda positioned: positioned.position)
        return resource(Timeline(timeline=list(map(merchant_timeline_resource, timeline))), head)

    @get(
        "/{payment_id:str}/refunds",
        operation_id="list_payment_refunds",
        summary="A payment's refunds",
        responses=replies(200, RefundList, "Its refunds, in the order they were made", 404),
    )
    async def refunds(
        self, request: AuthenticatedRequest, services: NamedDependency[Services], payment_id: FromPath[str]
    ) -> Response[Any]:
        """Those that failed, too. Folded from the payment's own events at this moment: never behind."""
        payment = payment_id_of(payment_id, ids.PAYMENT, ids.INTENT)
        history = await services.store.history(payment)
        loaded_from(payment, history).owned_by(request.user.merchant_id)
        refunds = list(map(refund_record, refunds_of(history)))
        return resource(RefundList(refunds=refunds), position_with_entry(history[-1]))


async def _entries_of(store: ReadableStore, payment: PaymentId, history: Sequence[Positioned]) -> Sequence[Positioned]:
    """The journal entries that the payment's own events have caused, which are all that are about the payment."""
    causes = [event.event.originator_version for event in history if isinstance(event.event.data, MoneyEvent)]
    return await store.histories([entry_id_for(payment, version) for version in causes])
