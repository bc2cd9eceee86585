"""Requests and answers have the fields that Checkout.com's API reference documents; of answers, only those in use."""

from typing import Annotated, Final

from msgspec import Meta, Struct, field

from infrastructure.provider.minor_units import Count, Currency


class TokenSource(Struct, frozen=True, tag="token", tag_field="type"):
    """A token that the customer's browser or phone made of a card or wallet, valid for one payment."""

    token: str


class InstrumentSource(Struct, frozen=True, tag="id", tag_field="type"):
    """A payment instrument that Checkout.com stores for us."""

    id: str


class ThreeDs(Struct, frozen=True):
    enabled: bool
    attempt_n3d: bool
    """Continue without 3-D Secure where the card is not enrolled."""


class PaymentBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An authorisation; `capture` has no default here, because the default of Checkout.com is to take the money."""

    source: TokenSource | InstrumentSource
    amount: int
    currency: str
    capture: bool
    reference: str
    metadata: dict[str, str]
    success_url: str | None = None
    failure_url: str | None = None
    three_ds: ThreeDs | None = field(default=None, name="3ds")
    processing_channel_id: str | None = None


class CaptureBody(Struct, frozen=True, kw_only=True):
    amount: int
    capture_type: str
    reference: str
    metadata: dict[str, str]


class VoidBody(Struct, frozen=True, kw_only=True):
    """A void; without an amount it releases everything that is reserved."""

    reference: str
    metadata: dict[str, str]


class RefundBody(Struct, frozen=True, kw_only=True):
    amount: int
    reference: str
    metadata: dict[str, str]


Id = Annotated[str, Meta(pattern="^[!-~]{1,255}$")]


class _Link(Struct, frozen=True):
    href: Annotated[str, Meta(pattern="^https?://[!-~]{1,2000}$")]


class _Links(Struct, frozen=True):
    redirect: _Link | None = None


NO_LINKS: Final = _Links()


class Payment(Struct, frozen=True):
    """A payment in the answer to a request, in a list, or in a lookup."""

    id: Id
    status: str
    amount: Count
    currency: Currency
    reference: str | None = None
    approved: bool | None = None
    response_code: str | None = None
    response_summary: str | None = None
    links: _Links = field(default=NO_LINKS, name="_links")


class Action(Struct, frozen=True):
    """One step of a payment; `approved` is None while the step is in progress."""

    id: Id
    type: str
    amount: Count | None = None
    reference: str | None = None
    approved: bool | None = None
    response_code: str | None = None
    response_summary: str | None = None


class Accepted(Struct, frozen=True):
    action_id: Id
    reference: str | None = None


class Listed(Struct, frozen=True):
    data: list[Payment]
    total_count: int


class Error(Struct, frozen=True):
    error_type: str = ""
    error_codes: list[str] | None = None
