"""/v1/statements: a merchant's accounts from the opening to the closing balance of a period, line by line."""

from datetime import datetime
from typing import Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from domain.currencies import decimals
from interfaces.http.caller import AuthenticatedRequest
from interfaces.http.documented import replies
from interfaces.http.period import (
    CurrencyParameter,
    CursorParameter,
    FromParameter,
    ToParameter,
    period_of,
    position_after,
)
from interfaces.http.reply import resource
from interfaces.moments import position_before
from interfaces.services import Services
from interfaces.statement import (
    StatementAccount,
    StatementLine,
    StatementPeriod,
    statement_accounts,
    statement_page,
)


class Statement(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """What was posted at `from` or later and before `to`. `next_cursor` is null on the last page; the opening and
    closing balances are those of the whole period on every page."""

    merchant_id: str
    currency: str
    from_: datetime
    to: datetime
    accounts: list[StatementAccount]
    lines: list[StatementLine]
    next_cursor: str | None


class StatementController(Controller):
    path = "/v1/statements"
    tags = ("Balances",)

    @get(
        "/",
        operation_id="get_statement",
        summary="A statement of the merchant's accounts",
        responses=replies(200, Statement, "A page of the statement"),
    )
    async def statement(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        currency: CurrencyParameter,
        begin: FromParameter,
        end: ToParameter,
        cursor: CursorParameter = None,
    ) -> Response[Any]:
        """From the journal's views. Neither time may be in the future: a statement never changes."""
        decimals(currency)
        since, to = period_of(begin, end, now=services.now())
        period = StatementPeriod(
            merchant_id=request.user.merchant_id,
            currency=currency,
            begin=await position_before(services.reader, services.store, since),
            end=await position_before(services.reader, services.store, to),
        )
        page = await statement_page(services.reader, period, after=position_after(cursor, period.begin))
        statement = Statement(
            merchant_id=period.merchant_id,
            currency=currency,
            from_=since,
            to=to,
            accounts=await statement_accounts(services.reader, period),
            lines=page.lines,
            next_cursor=None if page.next_after is None else str(page.next_after),
        )
        return resource(statement, period.end)
