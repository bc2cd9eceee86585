"""Requests are translated into APS's parameters and signed answers into outcomes; an unclear answer is Unknown."""

# APS identifies an order by `merchant_reference`, the id of our attempt, and accepts one order for each. A refund has
# its own name, `maintenance_reference`, and APS accepts one refund for each. A capture and a void have no such name:
# the id of the operation is sent as `order_description`, which APS ignores and returns in its answer and its
# notification. Amounts are in ISO 4217's minor units. `codes` explains the response codes.

from typing import Final, assert_never

from msgspec import Struct

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from domain.money.money import Money
from domain.payment.method import MethodType
from domain.payment.outcome import ActionRequired, Approved, Declined, Outcome, Redirect, Rejected, Unknown
from domain.payment.stated import Movement, Stated
from domain.routing.capabilities import Capabilities
from infrastructure.provider.aps.answer import UNITS, Answer
from infrastructure.provider.aps.codes import (
    DUPLICATE,
    FAILED,
    OURS,
    REDIRECTED,
    SUCCESS,
    TECHNICAL,
    UNDECIDED,
    Status,
    reason,
)
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.minor_units import AmountUnreadable, NotRepresentable
from infrastructure.provider.text import readable

PATH: Final = "/FortAPI/paymentApi"
AMOUNT_MAX: Final = 10**10 - 1
"""The largest amount of ten digits, the limit of APS."""
CAPABILITIES: Final = Capabilities(methods=frozenset({MethodType.CARD}), amount_minor_max=AMOUNT_MAX)
URL_CHARACTERS_MAX: Final = 2048
CUSTOMER_DOMAIN: Final = "customers.invalid"
"""The domain of the e-mail address that APS requires for a customer.

APS may write to the address, so the domain is one that cannot exist.
"""
_LANGUAGE: Final = {"language": "en"}


class AlreadyAsked(Struct, frozen=True):
    """APS already has this request under its name; the outcome must be looked up."""


def asked(request: ProviderRequest) -> dict[str, str]:
    """The parameters that ask for `request`, without account and signature. Raises NotRepresentable."""
    name = str(request.operation_id)
    match request:
        case AuthorizeRequest(payment_id=payment_id, amount=amount, method=method, return_url=return_url):
            return {
                "command": "PURCHASE" if request.capture else "AUTHORIZATION",
                "merchant_reference": name,
                "merchant_extra": str(payment_id),
                "token_name": method.token,
                "customer_email": f"{payment_id.hex}@{CUSTOMER_DOMAIN}",
                **({} if return_url is None else {"return_url": return_url}),
                **_amount(amount),
                **_LANGUAGE,
            }
        case CaptureRequest(reference=order, amount=amount):
            named = {"command": "CAPTURE", "order_description": name}
            return named | _order(order) | _amount(amount) | _LANGUAGE
        case VoidRequest(reference=order):
            return {"command": "VOID_AUTHORIZATION", "order_description": name} | _order(order) | _LANGUAGE
        case RefundRequest(reference=order, amount=amount):
            named = {"command": "REFUND", "maintenance_reference": name}
            return named | _order(order) | _amount(amount) | _LANGUAGE
        case _:
            assert_never(request)


def status_asked(request: ProviderRequest) -> dict[str, str]:
    """The parameters that query the state of the order of `request`, without account and signature."""
    if isinstance(request, AuthorizeRequest):
        order = {"merchant_reference": str(request.operation_id)}
    else:
        order = _order(request.reference)
    return {"query_command": "CHECK_STATUS"} | order | _LANGUAGE


def reference(fort_id: str, name: str) -> str:
    """Our reference to an operation at APS: APS's id of the order and our name for the operation.

    The reference of a charge contains every part of the order that a later operation has to name.
    """
    return f"{fort_id}:{name}"


def said(request: ProviderRequest, answer: Answer) -> Interpretation | AlreadyAsked:
    """The outcome and the stated facts in the answer to `asked(request)`."""
    meant = outcome(request, answer)
    if isinstance(meant, AlreadyAsked):
        return meant
    try:
        return Interpretation(meant, _stated(request, answer))
    except AmountUnreadable as error:
        return Interpretation(Unknown(str(error)))


def outcome(request: ProviderRequest, answer: Answer) -> Outcome | AlreadyAsked:
    """The outcome in the answer to `asked(request)`."""
    if answer.code == f"{_success(request)}{SUCCESS}":
        return _approved(request, answer)
    if answer.code == REDIRECTED and isinstance(request, AuthorizeRequest):
        return _challenge(request, answer)
    if answer.message in DUPLICATE:
        return AlreadyAsked()
    return refused(answer.code, answer.text("response_message"))


def refused(code: str, text: str) -> Outcome:
    """The outcome of a response code that is no success; Unknown unless the code proves that nothing was done."""
    status, message = code[:2], code[2:]
    if message in OURS and (status in FAILED or status == Status.INVALID_REQUEST):
        return Rejected(code, readable(text))
    if message in UNDECIDED or message in DUPLICATE or message == SUCCESS:
        return Unknown(f"APS answered {readable(code)}: {readable(text)}")
    if status in FAILED:
        return Declined(reason(status, message), readable(text))
    if status == Status.INVALID_REQUEST and message and message not in TECHNICAL:
        return Rejected(readable(code), readable(text))
    # Incomplete, uncertain, pending, on hold, in review: APS continues the operation.
    accepted = status not in FAILED and status != Status.INVALID_REQUEST
    return Unknown(f"APS answered {readable(code)}: {readable(text)}", accepted=accepted)


def _stated(request: ProviderRequest, answer: Answer) -> Stated:
    """The facts about the request that the answer repeats. Raises AmountUnreadable."""
    match request:
        case AuthorizeRequest():
            movement = Movement.TAKEN if answer.status == Status.PURCHASED else Movement.RESERVED
            name = answer.text("merchant_reference")
            return Stated(operation_id=name or None, made=answer.fort_id, amount=answer.amount, movement=movement)
        case CaptureRequest():
            name = answer.text("order_description")
            return Stated(operation_id=name or None, charge=order_of(request, answer), amount=answer.amount)
        case VoidRequest():
            return Stated(operation_id=answer.text("order_description") or None, charge=order_of(request, answer))
        case RefundRequest():
            name = answer.text("maintenance_reference")
            return Stated(operation_id=name or None, charge=order_of(request, answer), amount=answer.amount)
        case _:
            assert_never(request)


def order_of(request: CaptureRequest | VoidRequest | RefundRequest, answer: Answer) -> str | None:
    """The charge that the answer is about, in the form that the request uses; None where the answer names no charge."""
    if answer.fort_id is None:
        return None
    asked = _order(request.reference)
    name = answer.text("merchant_reference") or asked["merchant_reference"]
    return reference(answer.fort_id if "fort_id" in asked else "", name)


def _approved(request: ProviderRequest, answer: Answer) -> Outcome:
    if answer.fort_id is None:
        return Unknown("a success without an order")
    return Approved(reference(answer.fort_id, str(request.operation_id)))


def _challenge(request: AuthorizeRequest, answer: Answer) -> Outcome:
    url = answer.text("3ds_url")
    if answer.fort_id is None or not url.startswith(("https://", "http://")) or len(url) > URL_CHARACTERS_MAX:
        return Unknown("3-D Secure was requested without an address to go to")
    return ActionRequired(reference(answer.fort_id, str(request.operation_id)), Redirect(url))


def _success(request: ProviderRequest) -> Status:
    match request:
        case AuthorizeRequest(capture=capture):
            return Status.PURCHASED if capture else Status.AUTHORIZED
        case CaptureRequest():
            return Status.CAPTURED
        case VoidRequest():
            return Status.VOIDED
        case RefundRequest():
            return Status.REFUNDED
        case _:
            assert_never(request)


def _order(order: str) -> dict[str, str]:
    fort_id, _, merchant_reference = order.rpartition(":")
    return {"merchant_reference": merchant_reference} | ({"fort_id": fort_id} if fort_id else {})


def _amount(money: Money) -> dict[str, str]:
    amount = UNITS.sent(money)
    if amount > AMOUNT_MAX:
        raise NotRepresentable(f"{money} has more digits than APS takes")
    return {"amount": str(amount), "currency": money.currency}
