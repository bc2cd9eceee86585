"""Commands of merchants and operators on payouts, of which no two spend the same money."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, assert_never

from application.payout.bank_accounts import BankAccounts
from application.payout.bank_port import Bank
from application.payout.loaded import LoadedPayout, PayoutNotFound, begun, load
from application.payout.queue import Balances
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.caller import Answered, Caller
from application.write.command_ids import CommandIds
from application.write.idempotency import answer_again, find_answer
from application.write.store import (
    Answer,
    Append,
    Appended,
    EventStore,
    KeyUsed,
    LimitBroken,
    Verb,
    VersionConflict,
)
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import MerchantId, OperationId, PayoutId
from domain.ledger.accounts import available
from domain.ledger.balances import BalanceKey
from domain.money.money import Money
from domain.payout.approve import approve
from domain.payout.cancel import cancel
from domain.payout.create import CreatePayout, create
from domain.payout.events import PayoutEvent
from domain.payout.state import Payout

CANCELED_BY_MERCHANT = "canceled by the merchant"


class InsufficientAvailable(DomainError):
    """The merchant's available balance is lower, or the merchant owes us as much; nothing was done."""

    requested: Money


class PayoutAnswers(Protocol):
    """Renders the answer to a payout's creation, which is kept with its key."""

    def __call__(self, payout: LoadedPayout) -> Answer: ...


class Payouts:
    """Each method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        store: EventStore,
        bank_accounts: BankAccounts,
        bank: Bank,
        pricing_contexts: PricingContexts,
        balances: Balances,
        answers: PayoutAnswers,
        now: Callable[[], datetime],
        ids: CommandIds,
    ) -> None:
        self._store = store
        self._bank_accounts = bank_accounts
        self._bank = bank
        self._pricing_contexts = pricing_contexts
        self._balances = balances
        self._answers = answers
        self._now = now
        self._ids = ids

    async def create(self, command: CreatePayout, caller: Caller) -> Answered:
        """Take the amount out of the merchant's available balance, and have it paid with the next file.

        Raises what the decision does, BankAccountNotFound, SchemeNotServed, InstructionInvalid, InsufficientAvailable,
        IdempotencyKeyReused, IdempotencyKeyInFlight; a refused command leaves no event, and does not use up its key.
        """
        try:
            events = await self._decide_first(command)
        except DomainError:
            # A repeat may find the account removed, or other terms: its answer is the first one, not this refusal.
            answered = await find_answer(self._store, caller)
            if answered is None:
                raise
            return answered
        payout_id = await self._ids.payout_id(caller)
        payout = begun(payout_id, events, self._now())
        answer = self._answers(payout)
        claim = caller.claim(Verb.PAYOUT, OperationId(payout_id), payout_id, answer=answer, unresolved=False)
        amount = command.amount
        debt = await self._balances.owed(command.merchant_id, amount.currency)
        append = Append(
            events=payout.first(events, cause=caller.cause),
            # As much as the merchant owes us stays in the balance: funds released later may never come.
            floors={BalanceKey(available(command.merchant_id), amount.currency): debt.minor},
            claim=claim,
        )
        result = await self._store.append(append)
        match result:
            case Appended(position=position):
                return Answered(status=answer.status, body=answer.body, position=position)
            case KeyUsed(claim=claimed):
                return await answer_again(self._store, claimed, caller)
            case LimitBroken():
                raise InsufficientAvailable(requested=amount)
            case VersionConflict():
                raise AssertionError("a new stream has no other version")
            case _:
                assert_never(result)

    async def get(self, payout_id: PayoutId, merchant_id: MerchantId) -> LoadedPayout:
        """The merchant's payout. Raises PayoutNotFound."""
        loaded = await load(self._store, payout_id)
        if loaded.merchant_id != merchant_id:
            raise PayoutNotFound()
        return loaded

    async def show(self, payout_id: PayoutId) -> LoadedPayout:
        """The payout, of whichever merchant. Raises PayoutNotFound."""
        return await load(self._store, payout_id)

    async def cancel(self, payout_id: PayoutId, caller: Caller) -> LoadedPayout:
        """Cancel the merchant's payout and give the money back to the available balance. Raises PayoutNotFound,
        PayoutNotCancelable, TooManyConflicts."""
        await self.get(payout_id, caller.merchant_id)
        return await self._decide(payout_id, lambda payout: cancel(payout, CANCELED_BY_MERCHANT), caller.cause)

    async def cancel_for(self, payout_id: PayoutId, reason: str, cause: Cause) -> LoadedPayout:
        """Cancel a payout as an operator, for a reason that is recorded. Raises as `cancel` does."""
        return await self._decide(payout_id, lambda payout: cancel(payout, reason), cause)

    async def approve(self, payout_id: PayoutId, cause: Cause) -> LoadedPayout:
        """Let a held payout be sent. Raises PayoutNotFound, PayoutNotHeld, TooManyConflicts."""
        return await self._decide(payout_id, approve, cause)

    async def _decide_first(self, command: CreatePayout) -> tuple[PayoutEvent, ...]:
        account = await self._bank_accounts.get(command.bank_account_id, command.merchant_id)
        events = create(command, account.bank_account, self._pricing_contexts.of(command.merchant_id).terms.payouts)
        fault = self._bank.fault_of(command.amount, account.bank_account.account.details)
        if fault is not None:
            raise fault
        return events

    async def _decide(
        self, payout_id: PayoutId, decide: Callable[[Payout], tuple[PayoutEvent, ...]], cause: Cause
    ) -> LoadedPayout:
        def propose(loaded: LoadedPayout) -> Proposal[LoadedPayout] | Unchanged[LoadedPayout]:
            events = decide(loaded.payout)
            if not events:
                return Unchanged(loaded)
            now = self._now()
            return Proposal(
                Append(events=loaded.record(events, cause=cause, now=now)),
                lambda position: loaded.after(events, now=now, position=position),
            )

        # Money in transit can always be given back: no limit is in the way.
        return await decide_and_append(
            self._store,
            lambda: load(self._store, payout_id),
            propose,
            limit_broken=unreachable,
            key_used=unreachable,
        )
