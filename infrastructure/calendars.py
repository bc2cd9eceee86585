"""When banks are shut, by the `holidays` package: the European Central Bank's, the Federal Reserve's, and countries'.

The Federal Reserve's and not the country's: a holiday on a Saturday shuts no bank on the Friday before. India's are
those of the whole country, known until 2035; what a state's banks keep besides is not among them. Great Britain's are
England's. Switzerland's are those of Zurich with the 2nd of January, on which the Swiss Interbank Clearing is closed
too. Japan's banks are shut from 31 December to 3 January besides the holidays. Those of the Emirates and of Saudi
Arabia that follow the moon are estimates until they are proclaimed.
"""

import sys
from datetime import date
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from typing import Final, assert_never

from domain.terms.business_days import CalendarName

YEARS_KEPT_MAX: Final = 128
"""Of all calendars: a year is worked out in about a millisecond, and kept in a few kilobytes."""


def is_holiday(calendar: CalendarName, day: date) -> bool:
    """Implements domain.terms.business_days.IsHoliday."""
    return day in _holidays(calendar, day.year)


def load(year: int) -> None:
    """Compute the holidays of a year in advance, and import the library's calendars: in a server process the first
    request that needs them would hold up all others."""
    for calendar in CalendarName:
        _holidays(calendar, year)


@lru_cache(maxsize=YEARS_KEPT_MAX)
def _holidays(calendar: CalendarName, year: int) -> frozenset[date]:
    # Not at the top: most processes never ask.
    _import_calendars_singly()
    from holidays import country_holidays, financial_holidays

    match calendar:
        case CalendarName.TARGET:
            return frozenset(financial_holidays("XECB", years=year, expand=False))
        case CalendarName.US:
            return frozenset(financial_holidays("XFED", years=year, expand=False))
        case CalendarName.IN:
            return frozenset(country_holidays("IN", years=year, expand=False))
        case CalendarName.EVERY_DAY:
            return frozenset()
        case CalendarName.GB:
            return frozenset(country_holidays("GB", subdiv="ENG", years=year, expand=False))
        case CalendarName.CH:
            return frozenset(country_holidays("CH", subdiv="ZH", years=year, expand=False)) | {date(year, 1, 2)}
        case CalendarName.JP:
            return frozenset(country_holidays("JP", years=year, expand=False, categories=("public", "bank")))
        case CalendarName.AE | CalendarName.SA:
            return frozenset(country_holidays(calendar.value, years=year, expand=False))
        case _:
            assert_never(calendar)


def _import_calendars_singly() -> None:
    """Stand empty packages in for the library's two, which import the calendars of two hundred and fifty countries: a
    tenth of a second and eight megabytes for the nine that are asked. A module in them is found as before."""
    for package in ("holidays.countries", "holidays.financial"):
        if package not in sys.modules and (spec := find_spec(package)) is not None:
            sys.modules[package] = module_from_spec(spec)
