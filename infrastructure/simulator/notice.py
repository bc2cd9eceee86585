"""A notice to the client's server has the same content in every dialect."""

from datetime import datetime

from msgspec import Struct

from infrastructure.simulator.charges import Charge
from infrastructure.simulator.disputed import DisputeTold
from infrastructure.simulator.tokens import Operation, Refusal


class Notice(Struct, frozen=True, kw_only=True):
    """A notice about an operation; `refusal` is None for a success.

    `action_id` is the movement's own id (the charge's for a charge), `key` the idempotency key of the request. In a
    notice about a `dispute` the other fields only name the disputed charge.
    """

    id: str
    at: datetime
    operation: Operation
    charge: Charge
    action_id: str
    key: str
    amount: int
    refusal: Refusal | None
    dispute: DisputeTold | None = None


class Worded(Struct, frozen=True):
    """A signed notice in the form in which it is sent."""

    headers: dict[str, str]
    body: bytes
