"""The events of terms, of which versions are added by kind, and activated for one merchant or for all others."""

from enum import StrEnum

from domain.event import Event
from domain.identifiers import MerchantId


class TermsKind(StrEnum):
    FEES = "fees"
    SETTLEMENT = "settlement"
    CONVERSION = "conversion"
    PAYOUTS = "payouts"
    DISPUTES = "disputes"


class TermsAdded(Event, frozen=True, kw_only=True, tag="terms.added.v1"):
    """`number` counts from 1 within a kind, whatever the name; `document` is the operator's text, to the last byte."""

    kind: TermsKind
    number: int
    name: str
    document: str


class TermsActivated(Event, frozen=True, kw_only=True, tag="terms.activated.v1"):
    """`merchant_id` is None for all merchants without terms of that kind of their own."""

    kind: TermsKind
    number: int
    merchant_id: MerchantId | None


TermsEvent = TermsAdded | TermsActivated
