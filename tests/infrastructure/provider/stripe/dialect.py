"""Stripe's words, made up by hand: an intent is a charge and its only capture; canceled, it has no id of ours."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from infrastructure.provider.stripe.client import StripeProvider
from infrastructure.provider.stripe.notifications import StripeNotifications
from tests.infrastructure.provider.wrong_answers import Claim, Wording

STATUSES: Final = {"authorized": "requires_capture", "captured": "succeeded", "declined": "requires_payment_method"}
REFUND_STATUSES: Final = {"authorized": "pending", "captured": "requires_action", "declined": "failed"}
ERROR: Final = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "No."}
NOT_OF_A_VOID: Final = (
    "a larger amount",
    "a smaller amount",
    "an amount of nothing",
    "another currency",
    "another operation",
)
EVENTS: Final = {
    CaptureRequest: "payment_intent.succeeded",
    VoidRequest: "payment_intent.canceled",
    RefundRequest: "refund.updated",
}


class StripeDialect:
    """Implements tests.infrastructure.provider.wrong_answers.Dialect."""

    charge = "pi_1"
    lacks = frozenset(
        {
            *((spoiled, f"void{part}") for spoiled in NOT_OF_A_VOID for part in ("", " look-up", " notification")),
            # Which void is meant is told by its charge alone.
            ("another charge", "void notification"),
        }
    )

    def connected(self, url: str) -> StripeProvider:
        return StripeProvider(url, "sk_test_1")

    def answers(self, claim: Claim) -> Mapping[str, Wording]:
        said = _object(claim)
        listed = {"data": [said], "has_more": False}
        match claim.about:
            case AuthorizeRequest():
                return {"POST /v1/payment_intents": Wording(200, said), "GET /v1/payment_intents": Wording(200, listed)}
            case CaptureRequest() | VoidRequest():
                return {"POST /v1/payment_intents/": Wording(200, said), "GET /v1/payment_intents/": Wording(200, said)}
            case RefundRequest():
                return {"POST /v1/refunds": Wording(200, said), "GET /v1/refunds": Wording(200, listed)}

    def declined(self, request: ProviderRequest) -> Any:
        return {"error": ERROR}

    def notified(self, claim: Claim) -> bytes:
        kind = EVENTS.get(type(claim.about))
        if isinstance(claim.about, AuthorizeRequest):
            at_once = claim.about.capture
            kind = "payment_intent.succeeded" if at_once else "payment_intent.amount_capturable_updated"
        return msgspec.json.encode({"id": "evt_1", "type": kind, "data": {"object": _object(claim)}})

    def read(self, body: bytes) -> Any:
        return StripeNotifications("").read(body)


def _object(claim: Claim) -> dict[str, Any]:
    request, amount, ours = claim.about, claim.amount.minor, str(claim.operation_id)
    said: dict[str, Any] = {"amount": amount, "currency": claim.amount.currency.lower()}
    if isinstance(request, RefundRequest):
        status = REFUND_STATUSES.get(claim.state, "succeeded")
        names = {"id": claim.made, "payment_intent": claim.charge, "metadata": {"operation_id": ours}}
        return said | names | {"status": status}
    match request:
        case AuthorizeRequest(capture=at_once):
            done = "succeeded" if at_once else "requires_capture"
            names = {"id": claim.made, "metadata": {"operation_id": ours}}
        case CaptureRequest():
            done, names = "succeeded", {"id": claim.charge, "metadata": {"capture_operation_id": ours}}
        case VoidRequest():
            done, names = "canceled", {"id": claim.charge, "latest_charge": "ch_1"}
    status = STATUSES.get(claim.state, done)
    at_once = isinstance(request, AuthorizeRequest) and request.capture and claim.state != "authorized"
    return {
        **said,
        **names,
        "status": status,
        "capture_method": "automatic" if at_once else "manual",
        "amount_received": amount if status == "succeeded" else 0,
        "amount_capturable": amount if status == "requires_capture" else 0,
        "last_payment_error": ERROR if claim.state == "declined" else None,
    }
