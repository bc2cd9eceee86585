"""The meanings that a provider's notice can have for a payment."""

from msgspec import Struct

from domain.identifiers import OperationId
from domain.payment.adopt import AdoptOperation
from domain.payment.events import ContradictionReported
from domain.payment.outcome import Outcome
from domain.payment.reverse_refund import ReverseRefund


class Settles(Struct, frozen=True):
    """The notice is the outcome of an operation that is open."""

    operation_id: OperationId
    outcome: Outcome


class AsksForLookup(Struct, frozen=True):
    """The notice may concern the open operation, and does not name it: the provider has to be asked."""


class ChangesNothing(Struct, frozen=True):
    """The notice says no more than the record."""

    reason: str


class NotYetApplicable(Struct, frozen=True):
    """The notice is about something that was not asked for, or not yet: it may apply later."""

    reason: str


class Adopts(Struct, frozen=True):
    """The notice is about a capture, void or refund that was made at the provider, and not asked for here."""

    command: AdoptOperation


class Reverses(Struct, frozen=True):
    """A refund that succeeded has failed since."""

    command: ReverseRefund


class Contradicts(Struct, frozen=True):
    """The notice says the opposite of the record, or does not fit what was asked. `events` is empty where that was
    reported before, or concerns no outcome."""

    events: tuple[ContradictionReported, ...]
    reason: str


Reading = Settles | AsksForLookup | ChangesNothing | NotYetApplicable | Adopts | Reverses | Contradicts
