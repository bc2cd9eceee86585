"""The dialect of this provider: the bodies it takes and gives, amounts in minor units."""

from typing import Annotated, ClassVar

from msgspec import Meta, Raw, Struct

from infrastructure.simulator.charges import Charge
from infrastructure.simulator.tokens import Operation, Refusal

Amount = Annotated[int, Meta(ge=1, le=2**53)]
Text = Annotated[str, Meta(min_length=1, max_length=255)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class ChargeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Reserve `amount` on the card of `token`; `capture` takes it at once."""

    operation: ClassVar = Operation.CHARGE
    reference: Text
    amount: Amount
    currency: Currency
    token: Text
    capture: bool


class CaptureBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Take `amount` of what a charge reserves; `final` releases the rest."""

    operation: ClassVar = Operation.CAPTURE
    amount: Amount
    final: bool


class VoidBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Give up everything that a charge still reserves."""

    operation: ClassVar = Operation.VOID


class RefundBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Give back `amount` of what a charge took."""

    operation: ClassVar = Operation.REFUND
    amount: Amount


MovementBody = CaptureBody | VoidBody | RefundBody
Body = ChargeBody | MovementBody


class ChargeAnswer(Struct, frozen=True):
    id: str
    status: str
    reference: str
    currency: str
    authorized: int
    captured: int


class MovementAnswer(Struct, frozen=True):
    """A capture, void or refund of `amount`, and the charge's status after it."""

    id: str
    charge: str
    amount: int
    currency: str
    status: str


class ErrorAnswer(Struct, frozen=True):
    error: Refusal


class OperationAnswer(Struct, frozen=True):
    """What became of an operation: its answer as decided, whether or not it ever arrived."""

    operation: str
    http_status: int
    answer: Raw


class BooksLine(Charge, frozen=True, kw_only=True):
    """One charge in the books; `charges_of_reference` above one means that its reference was charged twice."""

    charges_of_reference: int


class BooksPage(Struct, frozen=True):
    """`next_after` is the cursor of the next page, None on the last."""

    charges: list[BooksLine]
    next_after: int | None
