"""Commands on a merchant's bank accounts, to which payouts are sent."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, assert_never, cast
from uuid import UUID, uuid5

from msgspec import Struct

from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.caller import Caller
from application.write.idempotency import IdempotencyKeyReused
from application.write.recording import record_all
from application.write.store import (
    Append,
    Appended,
    Claim,
    EventStore,
    KeyUsed,
    LimitBroken,
    Verb,
    VersionConflict,
)
from domain.bank_account.add import AddBankAccount, FaultOf, add
from domain.bank_account.events import BankAccountEvent
from domain.bank_account.remove import remove
from domain.bank_account.state import BankAccount, Removed, fold
from domain.errors import DomainError
from domain.history import Positioned, of_kind
from domain.identifiers import BankAccountId, MerchantId, OperationId

_NAMESPACE: Final = UUID("0b0d3a52-6f0e-5b0c-9c1b-7a6a5f9d2e41")


class BankAccountNotFound(DomainError):
    """There is no such bank account, or the account is another merchant's, which must look the same."""


class LoadedBankAccount(Struct, frozen=True, kw_only=True):
    """`position` is that of the account's last event; `removed_at` is None while payouts can be sent to the account."""

    id: BankAccountId
    bank_account: BankAccount
    version: int
    position: int
    added_at: datetime
    removed_at: datetime | None


class Added(Struct, frozen=True):
    """`replayed` says that an earlier request under the same key had added the account."""

    loaded: LoadedBankAccount
    replayed: bool


class BankAccounts:
    """Each method raises StoreUnavailable."""

    def __init__(
        self, *, store: EventStore, check: FaultOf, now: Callable[[], datetime], new_id: Callable[[], UUID]
    ) -> None:
        self._store = store
        self._check = check
        self._now = now
        self._new_id = new_id

    async def add(self, command: AddBankAccount, caller: Caller) -> Added:
        """Add an account; under one idempotency key there is one account for ever.

        Raises what the decision raises, and IdempotencyKeyReused.
        """
        event = add(command, self._check)
        account_id = BankAccountId(self._new_id() if caller.key is None else _id_under(caller.merchant_id, caller.key))
        recorded = record_all(
            account_id, 0, (event,), merchant_id=caller.merchant_id, cause=caller.cause, now=self._now()
        )
        result = await self._store.append(Append(events=recorded, claim=_claim(account_id, caller)))
        match result:
            case Appended():
                pass
            case KeyUsed(claim=claimed):
                if claimed.verb is not Verb.BANK_ACCOUNT:
                    raise IdempotencyKeyReused()
                account_id = BankAccountId(claimed.subject_id)
            case VersionConflict():
                pass  # The account was added under this key before keys of bank accounts were claimed.
            case LimitBroken():
                raise AssertionError("a bank account moves no money")
            case _:
                assert_never(result)
        history = await self._store.history(account_id)
        if history[0].event.data != event:
            raise IdempotencyKeyReused()
        return Added(_loaded(account_id, history), replayed=not isinstance(result, Appended))

    async def remove(self, account_id: BankAccountId, caller: Caller) -> LoadedBankAccount:
        """Remove an account; a removed account stays unchanged. Raises BankAccountNotFound, TooManyConflicts."""

        def propose(loaded: LoadedBankAccount) -> Proposal[None] | Unchanged[LoadedBankAccount]:
            events = remove(loaded.bank_account)
            if not events:
                return Unchanged(loaded)
            recorded = record_all(
                account_id,
                loaded.version,
                events,
                merchant_id=caller.merchant_id,
                cause=caller.cause,
                now=self._now(),
                updated_at=loaded.added_at,
            )
            return Proposal(Append(events=recorded), lambda _position: None)

        removed_before = await decide_and_append(
            self._store,
            lambda: self.get(account_id, caller.merchant_id),
            propose,
            limit_broken=unreachable,
            key_used=unreachable,
        )
        return removed_before or await self.get(account_id, caller.merchant_id)

    async def get(self, account_id: BankAccountId, merchant_id: MerchantId) -> LoadedBankAccount:
        """The merchant's account, removed or not. Raises BankAccountNotFound."""
        history = of_kind(await self._store.history(account_id), BankAccountEvent)
        if not history or history[0].event.merchant_id != merchant_id:
            raise BankAccountNotFound()
        return _loaded(account_id, history)


def _id_under(merchant_id: MerchantId, key: str) -> UUID:
    """The derived id, by which a repeat finds an account that was added before keys of bank accounts were claimed."""
    return uuid5(_NAMESPACE, f"{merchant_id} {key}")


def _claim(account_id: BankAccountId, caller: Caller) -> Claim | None:
    """The claim on the caller's key, which is one for all kinds of request."""
    if caller.key is None:
        return None
    operation_id = OperationId(account_id)
    return caller.claim(Verb.BANK_ACCOUNT, operation_id, account_id, answer=None, unresolved=False)


def _loaded(account_id: BankAccountId, history: Sequence[Positioned]) -> LoadedBankAccount:
    bank_account = fold(cast("BankAccountEvent", positioned.event.data) for positioned in history)
    assert bank_account is not None
    last = history[-1]
    return LoadedBankAccount(
        id=account_id,
        bank_account=bank_account,
        version=len(history),
        position=last.position,
        added_at=history[0].event.recorded_at,
        removed_at=last.event.recorded_at if isinstance(bank_account, Removed) else None,
    )
