"""What APS says, as a test makes it up: parameters signed with the test's own response phrase."""

from typing import Final
from uuid import UUID

import msgspec

from application.provider.port import AuthorizeRequest, CaptureRequest, RefundRequest, VoidRequest
from domain.identifiers import OperationId, PaymentId
from domain.money.money import Money
from domain.payment.method import MethodType, PaymentMethod
from infrastructure.provider.aps.answer import Answer
from infrastructure.provider.aps.signature import signature

PHRASE: Final = "response-phrase"
FORT_ID: Final = "149295435400084008"
OPERATION_ID: Final = OperationId(UUID("018f0000-0000-7000-8000-000000000001"))
PAYMENT_ID: Final = PaymentId(UUID("018f0000-0000-7000-8000-000000000002"))
ORDER: Final = "018f0000-0000-7000-8000-000000000003"
CHARGE: Final = f"{FORT_ID}:{ORDER}"

AUTHORIZE: Final = AuthorizeRequest(
    operation_id=OPERATION_ID,
    payment_id=PAYMENT_ID,
    amount=Money(10_000, "AED"),
    method=PaymentMethod(MethodType.CARD, "tok_visa"),
    capture=False,
)
PURCHASE: Final = msgspec.structs.replace(AUTHORIZE, capture=True)
CAPTURE: Final = CaptureRequest(
    operation_id=OPERATION_ID, payment_id=PAYMENT_ID, reference=CHARGE, amount=Money(6_000, "AED"), final=False
)
VOID: Final = VoidRequest(
    operation_id=OPERATION_ID, payment_id=PAYMENT_ID, reference=CHARGE, amount=Money(10_000, "AED")
)
REFUND: Final = RefundRequest(
    operation_id=OPERATION_ID, payment_id=PAYMENT_ID, reference=CHARGE, amount=Money(6_000, "AED")
)
REQUESTS: Final = (AUTHORIZE, PURCHASE, CAPTURE, VOID, REFUND)


def answer(code: str, **more: str) -> Answer:
    """An answer with that response code."""
    return Answer({"fort_id": FORT_ID, "response_code": code, "status": code[:2], "response_message": "why"} | more)


def body(**parameters: str) -> bytes:
    """`parameters`, signed, as JSON."""
    return msgspec.json.encode(parameters | {"signature": signature(parameters, PHRASE)})
