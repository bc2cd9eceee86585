"""/v1/operator/ledger: the books as a whole, for operators and auditors."""

from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from domain.ledger.accounts import AccountCode, UnknownAccount, account, is_lot
from domain.money.currencies import decimals
from interfaces.http.server.documented import replies
from interfaces.http.server.parameters import (
    AsOfParameter,
    CurrencyParameter,
    FromParameter,
    PositionCursorParameter,
    ToParameter,
)
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.as_of import position_of
from interfaces.resources.ledger import (
    AccountBalances,
    AccountJournal,
    ChartOfAccounts,
    TrialBalance,
    account_balances_resource,
    account_journal_resource,
    chart_resource,
    trial_balance_resource,
)
from interfaces.resources.period import period_of, position_after
from projections.ledger import books
from projections.ledger.account_journal import journal_page
from projections.ledger.moments import position_before

AccountParameter = Annotated[str, QueryParameter(name="account", description="As in the chart of accounts")]
AfterAccountParameter = Annotated[str, QueryParameter(name="after", description="`next_after` of the page before")]
CHART_PAGE_MAX = 500
TITLES = {401: "No valid operator's key", 404: "Not an operator's key", 422: "Not in the chart of accounts"}


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
            balances = await books.trial_balance(connection, position=position)
        return resource(trial_balance_resource(balances, position), position)

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
        return resource(chart_resource(page, position), position)

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
        return resource(account_balances_resource(own, found, position), position)

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
        cursor: PositionCursorParameter = None,
    ) -> Response[Any]:
        """Posted at `from` or later and before `to`, neither of which is in the future, in order."""
        own = known_account(code)
        decimals(currency)
        since, to = period_of(begin, end, now=services.now())
        first = await position_before(services.reader, services.store, since)
        last = await position_before(services.reader, services.store, to)
        page = await journal_page(
            services.reader, services.store, own, currency, after=position_after(cursor, first), up_to=last
        )
        return resource(account_journal_resource(own, currency, page), last)


def known_account(code: str) -> AccountCode:
    """The account's code. Raises UnknownAccount, also for text that Postgres cannot hold."""
    own = AccountCode(code)
    if not code.isprintable() or is_lot(own):
        raise UnknownAccount(code=own)
    account(own)
    return own
