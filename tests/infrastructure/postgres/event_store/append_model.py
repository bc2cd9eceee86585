"""The append protocol told in plain sequential Python, and any batch of commands to hold it against."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

from hypothesis import strategies as st
from msgspec import Struct

from application.write.store import Answer, Append, Appended, AppendResult, Claim, KeyUsed, LimitBroken, VersionConflict
from domain.history import Recorded
from domain.identifiers import MerchantId
from domain.ledger.accounts import AccountCode, authorized, available, lot_of, pending
from domain.ledger.balances import BalanceKey
from tests.support.domain import DUE
from tests.support.store import claim, created, hold_entry, settlement

CURRENCIES = ("EUR", "JPY")


class Command(Struct, frozen=True):
    """What a command does, in small numbers: `operation` None is one of its own."""

    runs: tuple[tuple[int, int, int], ...]
    """Stream, its first version, how many events."""
    changes: tuple[tuple[int, int, int, int], ...]
    """Merchant, currency, which of its accounts, change."""
    limit: int | None
    """How far below zero it may take `available`, where it says so."""
    merchant: int
    claims: bool
    key: int | None
    operation: int | None
    settles: int | None
    answered: bool


_indexes = st.integers(0, 2)
commands: st.SearchStrategy[Command] = st.builds(
    Command,
    runs=st.lists(
        st.tuples(_indexes, st.integers(1, 4), st.integers(1, 2)),
        min_size=1,
        max_size=2,
        unique_by=lambda run: run[0],
    ).map(tuple),
    changes=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 2), st.integers(-3, 3).filter(bool)),
        max_size=3,
        unique_by=lambda change: change[:3],
    ).map(tuple),
    limit=st.none() | st.integers(1, 4),
    merchant=st.integers(0, 1),
    claims=st.booleans(),
    key=st.none() | _indexes,
    operation=st.none() | _indexes,
    settles=st.none() | _indexes,
    answered=st.booleans(),
)
batches: st.SearchStrategy[list[list[Command]]] = st.lists(
    st.lists(commands, min_size=1, max_size=6),
    min_size=1,
    max_size=4,
)


class World:
    """What the small numbers stand for in one example: nothing that another example has used."""

    def __init__(self) -> None:
        self.streams = [uuid4() for _ in range(3)]
        self.operations = [uuid4() for _ in range(3)]
        self.merchants = [MerchantId(f"mer_{uuid4().hex}") for _ in range(2)]
        self.bodies = 0

    def append(self, command: Command) -> Append:
        merchant = self.merchants[command.merchant]
        self.bodies += 1
        body = f"body {self.bodies}".encode()
        return Append(
            events=(
                *(
                    created(self.streams[stream], first + number)
                    for stream, first, count in command.runs
                    for number in range(count)
                ),
                *(
                    self.entry(self.merchants[owner], CURRENCIES[currency], which, change)
                    for owner, currency, which, change in command.changes
                ),
            ),
            floors={}
            if command.limit is None
            else {
                BalanceKey(available(merchant), currency): -command.limit
                for merchant in self.merchants
                for currency in CURRENCIES
            },
            claim=claim(
                None if command.key is None else f"key {command.key}",
                operation_id=None if command.operation is None else self.operations[command.operation],
                merchant_id=merchant,
                fingerprint=body,
                answer=Answer(201, body) if command.answered else None,
            )
            if command.claims
            else None,
            settlement=None
            if command.settles is None
            else settlement(self.operations[command.settles], body, unresolved=command.answered),
        )

    @staticmethod
    def entry(merchant: MerchantId, currency: str, which: int, change: int) -> Recorded:
        """On an account with a floor, on one whose floor a command may move, or on a lot of one that has none."""
        account = (authorized(merchant), available(merchant), pending(merchant))[which]
        due = DUE if account == pending(merchant) else None
        return hold_entry(change, merchant_id=merchant, currency=currency, account=account, due=due)


class Kept(NamedTuple):
    """A claim as the model has it."""

    claim: Claim
    unresolved: bool
    answer: Answer | None


class Model:
    """The store as one command after another makes it."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.heads: Counter[UUID] = Counter()
        self.balances: Counter[tuple[AccountCode, str]] = Counter()
        self.claims: dict[UUID, Kept] = {}

    def take_in(self, batch: Sequence[Append], answers: Sequence[AppendResult]) -> None:
        """Asserts that each of `answers` is what the protocol says, and takes in what was appended."""
        taken_before, heads_before = _wants_of_claims(self.claims), self.heads.copy()
        wanted_in_batch: set[object] = set()
        appended = []
        for append, answer in zip(batch, answers, strict=True):
            wanted = wants(append)
            assert not wanted_in_batch & wanted, "two commands of one batch want the same"
            wanted_in_batch |= wanted
            taken = {taken_before[want] for want in _claims(append) if want in taken_before}
            if taken:
                assert isinstance(answer, KeyUsed)
                assert answer.claim.operation_id in taken
            elif any(head != heads_before[stream] for stream, head in _heads(append).items()):
                assert answer == VersionConflict()
            elif broken := self._breaks(append):
                assert answer in broken
            else:
                assert isinstance(answer, Appended), answer
                self._append(append)
                assert answer.position is not None
                appended.append(append)
        for append in appended:
            self._settle(append)
        for answer in answers:
            if isinstance(answer, KeyUsed):  # told as it stands after the batch, which may have settled it
                kept = self.claims[answer.claim.operation_id]
                assert (answer.claim.fingerprint, answer.claim.answer) == (kept.claim.fingerprint, kept.answer)

    def _breaks(self, append: Append) -> list[LimitBroken]:
        return [
            LimitBroken(account=account, currency=currency)
            for (account, currency), change in _changes(append).items()
            if change < 0
            and self.balances[account, currency] + change < append.floors.get(BalanceKey(account, currency), 0)
        ]

    def _append(self, append: Append) -> None:
        self.events += append.events
        self.heads.update(event.originator_id for event in append.events)
        self.balances.update(_changes(append))
        if append.claim is not None:
            self.claims[append.claim.operation_id] = Kept(append.claim, append.claim.unresolved, append.claim.answer)

    def _settle(self, append: Append) -> None:
        settled = append.settlement
        if settled is not None and settled.operation_id in self.claims:
            kept = self.claims[settled.operation_id]
            unresolved = kept.unresolved and settled.unresolved
            self.claims[settled.operation_id] = Kept(kept.claim, unresolved, kept.answer or settled.answer)


def _changes(append: Append) -> Counter[tuple[AccountCode, str]]:
    changes: Counter[tuple[AccountCode, str]] = Counter()
    for event in append.events:
        for posting in getattr(event.data, "postings", ()):
            if posting.account in (authorized(event.merchant_id), available(event.merchant_id)):
                changes[posting.account, posting.amount.currency] += posting.change_minor
            if posting.due is not None:
                changes[lot_of(posting.account, posting.due), posting.amount.currency] += posting.change_minor
    return changes


def _heads(append: Append) -> dict[UUID, int]:
    """The version of each stream's last event that the command has seen."""
    heads: dict[UUID, int] = {}
    for event in append.events:
        heads.setdefault(event.originator_id, event.originator_version - 1)
    return heads


def wants(append: Append) -> set[object]:
    """What no other command of the same batch may want."""
    settles = set() if append.settlement is None else {("settles", append.settlement.operation_id)}
    return {*_heads(append), *_claims(append), *settles}


def _claims(append: Append) -> set[object]:
    """What no other command can ever have: the operation and, with its merchant, the key."""
    return set() if append.claim is None else set(_names(append.claim))


def _wants_of_claims(claims: dict[UUID, Kept]) -> dict[object, UUID]:
    return {name: operation_id for operation_id, kept in claims.items() for name in _names(kept.claim)}


def _names(wanting: Claim) -> tuple[object, ...]:
    named = (("claims", wanting.operation_id),)
    return named if wanting.key is None else (*named, (wanting.merchant_id, wanting.key))
