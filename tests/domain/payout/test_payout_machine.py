"""Whatever happens to any number of payouts, in whatever order, the money of each is in one place."""

from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from domain.event import name_of
from domain.identifiers import BatchId, PayoutId
from domain.ledger.accounts import available, bank, in_transit
from domain.ledger.balances import BalanceKey, limited_changes, post, trial_balance
from domain.ledger.entry import JournalEntryPosted
from domain.ledger.moves import move
from domain.ledger.rules import entry_for
from domain.money.money import Money
from domain.payout.approve import approve
from domain.payout.batch import batch
from domain.payout.cancel import cancel
from domain.payout.create import create
from domain.payout.events import PayoutCanceled, PayoutEvent, PayoutFailed, PayoutPaid, PayoutReturned
from domain.payout.evolve import evolve, fold
from domain.payout.fail import fail
from domain.payout.refusals import PayoutNotCancelable, PayoutNotHeld
from domain.payout.report import ReportContradicts, ReportedOutcome, report
from domain.payout.sent import sent
from domain.payout.state import Batched, Held, Payout, Ready, Sent
from tests.domain.payout.payouts import ACCOUNT, FRIDAY, MERCHANT, RULE, asked, heard

BATCHES = [BatchId(UUID(int=number)) for number in (1, 2)]
AVAILABLE, IN_TRANSIT = (BalanceKey(account, "EUR") for account in (available(MERCHANT), in_transit(MERCHANT)))
HOLDING = replace(RULE, hold_above_minor={"EUR": 0})


class PayoutMachine(RuleBasedStateMachine):
    """The store is a dictionary of balances that refuses what breaks a limit, as the append does."""

    payouts = Bundle("payouts")

    def __init__(self) -> None:
        super().__init__()
        self.histories: dict[PayoutId, list[PayoutEvent]] = {}
        self.balances: dict[BalanceKey, int] = {}

    @rule(minor=st.integers(1, 500))
    def earn(self, minor: int) -> None:
        post(
            self.balances,
            JournalEntryPosted(
                cause_id=UUID(int=0),
                payment_id=None,
                merchant_id=MERCHANT,
                cause="funds.released.v1",
                cause_version=1,
                postings=move(Money(minor, "EUR"), debit=bank("northbank"), credit=available(MERCHANT)),
            ),
        )

    @rule(target=payouts, minor=st.integers(1, 500), is_held=st.booleans())
    def ask(self, minor: int, is_held: bool) -> PayoutId:
        payout_id = PayoutId(UUID(int=100 + len(self.histories)))
        self.histories[payout_id] = []
        self._append(payout_id, create(asked(Money(minor, "EUR")), ACCOUNT, HOLDING if is_held else RULE))
        return payout_id

    @rule(payout_id=payouts)
    def cancel_authorization(self, payout_id: PayoutId) -> None:
        if (payout := self._payout(payout_id)) is not None:
            try:
                self._append(payout_id, approve(payout))
            except PayoutNotHeld:
                assert not isinstance(payout, Held)

    @rule(payout_id=payouts)
    def call_off(self, payout_id: PayoutId) -> None:
        if (payout := self._payout(payout_id)) is not None:
            try:
                self._append(payout_id, cancel(payout, "changed our mind"))
            except PayoutNotCancelable:
                assert not isinstance(payout, Held | Ready)

    @rule(payout_id=payouts, batch_id=st.sampled_from(BATCHES))
    def take_place(self, payout_id: PayoutId, batch_id: BatchId) -> None:
        if (payout := self._payout(payout_id)) is not None:
            self._append(payout_id, batch(payout, payout_id, batch_id, FRIDAY))

    @rule(payout_id=payouts, batch_id=st.sampled_from(BATCHES))
    def go(self, payout_id: PayoutId, batch_id: BatchId) -> None:
        if (payout := self._payout(payout_id)) is not None:
            self._append(payout_id, sent(payout, batch_id))

    @rule(payout_id=payouts)
    def give_up(self, payout_id: PayoutId) -> None:
        if (payout := self._payout(payout_id)) is not None:
            self._append(payout_id, fail(payout, "the file was refused"))

    @rule(payout_id=payouts, outcome=st.sampled_from(ReportedOutcome), times=st.integers(1, 2))
    def hear(self, payout_id: PayoutId, outcome: ReportedOutcome, times: int) -> None:
        for _ in range(times):
            if (payout := self._payout(payout_id)) is not None:
                try:
                    self._append(payout_id, report(payout, heard(outcome)))
                except ReportContradicts:
                    assert not isinstance(payout, Batched | Sent)

    @invariant()
    def what_is_in_transit_is_what_is_under_way(self) -> None:
        under_way = sum(
            payout.order.amount.minor
            for payout_id in self.histories
            if isinstance(payout := self._payout(payout_id), Held | Ready | Batched | Sent)
        )
        assert self.balances.get(IN_TRANSIT, 0) == under_way

    @invariant()
    def no_payout_takes_what_is_not_there(self) -> None:
        assert self.balances.get(AVAILABLE, 0) >= 0
        assert set(trial_balance(self.balances).values()) <= {0}

    @invariant()
    def none_ends_in_two_ways(self) -> None:
        for history in self.histories.values():
            ends = [
                name_of(event) for event in history if isinstance(event, PayoutPaid | PayoutFailed | PayoutCanceled)
            ]
            assert len(ends) <= 1
            returned = [event for event in history if isinstance(event, PayoutReturned)]
            assert len(returned) <= ends.count(name_of(PayoutPaid))

    def _payout(self, payout_id: PayoutId) -> Payout | None:
        """None where the append refused its creation."""
        return fold(self.histories[payout_id])

    def _append(self, payout_id: PayoutId, events: tuple[PayoutEvent, ...]) -> None:
        history = self.histories[payout_id]
        version = len(history)
        entries = [
            entry
            for number, event in enumerate(events, start=version + 1)
            if (entry := entry_for(payout_id, number, event)) is not None
        ]
        for change in limited_changes(entries):
            if change.change_minor < 0 and self.balances.get(change.key, 0) + change.change_minor < change.floor_minor:
                assert not history, "only a payout's creation can want money that is not there"
                return
        for entry in entries:
            post(self.balances, entry)
        payout = fold(history)
        for event in events:
            payout = evolve(payout, event)
        history.extend(events)
        assert fold(history) == payout


TestPayouts = PayoutMachine.TestCase
