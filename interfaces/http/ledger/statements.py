"""/v1/statements: a merchant's accounts from the opening to the closing balance of a period, line by line."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from domain.money.currencies import decimals
from interfaces.books.statement_csv import statement_csv
from interfaces.http.server.caller import AuthenticatedRequest
from interfaces.http.server.documented import also_as, replies
from interfaces.http.server.parameters import CurrencyParameter, FromParameter, PositionCursorParameter, ToParameter
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.period import period_of, position_after
from interfaces.resources.position import POSITION_HEADER
from interfaces.resources.refusals import ParameterInvalid
from interfaces.resources.statement import Statement, statement_account_resources, statement_line_resources
from projections.ledger.moments import position_before
from projections.ledger.statement import StatementPeriod, statement_accounts, statement_page, statement_pages

CSV = "text/csv"


FormatParameter = Annotated[
    str,
    QueryParameter(
        name="format",
        description="`csv` is the whole statement at once, in decimal numbers",
        schema_extra={"enum": ["json", "csv"]},
    ),
]


class StatementController(Controller):
    path = "/v1/statements"
    tags = ("Balances",)

    @get(
        "/",
        operation_id="get_statement",
        summary="A statement of the merchant's accounts",
        operation_class=also_as(CSV, 200),
        responses=replies(200, Statement, "A page of the statement"),
    )
    async def statement(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        currency: CurrencyParameter,
        begin: FromParameter,
        end: ToParameter,
        cursor: PositionCursorParameter = None,
        form: FormatParameter = "json",
    ) -> Response[Any]:
        """From the journal's views. Neither time may be in the future: a statement never changes. As CSV it begins with
        the opening balances and ends with the closing ones: it has all pages, whatever `cursor` says."""
        decimals(currency)
        if form not in ("json", "csv"):
            raise ParameterInvalid(field="format", reason="expected json or csv")
        since, to = period_of(begin, end, now=services.now())
        period = StatementPeriod(
            merchant_id=request.user.merchant_id,
            currency=currency,
            begin=await position_before(services.reader, services.store, since),
            end=await position_before(services.reader, services.store, to),
        )
        if form == "csv":
            return await _as_csv(services, period)
        page = await statement_page(services.reader, services.store, period, after=position_after(cursor, period.begin))
        statement = Statement(
            merchant_id=period.merchant_id,
            currency=currency,
            from_=since,
            to=to,
            accounts=statement_account_resources(await statement_accounts(services.reader, period)),
            lines=statement_line_resources(page.lines),
            next_cursor=None if page.next_after is None else str(page.next_after),
        )
        return resource(statement, period.end)


async def _as_csv(services: Services, period: StatementPeriod) -> Stream:
    accounts = await statement_accounts(services.reader, period)
    pages = statement_pages(services.reader, services.store, period)
    text = statement_csv(period.currency, accounts, pages)
    name = f"statement-{period.currency}-{period.end}.csv"
    headers = {POSITION_HEADER: str(period.end), "Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(_encoded(text), media_type=CSV, headers=headers)


async def _encoded(text: AsyncIterator[str]) -> AsyncIterator[bytes]:
    async for part in text:
        yield part.encode()
