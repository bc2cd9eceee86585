"""The ECB's XML: an envelope, in it cubes of days, in each of those cubes of currencies.

A document type is refused where it begins, so that no entity is ever declared, let alone expanded.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

from domain.fx.ecb_day import Day, WrittenRate, code_of, day_of
from domain.fx.rates_file import RatesInvalid

_ENVELOPE: Final = "http://www.gesmes.org/xml/2002-08-01 Envelope"
_CUBE: Final = "http://www.ecb.int/vocabulary/2002-08-01/eurofxref Cube"
_OF_A_DAY: Final = 2
"""The depth among the cubes: 1 is the cube of all days, 3 that of a currency."""


def read_xml(text: str) -> Sequence[Day]:
    """Every day in `text`. Raises RatesInvalid."""
    return _Reader().days_of(text)


class _Reader:
    def __init__(self) -> None:
        self._days: list[Day] = []
        self._rates: list[WrittenRate] = []
        self._day: tuple[str, int] = ("", 0)
        self._depth = 0
        self._cubes = 0
        self._parser = ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def days_of(self, text: str) -> Sequence[Day]:
        try:
            self._parser.Parse(text, True)
        except ExpatError as error:
            reason = f"this is not XML: {str(error).partition(':')[0]}"
            raise RatesInvalid(line=error.lineno, reason=reason) from None
        except UnicodeEncodeError as error:
            raise RatesInvalid(line=text.count("\n", 0, error.start) + 1, reason="this is not UTF-8") from None
        return self._days

    def _refuse_doctype(self, *_: object) -> None:
        raise self._refusal("a document type is not read, nor are entities")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and name != _ENVELOPE:
            raise self._refusal("expected the ECB's envelope")
        if name != _CUBE:
            return
        self._cubes += 1
        if self._cubes != self._depth - 1:
            raise self._refusal("a Cube lies in the envelope, or in another Cube")
        line = self._parser.CurrentLineNumber
        match self._cubes, dict(attributes):
            case (1, values) if not values:
                pass
            case (2, {"time": day, **rest}) if not rest:
                self._day, self._rates = (day, line), []
            case (3, {"currency": currency, "rate": rate, **rest}) if not rest:
                self._rates.append(WrittenRate(code_of(currency, line), rate, line))
            case _:
                raise self._refusal("expected a Cube of days, one of them with its “time”, or a “currency” and “rate”")

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name != _CUBE:
            return
        if self._cubes == _OF_A_DAY:
            day, line = self._day
            self._days.append(Day(day_of(day, line), tuple(self._rates), line))
        self._cubes -= 1

    def _refusal(self, reason: str) -> RatesInvalid:
        return RatesInvalid(line=self._parser.CurrentLineNumber, reason=reason)
