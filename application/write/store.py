"""The port to the event store: histories to read, and one way to write, all of it or none of it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.history import Positioned, Recorded
from domain.identifiers import MerchantId, OperationId
from domain.ledger.balances import BalanceKey


class StoreUnavailable(Exception):
    """The store did not answer. An append may have taken effect or not: repeat it with the same key."""


class WriterBusy(StoreUnavailable):
    """More commands wait for the writer than the writer takes: this append took no effect."""


class StoreFull(StoreUnavailable):
    """The database's disk has no room: this append took no effect."""


class Verb(StrEnum):
    """The kind of a merchant's command, which decides the form of its answer."""

    CREATE = "create"
    CONFIRM = "confirm"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    CANCEL = "cancel"
    PAYOUT = "payout"
    BANK_ACCOUNT = "bank_account"


class Answer(Struct, frozen=True):
    """The answer to a merchant, kept so that a repeat of the request gets the same answer, byte for byte."""

    status: int
    body: bytes


class Claim(Struct, frozen=True, kw_only=True):
    """A merchant's command takes its place: under its idempotency key, if it has one, nothing else can.

    `subject_id` is the id of the payment, payout or bank account that the command is about.
    `unresolved` marks an operation whose outcome at the provider we do not know yet: recovery looks for these.
    `answer` is None while the command is in flight, and for a bank account, which is answered as it is when asked for.
    """

    operation_id: OperationId
    merchant_id: MerchantId
    subject_id: UUID
    verb: Verb
    key: str | None
    fingerprint: bytes
    unresolved: bool
    answer: Answer | None = None


class Settlement(Struct, frozen=True, kw_only=True):
    """The answer for a claim, unless the claim has one, and whether its operation is still to be resolved.

    An operation that was resolved stays resolved.
    """

    operation_id: OperationId
    answer: Answer
    unresolved: bool


class Append(Struct, frozen=True, kw_only=True):
    """Events of any number of streams, with the claim and settlement of the same transaction."""

    events: tuple[Recorded, ...]
    claim: Claim | None = None
    settlement: Settlement | None = None
    floors: Mapping[BalanceKey, int] = {}
    """Balances of accounts that may fall further, or less far, by this append than the chart of accounts says."""
    records_external_effect: bool = False
    """Whether the append records an effect at a provider, as a settlement does: such appends wait where commands are
    turned away."""


class Appended(Struct, frozen=True):
    """The whole append is durable; `position` is that of the last event, None where there are no events."""

    position: int | None


class VersionConflict(Struct, frozen=True):
    """Another command appended to one of the streams first: load again and decide again."""


class StoredClaim(Struct, frozen=True, kw_only=True):
    """A claim as the store has it; `position` is that of the last event when it was answered."""

    operation_id: OperationId
    subject_id: UUID
    verb: Verb
    fingerprint: bytes
    answer: Answer | None
    position: int | None


class KeyUsed(Struct, frozen=True):
    """The idempotency key belongs to an earlier command."""

    claim: StoredClaim


class LimitBroken(Struct, frozen=True):
    """The append would have taken a balance below its floor."""

    account: str
    currency: str


AppendResult = Appended | VersionConflict | KeyUsed | LimitBroken


class EventStore(Protocol):
    """Every method raises StoreUnavailable when the store does not answer."""

    async def append(self, append: Append) -> AppendResult: ...

    async def history(self, stream_id: UUID) -> Sequence[Positioned]:
        """All events of one stream in order; empty when there is no such stream."""
        ...

    async def histories(self, stream_ids: Sequence[UUID]) -> Sequence[Positioned]:
        """All events of several streams, by position."""
        ...

    async def claim_by_key(self, merchant_id: MerchantId, key: str) -> StoredClaim | None: ...

    async def claim_by_operation(self, operation_id: OperationId) -> StoredClaim | None: ...
