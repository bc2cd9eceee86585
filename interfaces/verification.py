"""Nothing derived is taken on trust: the whole store is folded again, and compared with what was kept of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from msgspec import Struct

from domain.history import Positioned
from domain.ledger.accounts import account
from domain.ledger.balances import BalanceKey
from domain.ledger.entry import JournalEntryPosted
from projections.view import Key, View, fold
from projections.views import VIEWS

_SELECT_BALANCES = "SELECT account, currency, balance_minor FROM account_balance"


class Difference(Struct, frozen=True):
    """Where a derived value departs from the replay; None where one side has no such thing."""

    where: str
    kept: str | None
    replayed: str | None


class Replay:
    """The whole store folded in memory: every view's rows, every account's balance, the trial balance."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Any]] = {name: {} for name in VIEWS}
        self.balances: dict[BalanceKey, int] = {}
        self.trial_balance: dict[str, int] = {}
        self.events = 0
        self.entries = 0

    def take_in(self, events: Sequence[Positioned]) -> None:
        self.events += len(events)
        for name, view in VIEWS.items():
            self.rows[name].update(fold(view, self.rows[name], events))
        for positioned in events:
            if isinstance(positioned.event.data, JournalEntryPosted):
                self._post(positioned.event.data)

    def _post(self, entry: JournalEntryPosted) -> None:
        self.entries += 1
        for posting in entry.postings:
            key = BalanceKey(posting.account, posting.amount.currency)
            self.balances[key] = self.balances.get(key, 0) + posting.change_minor
            currency = posting.amount.currency
            self.trial_balance[currency] = self.trial_balance.get(currency, 0) + posting.signed_minor


def view_difference(view: View[Any], kept: Mapping[Key, Any], replayed: Mapping[Key, Any]) -> Difference | None:
    """The first row in which a view departs from the replay; None when they are equal."""
    for key in [*replayed, *(key for key in kept if key not in replayed)]:
        if kept.get(key) != replayed.get(key):
            return Difference(f"{view.name} {key}", _shown(kept.get(key)), _shown(replayed.get(key)))
    return None


def balance_difference(kept: Mapping[BalanceKey, int], replayed: Mapping[BalanceKey, int]) -> Difference | None:
    """The first inline balance that departs from the folded entries; None when all are equal."""
    limited = {key: minor for key, minor in replayed.items() if account(key.account).floor_minor is not None}
    for key in sorted(limited.keys() | kept.keys()):
        if kept.get(key, 0) != limited.get(key, 0):
            return Difference(f"{key.account} in {key.currency}", _shown(kept.get(key)), _shown(limited.get(key)))
    return None


async def kept_balances(connection: psycopg.AsyncConnection[Any]) -> dict[BalanceKey, int]:
    """The balances that the appends have kept."""
    cursor = await connection.execute(_SELECT_BALANCES)
    return {BalanceKey(code, currency): int(minor) for code, currency, minor in await cursor.fetchall()}


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
