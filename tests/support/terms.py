"""Documents of terms for tests, and plans and combinations that hypothesis draws."""

from collections.abc import Callable
from datetime import date

from hypothesis import strategies as st

from domain.countries import COUNTRIES
from domain.money.currencies import DECIMALS
from domain.money.money import Money, Rounding
from domain.payment.method import MethodType, PaymentMethod
from domain.terms.amounts import OTHERS, Amounts
from domain.terms.business_days import CalendarName, IsHoliday
from domain.terms.events import TermsKind
from domain.terms.fee_plan import Blended, FeePlan, FeeRule, InterchangePlus, Match, Price

FEES_TEXT = """{"name": "standard",
 "home": ["DE"],
 "regions": {"eea": ["AT", "FR", "IT"]},
 "rounding": "half_up",
 "rules": [
   {"name": "eu-cards", "match": {"methods": ["card"], "currencies": ["EUR"], "regions": ["domestic", "eea"]},
    "interchange_plus": {"interchange_basis_points": 30, "scheme_basis_points": 12, "scheme_fixed_minor": {"EUR": 2},
                         "markup_basis_points": 50, "markup_fixed_minor": {"EUR": 10}}},
   {"name": "upi", "match": {"methods": ["upi_collect"], "currencies": ["INR"]},
    "blended": {"basis_points": 90, "minimum_minor": {"INR": 100}, "maximum_minor": {"INR": 5000}}}
 ],
 "default": {"blended": {"basis_points": 290, "fixed_minor": {"EUR": 30, "USD": 35, "*": 0}}},
 "refund": {"EUR": 15},
 "dispute": {"EUR": 1500, "*": 2000}}
"""
SETTLEMENT_TEXT = """{"name": "weekly",
 "business_days": 5, "calendar": "US", "cutoff": "16:30", "zone": "America/New_York",
 "reserve": {"basis_points": 1000, "days": 90},
 "negative_limit_minor": {"USD": 50000}}
"""
CONVERSION_TEXT = """{"name": "to-euro",
 "settle_in": {"USD": "EUR", "GBP": "GBP", "*": "EUR"},
 "mark_up_basis_points": 100, "refund_rate": "original", "stale_after_hours": 96, "sources": ["ecb"]}
"""
PAYOUTS_TEXT = """{"name": "mondays",
 "schedule": {"weekly": "monday"},
 "minimum_minor": {"EUR": 1000, "JPY": 1500},
 "cutoff": "14:00", "zone": "Europe/Berlin", "calendar": "TARGET",
 "hold_above_minor": {"EUR": 10000000}}
"""
DISPUTES_TEXT = """{"name": "short",
 "answer_days": {"visa": 20, "mastercard": 30, "*": 10},
 "evidence": {"file_bytes_max": 1048576, "files_max": 5, "types": ["application/pdf", "image/png"]}}
"""
TEXTS = {
    TermsKind.FEES: FEES_TEXT,
    TermsKind.SETTLEMENT: SETTLEMENT_TEXT,
    TermsKind.CONVERSION: CONVERSION_TEXT,
    TermsKind.PAYOUTS: PAYOUTS_TEXT,
    TermsKind.DISPUTES: DISPUTES_TEXT,
}


def method(type_: MethodType = MethodType.CARD, country: str | None = None) -> PaymentMethod:
    return PaymentMethod(type_, "tok_visa", country=country)


def no_holiday(_calendar: CalendarName, _day: date) -> bool:
    return False


def _some_days(seed: int) -> Callable[[CalendarName, date], bool]:
    return lambda _calendar, day: hash((seed, day.toordinal())) % 4 == 0


holidays: st.SearchStrategy[IsHoliday] = st.just(no_holiday) | st.builds(_some_days, st.integers(0, 10_000))
"""None, or one day in four."""

currencies = st.sampled_from(("EUR", "JPY", "KWD"))
sums: st.SearchStrategy[Amounts] = st.just({}) | st.builds(
    dict.fromkeys, st.just(("EUR", "JPY", OTHERS)), st.integers(0, 2_000)
)
basis_points = st.integers(0, 10_000)
blended: st.SearchStrategy[Price] = st.builds(
    lambda bp, fixed, bounds: Blended(
        basis_points=bp,
        fixed_minor=fixed,
        minimum_minor={OTHERS: min(bounds)} if bounds else {},
        maximum_minor={OTHERS: max(bounds)} if bounds else {},
    ),
    basis_points,
    sums,
    st.just(()) | st.tuples(st.integers(0, 500), st.integers(0, 5_000)),
)
interchange_plus: st.SearchStrategy[Price] = st.builds(
    InterchangePlus,
    interchange_basis_points=basis_points,
    scheme_basis_points=basis_points,
    scheme_fixed_minor=sums,
    markup_basis_points=basis_points,
    markup_fixed_minor=sums,
)


def plan_of(price: Price, rounding: Rounding = Rounding.HALF_EVEN) -> FeePlan:
    return FeePlan(version="any:1", default=price, rounding=rounding)


plans = st.builds(plan_of, blended | interchange_plus, st.sampled_from(Rounding))
amounts = st.builds(Money, st.integers(0, 10**9), currencies)

HOME, EEA, REGIONS = frozenset({"DE"}), frozenset({"AT", "FR"}), ("domestic", "eea", "international", "unknown")
PRICE = Blended(basis_points=100)


def plan_with(*matches: Match, default: Price | None = None) -> FeePlan:
    rules = tuple(FeeRule(name=f"rule-{number}", match=match, price=PRICE) for number, match in enumerate(matches))
    return FeePlan(version="any:1", home=HOME, regions={"eea": EEA}, rules=rules, default=default)


def _some(values: tuple[str, ...]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from(values), min_size=1)


matches = st.builds(
    Match,
    methods=st.none() | st.frozensets(st.sampled_from(MethodType), min_size=1),
    currencies=_some(("EUR", "JPY", "KWD")) | st.just(frozenset(DECIMALS) - {"EUR"}),
    regions=_some(REGIONS),
)
countries = st.none() | st.sampled_from(sorted(COUNTRIES))


@st.composite
def partitions(draw: st.DrawFn) -> list[Match]:
    """Matches that are for every payment, and none for the same: everything, cut again and again."""
    boxes = [(frozenset(MethodType), frozenset(DECIMALS), frozenset(REGIONS))]
    for _ in range(draw(st.integers(0, 6))):
        box = boxes.pop(draw(st.integers(0, len(boxes) - 1)))
        axis = draw(st.integers(0, 2))
        if len(box[axis]) == 1:
            boxes.append(box)
            continue
        most = min(len(box[axis]) - 1, 4)
        part = draw(st.frozensets(st.sampled_from(sorted(box[axis])), min_size=1, max_size=most))
        for half in (part, box[axis] - part):
            boxes.append((*box[:axis], half, *box[axis + 1 :]))  # type: ignore[arg-type]
    return [Match(methods=methods, currencies=currencies, regions=regions) for methods, currencies, regions in boxes]
