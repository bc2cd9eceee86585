"""Checkout.com's words, made up by hand: what became of an operation is in the actions of its payment."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from infrastructure.provider.checkout import naming
from infrastructure.provider.checkout.client import CheckoutProvider
from infrastructure.provider.checkout.notifications import CheckoutNotifications
from tests.infrastructure.provider.wrong_answers import Claim, Wording

STATUSES: Final = {"authorized": "Authorized", "captured": "Captured", "declined": "Declined"}
TYPES: Final = {CaptureRequest: "Capture", VoidRequest: "Void", RefundRequest: "Refund"}
EVENTS: Final = {
    CaptureRequest: "payment_captured",
    VoidRequest: "payment_voided",
    RefundRequest: "payment_refunded",
}
VOID_AMOUNTS: Final = ("a larger amount", "a smaller amount", "an amount of nothing", "another currency")
MOVEMENTS: Final = [f"{case}{part}" for case in ("capture", "void", "refund") for part in ("", " look-up")]


class CheckoutDialect:
    """Implements tests.infrastructure.provider.wrong_answers.Dialect."""

    charge = "pay_1"
    lacks = frozenset(
        {
            # An action names neither its payment nor a currency.
            *(("another charge", case) for case in MOVEMENTS),
            *(("another currency", case) for case in MOVEMENTS),
            *((spoiled, "void notification") for spoiled in VOID_AMOUNTS),
        }
    )

    def connected(self, url: str) -> CheckoutProvider:
        return CheckoutProvider(url, "sk_1")

    def answers(self, claim: Claim) -> Mapping[str, Wording]:
        request, named = claim.about, naming.reference(claim.operation_id)
        if not isinstance(request, AuthorizeRequest):
            accepted = {"action_id": claim.made, "reference": named}
            kind = {"authorized": "Authorization", "captured": "Capture"}.get(claim.state, TYPES[type(request)])
            return {
                "POST /payments/": Wording(202, accepted),
                "GET /payments/": Wording(200, [_action(claim, claim.made, kind)]),
            }
        status = STATUSES.get(claim.state, "Captured" if request.capture else "Authorized")
        payment = {
            "id": claim.made,
            "status": status,
            "approved": True,
            "amount": claim.amount.minor,
            "currency": claim.amount.currency,
            "reference": named,
        }
        done = [_action(claim, "act_1", "Authorization")]
        if status == "Captured":
            done = [_action(claim, "act_2", "Capture"), *done]
        return {
            "POST /payments": Wording(201, payment),
            "GET /payments": Wording(200, {"total_count": 1, "data": [payment]}),
            "GET /payments/": Wording(200, done),
        }

    def declined(self, request: ProviderRequest) -> Any:
        return {"error_type": "request_invalid", "error_codes": ["card_number_invalid"]}

    def notified(self, claim: Claim) -> bytes:
        request = claim.about
        kind = EVENTS.get(type(request))
        if isinstance(request, AuthorizeRequest):
            kind = "payment_captured" if request.capture else "payment_approved"
        data = {
            "id": claim.charge,
            "action_id": claim.made,
            "amount": claim.amount.minor,
            "currency": claim.amount.currency,
            "metadata": {"operation_id": str(claim.operation_id)},
        }
        event = {"id": "evt_1", "type": kind, "timestamp": "2026-11-27T00:00:00Z", "data": data}
        return msgspec.json.encode(event)

    def read(self, body: bytes) -> Any:
        return CheckoutNotifications("").read(body)


def _action(claim: Claim, id_: str, kind: str) -> dict[str, Any]:
    return {
        "id": id_,
        "type": kind,
        "amount": claim.amount.minor,
        "approved": claim.state != "declined",
        "reference": naming.reference(claim.operation_id),
    }
