"""Currency gain and loss in one currency: realised by mark-ups and rounding, unrealised in open positions."""

# Every figure is the sum of the lines that the report shows for it, each rounded separately.

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from domain.fx.rates import Rates, worth
from domain.ledger.accounts import AccountCode
from domain.money.money import Money, zero
from projections.ledger.books import Balance

POSITIONS: Final = "fx:"
MARK_UP: Final = AccountCode("platform:fx_markup")
RESIDUE: Final = AccountCode("platform:fx_residue")


class FxLine(Struct, frozen=True, kw_only=True):
    """`amount` counts credits up: an amount above zero is ours, below zero is owed. `value` is in the report's
    currency, at `rate` from the version `rates` of the rates, published at `as_of`; these three are None without a
    conversion."""

    account: AccountCode
    amount: Money
    rate: str | None
    rates: str | None
    as_of: datetime | None
    value: Money


class FxReport(Struct, frozen=True, kw_only=True):
    """`mark_up` and `residue` are realised; `unrealised` is the gain, or the loss below zero, of closing every open
    position at these rates. `position` is the last position of the journal that the report includes."""

    base: str
    at: datetime
    position: int
    lines: tuple[FxLine, ...]
    mark_up: Money
    residue: Money
    unrealised: Money


def fx_report(balances: Sequence[Balance], rates: Rates, *, base: str, at: datetime, position: int) -> FxReport:
    """The report on the accounts of currency positions, mark-ups and residues. Raises UnknownCurrency, and RateMissing
    for an amount that cannot be valued."""
    lines = tuple([_line(each, rates, base) for each in balances if _concerns(each.account)])
    return FxReport(
        base=base,
        at=at,
        position=position,
        lines=lines,
        mark_up=_sum(base, [line for line in lines if line.account == MARK_UP]),
        residue=_sum(base, [line for line in lines if line.account == RESIDUE]),
        unrealised=_sum(base, [line for line in lines if line.account.startswith(POSITIONS)]),
    )


def _concerns(account: AccountCode) -> bool:
    return account in (MARK_UP, RESIDUE) or account.startswith(POSITIONS)


def _line(balance: Balance, rates: Rates, base: str) -> FxLine:
    # All of these accounts grow by credits.
    amount = Money(-balance.signed_minor, balance.currency)
    if balance.currency == base or not amount.minor:
        value = amount if balance.currency == base else zero(base)
        return FxLine(account=balance.account, amount=amount, rate=None, rates=None, as_of=None, value=value)
    quote = rates.rate(balance.currency, base)
    return FxLine(
        account=balance.account,
        amount=amount,
        rate=quote.text,
        rates=quote.rates,
        as_of=quote.as_of,
        value=worth(amount, quote),
    )


def _sum(base: str, lines: Sequence[FxLine]) -> Money:
    return sum((line.value for line in lines), start=zero(base))
