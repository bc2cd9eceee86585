"""/v1/statements: a merchant's accounts from the opening to the closing balance of a period, line by line."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from domain.currencies import DECIMALS, decimals
from interfaces.http.as_of import DATE_TIME, instant
from interfaces.http.caller import AuthenticatedRequest
from interfaces.http.documented import replies
from interfaces.http.refusals import ParameterInvalid
from interfaces.http.reply import POSITION_PATTERN, is_position, resource
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
        currency: Annotated[str, QueryParameter(schema_extra={"enum": sorted(DECIMALS)})],
        begin: Annotated[str, QueryParameter(name="from", description="An RFC 3339 time", schema_extra=DATE_TIME)],
        end: Annotated[str, QueryParameter(name="to", description="An RFC 3339 time", schema_extra=DATE_TIME)],
        cursor: Annotated[
            str | None,
            QueryParameter(description="`next_cursor` of the page before", schema_extra={"pattern": POSITION_PATTERN}),
        ] = None,
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
        page = await statement_page(services.reader, period, after=_after(cursor, period))
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


def period_of(begin: str, end: str, *, now: datetime) -> tuple[datetime, datetime]:
    """The instants `from` and `to`. Raises ParameterInvalid for what is none, in the future, or the wrong way round."""
    since, to = instant("from", begin), instant("to", end)
    if to > now:
        raise ParameterInvalid(field="to", reason="it is in the future; a statement never changes")
    if since > to:
        raise ParameterInvalid(field="from", reason="it is after the statement's end")
    return since, to


def _after(cursor: str | None, period: StatementPeriod) -> int:
    """Raises ParameterInvalid."""
    if cursor is None:
        return period.begin
    if not is_position(cursor):
        raise ParameterInvalid(field="cursor", reason="expected the next_cursor of an earlier page")
    return max(period.begin, int(cursor))
