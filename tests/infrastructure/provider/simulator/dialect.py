"""The simulator's words, made up by hand."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from infrastructure.provider.simulator.client import SimulatorProvider
from infrastructure.provider.simulator.notifications import SimulatorNotifications
from tests.infrastructure.provider.wrong_answers import Claim, Wording

STATUSES: Final = {"authorized": "authorized", "captured": "captured", "declined": "declined"}
DONE: Final = {CaptureRequest: "captured", VoidRequest: "voided", RefundRequest: "refunded"}
OPERATIONS: Final = {
    AuthorizeRequest: "charge",
    CaptureRequest: "capture",
    VoidRequest: "void",
    RefundRequest: "refund",
}
VOID_AMOUNTS: Final = ("a larger amount", "a smaller amount", "an amount of nothing", "another currency")


class SimulatorDialect:
    """Implements tests.infrastructure.provider.wrong_answers.Dialect."""

    charge = "ch_1"
    lacks = frozenset(
        {
            # A charge of which a part was taken is `captured` once its rest is released.
            ("captured at once", "void"),
            ("captured at once", "void look-up"),
            *((spoiled, "void notification") for spoiled in VOID_AMOUNTS),
        }
    )

    def connected(self, url: str) -> SimulatorProvider:
        return SimulatorProvider(url)

    def answers(self, claim: Claim) -> Mapping[str, Wording]:
        body = _body(claim)
        found = {"operation": OPERATIONS[type(claim.about)], "http_status": 201, "answer": body}
        return {"POST /v1/charges": Wording(201, body), "GET /v1/operations": Wording(200, found)}

    def declined(self, request: ProviderRequest) -> Any:
        return {"error": {"code": "insufficient_funds", "message": "No."}}

    def notified(self, claim: Claim) -> bytes:
        request = claim.about
        kind = f"{OPERATIONS[type(request)]}.succeeded"
        if isinstance(request, AuthorizeRequest):
            kind = "charge.captured" if request.capture else "charge.authorized"
        data = {
            "id": claim.made,
            "charge": claim.charge,
            "operation_key": str(claim.operation_id),
            "amount": claim.amount.minor,
            "currency": claim.amount.currency,
        }
        return msgspec.json.encode({"id": "evt_1", "type": kind, "data": data})

    def read(self, body: bytes) -> Any:
        return SimulatorNotifications("").read(body)


def _body(claim: Claim) -> dict[str, Any]:
    request, amount = claim.about, claim.amount.minor
    said = {"id": claim.made, "currency": claim.amount.currency, "operation_key": str(claim.operation_id)}
    if isinstance(request, AuthorizeRequest):
        status = STATUSES.get(claim.state, "captured" if request.capture else "authorized")
        captured = amount if status == "captured" else 0
        return said | {"status": status, "reference": "pay_1", "authorized": amount, "captured": captured}
    return said | {"status": STATUSES.get(claim.state, DONE[type(request)]), "charge": claim.charge, "amount": amount}
