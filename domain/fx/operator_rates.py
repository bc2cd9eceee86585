"""An operator's rates are JSON, which is read strictly and refused with the line at fault."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from domain.document.strict_document import StrictDocument
from domain.fx.publish import OPERATOR, Publication
from domain.fx.rate_text import PUBLISHED_DIGITS_MAX, RateUnusable, exact
from domain.fx.rates_file import RatesInvalid, sha256_of
from domain.money.currencies import READABLE_DECIMALS

MEMBERS: Final = ("source", "as_of", "base", "rates")


def read_operator_rates(text: str) -> Publication:
    """The one set of rates that `text` is. Raises RatesInvalid."""
    return _OperatorRates(text).publication()


class _OperatorRates(StrictDocument):
    def __init__(self, text: str) -> None:
        super().__init__(text, called="set of rates", refusal=RatesInvalid)
        self._sha256 = sha256_of(text)

    def publication(self) -> Publication:
        members = self._object(self.members)
        for name in members:
            if name not in MEMBERS:
                raise self.refused(f"“{name[:40]}” is not expected, only {', '.join(MEMBERS)}", name)
        for name in MEMBERS:
            if name not in members:
                raise self.refused(f"“{name}” is missing")
        if members["source"] != OPERATOR:
            raise self.refused(f"the source has to be “{OPERATOR}”", "source")
        base = self._currency(members["base"], "base")
        return Publication(
            source=OPERATOR,
            as_of=self._as_of(members["as_of"]),
            base=base,
            rates=self._rates(self._object(members["rates"], "rates"), base),
            document_sha256=self._sha256,
        )

    def _rates(self, written: Mapping[str, Any], base: str) -> dict[str, str]:
        if not written:
            raise self.refused("there are no rates", "rates")
        for currency, text in written.items():
            if self._currency(currency, "rates", currency) == base:
                raise self.refused(f"{base} is the base: it has no rate", "rates", currency)
            if not isinstance(text, str):
                raise self.refused(f"the rate of {currency} has to be a text, such as “1.0842”", "rates", currency)
            try:
                exact(currency, text)
            except RateUnusable:
                raise self.refused(
                    f"the rate of {currency} has to be a decimal number above 0 of at most {PUBLISHED_DIGITS_MAX}"
                    " digits, such as “1.0842”",
                    *("rates", currency),
                ) from None
        return dict(sorted(written.items()))

    def _as_of(self, written: Any) -> datetime:
        try:
            return msgspec.convert(written, _Instant).astimezone(UTC)
        except (msgspec.ValidationError, OverflowError):
            reason = "“as_of” has to be an RFC 3339 time with an offset, such as “2026-11-20T15:00:00Z”"
            raise self.refused(reason, "as_of") from None

    def _currency(self, written: Any, *path: str) -> str:
        if not isinstance(written, str) or written not in READABLE_DECIMALS:
            raise self.refused(f"“{str(written)[:40]}” is no ISO 4217 currency with a minor unit", *path)
        return written

    def _object(self, written: Any, *path: str) -> dict[str, Any]:
        if not isinstance(written, dict):
            raise self.refused("expected an object, {…}", *path)
        return written


_Instant = Annotated[datetime, Meta(tz=True)]
