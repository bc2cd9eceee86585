"""The problems of exchange rates and conversions."""

from typing import Final

from domain.fx.publish import RatesDiffer, RatesInFuture
from domain.fx.rate_text import RateUnusable
from domain.fx.rates import ConversionTooLarge, RateMissing, RateStale
from domain.fx.rates_file import RatesInvalid
from interfaces.resources.problems.problem import problem, retry_after

PROBLEMS: Final = (
    problem(
        RateMissing,
        422,
        "rate_missing",
        "There is no rate",
        lambda e: f"No exchange rate from {e.from_currency} to {e.to_currency} is known.",
    ),
    problem(
        RateStale,
        503,
        "rate_stale",
        "The rate is too old",
        lambda e: (
            f"The newest rate from {e.from_currency} to {e.to_currency} was published at {e.as_of.isoformat()}; rates "
            f"are used for up to {e.stale_after_hours} h. Ask again once there are new ones."
        ),
        headers=retry_after(60),
    ),
    problem(
        ConversionTooLarge,
        422,
        "conversion_too_large",
        "The amount is too large to convert",
        lambda e: f"It comes to {e.value_minor} minor units of {e.currency}; {e.amount_minor_max} is the most.",
        field="amount",
    ),
    problem(RatesInvalid, 422, "rates_invalid", "The rates cannot be used", lambda e: f"Line {e.line}: {e.reason}."),
    problem(
        RateUnusable,
        422,
        "rate_unusable",
        "The rate is no positive decimal number",
        lambda e: f"{e.text!r} is no rate of {e.currency}.",
    ),
    problem(
        RatesDiffer,
        409,
        "rates_differ",
        "Other rates of the same moment are known",
        lambda e: (
            f"{e.source}:{e.number} has another rate of {e.currency}, published at {e.as_of.isoformat()} as well."
        ),
    ),
    problem(
        RatesInFuture,
        422,
        "rates_in_future",
        "That moment has not come yet",
        lambda e: f"The rates are of {e.as_of.isoformat()}, which is in the future.",
    ),
)
