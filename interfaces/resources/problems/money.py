"""The problems of amounts and currencies."""

from typing import Final

from domain.money.currencies import UnknownCurrency
from domain.money.money import AmountOutOfRange, CurrencyMismatch, WrongPrecision
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(
        UnknownCurrency,
        400,
        "unknown_currency",
        "The currency is not known",
        lambda e: f"{e.currency!r} is no ISO 4217 currency with a minor unit.",
        field="currency",
    ),
    problem(
        AmountOutOfRange,
        400,
        "amount_out_of_range",
        "The amount is out of range",
        lambda e: f"The amount is {e.amount_minor}; it has to be from 1 to {e.amount_minor_max} minor units.",
        field="amount",
    ),
    problem(
        WrongPrecision,
        400,
        "wrong_precision",
        "The amount does not fit its currency",
        lambda e: f"{e.text!r} is no amount of {e.currency}, which has {e.decimals} decimals.",
        field="amount",
    ),
    problem(
        CurrencyMismatch,
        400,
        "currency_mismatch",
        "The currencies differ",
        lambda e: f"{e.expected} is needed, not {e.actual}.",
        field="currency",
    ),
)
