"""APS's words, made up by hand and signed; what it says of an order's state names no operation and no currency."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from infrastructure.provider.aps.client import ApsProvider, Credentials
from infrastructure.provider.aps.notifications import ApsNotifications
from infrastructure.provider.aps.signature import signature
from tests.infrastructure.provider.wrong_answers import Claim, Wording

CREDENTIALS: Final = Credentials(
    merchant_identifier="merchant", access_code="code", sha_request_phrase="asked", sha_response_phrase="said"
)
ORDER: Final = "018f0000-0000-7000-8000-00000000000a"
STATUSES: Final = {"authorized": "02", "captured": "04"}
DONE: Final = {CaptureRequest: "04", VoidRequest: "08", RefundRequest: "06"}
FAILED: Final = {CaptureRequest: "05", VoidRequest: "09", RefundRequest: "07"}
NAMES: Final = {
    AuthorizeRequest: "merchant_reference",
    CaptureRequest: "order_description",
    VoidRequest: "order_description",
    RefundRequest: "maintenance_reference",
}
CASES: Final = ("authorisation", "automatic capture", "capture", "void", "refund")
AMOUNTS: Final = ("a larger amount", "a smaller amount", "an amount of nothing", "another currency")


class ApsDialect:
    """Implements tests.infrastructure.provider.wrong_answers.Dialect."""

    charge = f"1122334455:{ORDER}"
    lacks = frozenset(
        {
            *((spoiled, f"void{part}") for spoiled in AMOUNTS for part in ("", " look-up", " notification")),
            *(("another currency", f"{case} look-up") for case in CASES),
            *(("another operation", f"{case} look-up") for case in ("capture", "void", "refund")),
            ("a name given before", "refund"),
        }
    )

    def connected(self, url: str) -> ApsProvider:
        return ApsProvider(url, CREDENTIALS)

    def answers(self, claim: Claim) -> Mapping[str, Wording]:
        path = "POST /FortAPI/paymentApi"
        return {path: Wording(200, _answer(claim)), f"{path} CHECK_STATUS": Wording(200, _state(claim))}

    def declined(self, request: ProviderRequest) -> Any:
        reference = str(request.operation_id) if isinstance(request, AuthorizeRequest) else ORDER
        code = FAILED.get(type(request), "03") + "666"
        return _signed({"merchant_reference": reference, "fort_id": "1122334455", "response_code": code})

    def notified(self, claim: Claim) -> bytes:
        return msgspec.json.encode(_answer(claim))

    def read(self, body: bytes) -> Any:
        return ApsNotifications(CREDENTIALS.sha_response_phrase).read(body)


def _status(claim: Claim) -> str:
    request = claim.about
    if claim.state == "declined":
        return FAILED.get(type(request), "13" if isinstance(request, AuthorizeRequest) and request.capture else "03")
    if isinstance(request, AuthorizeRequest):
        return STATUSES.get(claim.state, "14" if request.capture else "02")
    return STATUSES.get(claim.state, DONE[type(request)])


def _names(claim: Claim) -> dict[str, str]:
    if isinstance(claim.about, AuthorizeRequest):
        return {"merchant_reference": str(claim.operation_id), "fort_id": claim.made}
    return {"merchant_reference": ORDER, "fort_id": claim.charge.partition(":")[0]}


def _answer(claim: Claim) -> dict[str, str]:
    code = _status(claim) + ("666" if claim.state == "declined" else "000")
    money = {"amount": str(claim.amount.minor), "currency": claim.amount.currency}
    name = {NAMES[type(claim.about)]: str(claim.operation_id)}
    return _signed({**name, **_names(claim), **money, "response_code": code, "status": code[:2]})


def _state(claim: Claim) -> dict[str, str]:
    request, asked, status = claim.about, str(claim.about.amount.minor), _status(claim)
    told = "0" if claim.state == "declined" else str(claim.amount.minor)
    match request:
        case AuthorizeRequest():
            taken = told if status in ("04", "14") else "0"
            totals = {"authorized_amount": told, "captured_amount": taken, "refunded_amount": "0"}
        case CaptureRequest():
            taken = told if status == "04" else "0"
            totals = {"authorized_amount": asked, "captured_amount": taken, "refunded_amount": "0"}
        case VoidRequest():
            totals = {"authorized_amount": asked, "captured_amount": "0", "refunded_amount": "0"}
        case RefundRequest():
            given_back = told if status == "06" else "0"
            totals = {"authorized_amount": asked, "captured_amount": asked, "refunded_amount": given_back}
    code = status + ("666" if claim.state == "declined" else "000")
    state = {"response_code": "12000", "transaction_status": status, "transaction_code": code}
    return _signed({**_names(claim), **state, **totals})


def _signed(parameters: dict[str, str]) -> dict[str, str]:
    return parameters | {"signature": signature(parameters, CREDENTIALS.sha_response_phrase)}
