"""/v1/operator/ledger: the books as a whole, for operators and auditors."""

from collections.abc import Sequence
from typing import Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from domain.ledger.accounts import Side, account
from interfaces.http.as_of import AsOfParameter
from interfaces.http.documented import replies
from interfaces.http.reply import resource
from interfaces.moments import position_of
from interfaces.services import Services
from projections import books
from projections.books import Balance

TITLES = {401: "No valid operator's key", 404: "Not an operator's key"}


class TrialBalanceLine(Struct, frozen=True, kw_only=True):
    """Minor units; `debit` or `credit` is 0. `merchant:*:pending` stands for all merchants' accounts of that kind."""

    account: str
    normal: Side
    currency: str
    debit: int
    credit: int


class TrialBalanceTotal(Struct, frozen=True, kw_only=True):
    currency: str
    debit: int
    credit: int


class TrialBalance(Struct, frozen=True, kw_only=True):
    """After the entries up to `position`. In each currency the debits equal the credits."""

    position: int
    lines: list[TrialBalanceLine]
    totals: list[TrialBalanceTotal]


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
