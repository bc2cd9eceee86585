"""/v1/operator/ledger: the books as a whole, for operators and auditors."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from domain.ledger.accounts import AccountCode, Side, UnknownAccount, account, is_lot
from domain.money.currencies import decimals
from interfaces.account_journal import JournalLine, journal_page
from interfaces.http.server.documented import replies
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.moments import position_before, position_of
from interfaces.resources.as_of import AsOfParameter
from interfaces.resources.period import (
    CurrencyParameter,
    CursorParameter,
    FromParameter,
    ToParameter,
    period_of,
    position_after,
)
from interfaces.resources.totals import Total
from projections.ledger import books
from projections.ledger.books import Balance

AccountParameter = Annotated[str, QueryParameter(name="account", description="As in the chart of accounts")]
AfterAccountParameter = Annotated[str, QueryParameter(name="after", description="`next_after` of the page before")]
CHART_PAGE_MAX = 500
TITLES = {401: "No valid operator's key", 404: "Not an operator's key", 422: "Not in the chart of accounts"}


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


class AccountJournal(Struct, frozen=True, kw_only=True):
    """`opening` is the balance before the page's first line; `next_cursor` is null on the last page."""

    account: str
    normal: Side
    currency: str
    opening: Total
    lines: list[JournalLine]
    next_cursor: str | None


class OperatorLedgerController(Controller):
    path = "/v1/operator/ledger"
    tags = ("Operators",)

    @get(
        "/trial_balance",
        operation_id="get_trial_balance",
        summary="The trial balance",
        responses=replies(200, TrialBalance, "Every balance, and the totals by currency", 404, titles=TITLES),
    )
    async def trial_balance(self, services: NamedDependency[Services], as_of: AsOfParameter = None) -> Response[Any]:
        """From the journal's views; without `as_of` after everything that had been posted when it was asked for."""
        position = await position_of(services.reader, services.store, as_of, now=services.now())
        async with services.reader() as connection:
            return resource(
                trial_balance_of(await books.trial_balance(connection, position=position), position), position
            )

    @get(
        "/accounts",
        operation_id="list_accounts",
        summary="The chart of accounts",
        responses=replies(200, ChartOfAccounts, "A page of the accounts, by name", 404, titles=TITLES),
    )
    async def accounts(
        self,
        services: NamedDependency[Services],
        as_of: AsOfParameter = None,
        after: AfterAccountParameter = "",
    ) -> Response[Any]:
        """From the journal's views: every account that had been posted to, and what it held, now or as of any instant
        or position."""
        if after:
            known_account(after)
        position = await position_of(services.reader, services.store, as_of, now=services.now())
        async with services.reader() as connection:
            page = await books.chart_page(connection, position=position, after=after, balances_max=CHART_PAGE_MAX)
        accounts = [
            ChartLine(account=of.account, normal=account(of.account).normal, currency=of.currency, balance=of.minor)
            for of in page.balances
        ]
        return resource(ChartOfAccounts(position=position, accounts=accounts, next_after=page.next_after), position)

    @get(
        "/balances",
        operation_id="get_account_balances",
        summary="The balances of one account",
        responses=replies(200, AccountBalances, "Its balances, by currency", 404, 422, titles=TITLES),
    )
    async def balances(
        self, services: NamedDependency[Services], code: AccountParameter, as_of: AsOfParameter = None
    ) -> Response[Any]:
        """From the journal's views, now or as of any instant or position."""
        own = known_account(code)
        position = await position_of(services.reader, services.store, as_of, now=services.now())
        async with services.reader() as connection:
            found = await books.account_balances(connection, own, position=position)
        balances = [AccountBalance(currency=of.currency, balance=of.minor) for of in found]
        normal = account(own).normal
        return resource(AccountBalances(account=own, normal=normal, position=position, balances=balances), position)

    @get(
        "/journal",
        operation_id="get_account_journal",
        summary="The lines of one account",
        responses=replies(200, AccountJournal, "A page of its lines", 404, 422, titles=TITLES),
    )
    async def journal(
        self,
        services: NamedDependency[Services],
        code: AccountParameter,
        currency: CurrencyParameter,
        begin: FromParameter,
        end: ToParameter,
        cursor: CursorParameter = None,
    ) -> Response[Any]:
        """Posted at `from` or later and before `to`, neither of which is in the future, in order."""
        own = known_account(code)
        decimals(currency)
        since, to = period_of(begin, end, now=services.now())
        first = await position_before(services.reader, services.store, since)
        last = await position_before(services.reader, services.store, to)
        page = await journal_page(services.reader, own, currency, after=position_after(cursor, first), up_to=last)
        journal = AccountJournal(
            account=own,
            normal=account(own).normal,
            currency=currency,
            opening=page.opening,
            lines=page.lines,
            next_cursor=None if page.next_after is None else str(page.next_after),
        )
        return resource(journal, last)


def known_account(code: str) -> AccountCode:
    """Raises UnknownAccount, also for text that Postgres cannot hold."""
    own = AccountCode(code)
    if not code.isprintable() or is_lot(own):
        raise UnknownAccount(code=own)
    account(own)
    return own


def trial_balance_of(balances: Sequence[Balance], position: int) -> TrialBalance:
    lines = [_line(balance) for balance in balances if balance.signed_minor]
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


def _line(balance: Balance) -> TrialBalanceLine:
    return TrialBalanceLine(
        account=balance.account,
        normal=account(balance.account).normal,
        currency=balance.currency,
        debit=max(balance.signed_minor, 0),
        credit=max(-balance.signed_minor, 0),
    )
