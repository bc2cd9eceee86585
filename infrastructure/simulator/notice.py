"""What the provider has to tell its customer's server, whatever dialect it is told in."""

from datetime import datetime

from msgspec import Struct

from infrastructure.simulator.charges import Charge
from infrastructure.simulator.disputed import DisputeTold
from infrastructure.simulator.tokens import Operation, Refusal


class Notice(Struct, frozen=True, kw_only=True):
    """`refusal` is None for a success; `action_id` is the movement's own id (the charge's for a charge), `key` the
    idempotency key of the request. Of a notice about a `dispute` the rest says only which charge is disputed."""

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
    """A notice as it goes over the wire, signed."""

    headers: dict[str, str]
    body: bytes
