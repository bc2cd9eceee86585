"""Requests and answers have the fields that Checkout.com's API reference documents and this dialect keeps."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from infrastructure.simulator.wire import ReturnUrl

Metadata = dict[str, Any]
Amount = Annotated[int, Meta(ge=1, le=999_999_999)]
Reference = Annotated[str, Meta(max_length=80)]


class Source(Struct, frozen=True):
    type: str
    token: str | None = None
    id: str | None = None


class PaymentBody(Struct, frozen=True):
    """A payment, captured at once unless `capture` is false."""

    source: Source
    amount: Amount
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    capture: bool = True
    reference: Reference | None = None
    metadata: Metadata = {}
    success_url: ReturnUrl | None = None


class CaptureBody(Struct, frozen=True):
    """A capture of the whole rest, and the last capture, unless the request states otherwise."""

    amount: Amount | None = None
    capture_type: Annotated[str, Meta(pattern="^(NonFinal|Final)$")] = "Final"
    reference: Reference | None = None
    metadata: Metadata = {}


class VoidBody(Struct, frozen=True):
    reference: Reference | None = None
    metadata: Metadata = {}


class RefundBody(Struct, frozen=True):
    """A refund of the whole captured amount, unless the request states otherwise."""

    amount: Amount | None = None
    reference: Reference | None = None
    metadata: Metadata = {}


class Link(Struct, frozen=True):
    href: str


Links = dict[str, Link]


class Balances(Struct, frozen=True, kw_only=True):
    total_authorized: int = 0
    total_voided: int = 0
    available_to_void: int = 0
    total_captured: int = 0
    available_to_capture: int = 0
    total_refunded: int = 0
    available_to_refund: int = 0


class Payment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment in the answer to a request, in a list, or in a lookup.

    `action_id` and the response codes are in the answer only. `approved` is absent while the payment is pending.
    """

    id: str
    action_id: str | None = None
    amount: int
    currency: str
    approved: bool | None = None
    status: str
    response_code: str | None = None
    response_summary: str | None = None
    reference: str | None
    metadata: Metadata
    source: Source
    balances: Balances
    requested_on: datetime | None = None
    processed_on: datetime | None = None
    links: Links = field(name="_links")


class Page(Struct, frozen=True, kw_only=True):
    limit: int
    skip: int
    total_count: int
    data: list[Payment]


class Action(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a payment; `approved` is absent while the step is in progress."""

    id: str
    type: str
    processed_on: datetime
    amount: int
    approved: bool | None = None
    response_code: str | None = None
    response_summary: str | None = None
    reference: str | None
    metadata: Metadata


class Accepted(Struct, frozen=True, kw_only=True):
    action_id: str
    reference: str | None
    links: Links = field(name="_links")


class Error(Struct, frozen=True, kw_only=True):
    request_id: str
    error_type: str
    error_codes: list[str]
