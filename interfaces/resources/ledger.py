"""The books as operators and auditors see them: accounts, balances, journal lines, the trial balance."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from domain.ledger.accounts import AccountCode, Side, account
from interfaces import ids
from interfaces.resources.totals import Total
from projections.ledger.account_journal import JournalPage, PostedLine
from projections.ledger.books import Balance, ChartPage


class TrialBalanceLine(Struct, frozen=True, kw_only=True):
    """Minor units; `debit` or `credit` is 0. `merchant:*:pending` stands for all merchants' accounts of that kind."""

    account: str
    normal: Side
    currency: str
    debit: Total
    credit: Total


class TrialBalanceTotal(Struct, frozen=True, kw_only=True):
    currency: str
    debit: Total
    credit: Total


class TrialBalance(Struct, frozen=True, kw_only=True):
    """After the entries up to `position`. In each currency the debits equal the credits."""

    position: int
    lines: list[TrialBalanceLine]
    totals: list[TrialBalanceTotal]


class AccountBalance(Struct, frozen=True, kw_only=True):
    """Minor units, on the account's normal side."""

    currency: str
    balance: Total


class AccountBalances(Struct, frozen=True, kw_only=True):
    """After the entries up to `position`, in each currency that the account has seen."""

    account: str
    normal: Side
    position: int
    balances: list[AccountBalance]


class ChartLine(Struct, frozen=True, kw_only=True):
    """Minor units, on the account's normal side."""

    account: str
    normal: Side
    currency: str
    balance: Total


class ChartOfAccounts(Struct, frozen=True, kw_only=True):
    """After the entries up to `position`. `next_after` is null on the last page."""

    position: int
    accounts: list[ChartLine]
    next_after: str | None


class JournalLine(Struct, frozen=True, kw_only=True):
    """Minor units, on the account's normal side: a `change` above zero makes it grow."""

    position: int
    recorded_at: datetime
    entry_id: str
    payment_id: str | None
    cause: str
    change: Total
    balance: Total


class AccountJournal(Struct, frozen=True, kw_only=True):
    """`opening` is the balance before the page's first line; `next_cursor` is null on the last page."""

    account: str
    normal: Side
    currency: str
    opening: Total
    lines: list[JournalLine]
    next_cursor: str | None


def trial_balance_resource(balances: Sequence[Balance], position: int) -> TrialBalance:
    lines = [_trial_balance_line(balance) for balance in balances if balance.signed_minor]
    return TrialBalance(
        position=position,
        lines=lines,
        totals=[
            TrialBalanceTotal(
                currency=currency,
                debit=sum(line.debit for line in lines if line.currency == currency),
                credit=sum(line.credit for line in lines if line.currency == currency),
            )
            for currency in sorted({line.currency for line in lines})
        ],
    )


def _trial_balance_line(balance: Balance) -> TrialBalanceLine:
    return TrialBalanceLine(
        account=balance.account,
        normal=account(balance.account).normal,
        currency=balance.currency,
        debit=max(balance.signed_minor, 0),
        credit=max(-balance.signed_minor, 0),
    )


def chart_resource(page: ChartPage, position: int) -> ChartOfAccounts:
    accounts = [
        ChartLine(account=of.account, normal=account(of.account).normal, currency=of.currency, balance=of.minor)
        for of in page.balances
    ]
    return ChartOfAccounts(position=position, accounts=accounts, next_after=page.next_after)


def account_balances_resource(code: AccountCode, balances: Iterable[Balance], position: int) -> AccountBalances:
    return AccountBalances(
        account=code,
        normal=account(code).normal,
        position=position,
        balances=[AccountBalance(currency=of.currency, balance=of.minor) for of in balances],
    )


def account_journal_resource(code: AccountCode, currency: str, page: JournalPage) -> AccountJournal:
    return AccountJournal(
        account=code,
        normal=account(code).normal,
        currency=currency,
        opening=page.opening.minor,
        lines=[_journal_line(line) for line in page.lines],
        next_cursor=None if page.next_after is None else str(page.next_after),
    )


def _journal_line(line: PostedLine) -> JournalLine:
    return JournalLine(
        position=line.position,
        recorded_at=line.recorded_at,
        entry_id=ids.text_of(ids.ENTRY, line.entry_id),
        payment_id=ids.payment_text(line.payment_id),
        cause=line.cause,
        change=line.change.minor,
        balance=line.balance.minor,
    )
