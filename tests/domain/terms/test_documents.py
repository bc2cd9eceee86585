"""Terms that are wrong are refused with the line at fault, and right ones say what they say."""

import json
from contextlib import suppress
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money.money import Rounding
from domain.payment.method import CardBrand, MethodType
from domain.terms.business_days import CalendarName
from domain.terms.conversion import ConversionRule, RefundRate
from domain.terms.disputes import DisputeRule, EvidenceLimits
from domain.terms.documents.document import TermsInvalid
from domain.terms.documents.fees import FeePlanGap, FeeRulesOverlap
from domain.terms.documents.read import read_terms, terms_as_added
from domain.terms.events import TermsKind
from domain.terms.fee_plan import Blended, FeePlan, FeeRule, InterchangePlus, Match
from domain.terms.payouts import Daily, Manual, PayoutRule, Weekday, Weekly
from domain.terms.settlement import BeyondBudget, SettlementRule
from domain.terms.terms import name_of
from tests.support.terms import TEXTS

FEES, SETTLEMENT, CONVERSION, PAYOUTS, DISPUTES = TermsKind


def refused(kind: TermsKind, text: str) -> TermsInvalid:
    with pytest.raises(TermsInvalid) as refusal:
        read_terms(kind, text)
    return refusal.value


def test_a_fee_plan_says_what_it_says() -> None:
    assert read_terms(FEES, TEXTS[FEES], 3) == FeePlan(
        version="standard:3",
        home=frozenset({"DE"}),
        regions={"eea": frozenset({"AT", "FR", "IT"})},
        rules=(
            FeeRule(
                name="eu-cards",
                match=Match(
                    methods=frozenset({MethodType.CARD}),
                    currencies=frozenset({"EUR"}),
                    regions=frozenset({"domestic", "eea"}),
                ),
                price=InterchangePlus(
                    interchange_basis_points=30,
                    scheme_basis_points=12,
                    scheme_fixed_minor={"EUR": 2},
                    markup_basis_points=50,
                    markup_fixed_minor={"EUR": 10},
                ),
            ),
            FeeRule(
                name="upi",
                match=Match(methods=frozenset({MethodType.UPI_COLLECT}), currencies=frozenset({"INR"})),
                price=Blended(basis_points=90, minimum_minor={"INR": 100}, maximum_minor={"INR": 5000}),
            ),
        ),
        default=Blended(basis_points=290, fixed_minor={"EUR": 30, "USD": 35, "*": 0}),
        refund={"EUR": 15},
        dispute={"EUR": 1500, "*": 2000},
        rounding=Rounding.HALF_UP,
    )


def test_a_settlement_rule_says_what_it_says() -> None:
    assert read_terms(SETTLEMENT, TEXTS[SETTLEMENT], 1) == SettlementRule(
        version="weekly:1",
        business_days=5,
        calendar=CalendarName.US,
        cutoff=time(16, 30),
        zone="America/New_York",
        reserve_basis_points=1_000,
        reserve_days=90,
        negative_limit_minor={"USD": 50_000},
    )


@pytest.mark.parametrize("account", BeyondBudget)
def test_what_is_taken_beyond_a_budget_is_borne_by_the_account_that_was_agreed(account: BeyondBudget) -> None:
    text = TEXTS[SETTLEMENT].rstrip().removesuffix("}") + f', "beyond_budget": "{account}"}}'

    rule = read_terms(SETTLEMENT, text, 1)

    assert isinstance(rule, SettlementRule)
    assert rule.beyond_budget is account


def test_a_budget_is_exceeded_at_the_merchants_cost_where_nothing_else_was_agreed() -> None:
    rule = read_terms(SETTLEMENT, TEXTS[SETTLEMENT], 1)

    assert isinstance(rule, SettlementRule)
    assert rule.beyond_budget is BeyondBudget.OWED


def test_a_conversion_rule_says_what_it_says() -> None:
    rule = read_terms(CONVERSION, TEXTS[CONVERSION], 1)
    assert rule == ConversionRule(
        version="to-euro:1",
        settle_in={"USD": "EUR", "GBP": "GBP", "*": "EUR"},
        mark_up_basis_points=100,
        refund_rate=RefundRate.ORIGINAL,
        stale_after_hours=96,
        sources=("ecb",),
    )
    targets = {currency: rule.target_of(currency) for currency in ("USD", "GBP", "EUR", "JPY")}
    assert targets == {"USD": "EUR", "GBP": None, "EUR": None, "JPY": "EUR"}


def test_a_payout_rule_says_what_it_says() -> None:
    assert read_terms(PAYOUTS, TEXTS[PAYOUTS], 2) == PayoutRule(
        version="mondays:2",
        schedule=Weekly(Weekday.MONDAY),
        minimum_minor={"EUR": 1_000, "JPY": 1_500},
        cutoff=time(14),
        zone="Europe/Berlin",
        calendar=CalendarName.TARGET,
        hold_above_minor={"EUR": 10_000_000},
    )


@pytest.mark.parametrize(("written", "schedule"), [('"manual"', Manual()), ('"daily"', Daily())])
def test_other_schedules(written: str, schedule: Manual | Daily) -> None:
    rule = read_terms(PAYOUTS, TEXTS[PAYOUTS].replace('{"weekly": "monday"}', written))
    assert isinstance(rule, PayoutRule)
    assert rule.schedule == schedule


def test_a_dispute_rule_says_what_it_says() -> None:
    rule = read_terms(DISPUTES, TEXTS[DISPUTES], 1)
    assert rule == DisputeRule(
        version="short:1",
        answer_days={CardBrand.VISA: 20, CardBrand.MASTERCARD: 30},
        other_answer_days=10,
        evidence=EvidenceLimits(file_bytes_max=1_048_576, files_max=5, types=("application/pdf", "image/png")),
    )
    assert [rule.days_for(brand) for brand in (CardBrand.VISA, CardBrand.JCB, None)] == [20, 10, 10]


@pytest.mark.parametrize("kind", TermsKind)
def test_terms_have_a_name(kind: TermsKind) -> None:
    assert TEXTS[kind].startswith(f'{{"name": "{name_of(read_terms(kind, TEXTS[kind]))}"')


@pytest.mark.parametrize(
    ("kind", "was", "is_", "line", "says"),
    [
        (FEES, '"standard"', '"Standard!"', 1, "“name”: expected `str` matching"),
        (FEES, '"standard"', '"standard\\n"', 1, "“name”: expected `str` matching"),
        (FEES, '["DE"]', '["DE", "XX"]', 2, "“XX” is no country of ISO 3166"),
        (FEES, '["DE"]', '["DE", "DE"]', 2, "country “DE” is named twice"),
        (FEES, '"eea":', '"unknown":', 3, "every plan has a region “unknown” by itself"),
        (FEES, '"eea":', '"E E A":', 3, "expected `str` matching"),
        (FEES, '["AT", "FR", "IT"]}', '["AT"],\n"dach": ["CH", "AT"]}', 4, "AT is in region “eea” before"),
        (FEES, '["AT", "FR", "IT"]', "[]", 3, "the list of countries is empty"),
        (FEES, '"half_up"', '"up"', 4, "“rounding”: invalid enum value 'up'"),
        (FEES, '"eu-cards"', '"default"', 6, "a rule cannot be called “default”"),
        (FEES, '["card"]', '["card", "cash"]', 6, "“methods”: invalid enum value 'cash'"),
        (FEES, '["card"]', "[]", 6, "the list of methods is empty"),
        (FEES, '["EUR"]', '["EUX"]', 6, "“EUX” is no currency of ISO 4217"),
        (FEES, '["domestic", "eea"]', '["domestic", "eu"]', 6, "there is no region “eu”, only domestic, eea"),
        (FEES, '"match": {"methods": ["upi', '"when": {"methods": ["upi', 9, "unknown field `when`"),
        (FEES, '"upi", "match"', '"eu-cards", "match"', 9, "there is a rule “eu-cards” before"),
        (FEES, '"interchange_basis_points": 30', '"interchange_basis_points": 0.3', 7, "expected `int`, got `float`"),
        (FEES, '{"EUR": 2}', '{"EUR": -2}', 7, "“EUR”: expected `int` >= 0"),
        (FEES, '"EUR": 10}', '"EUR": 10, "USD": 3}', 8, "nothing is charged in USD here"),
        (
            FEES,
            '"interchange_plus"',
            '"blended": {"basis_points": 1}, "interchange_plus"',
            6,
            "expected exactly one of",
        ),
        (FEES, '"INR": 100}', '"INR": 9999}', 10, "the minimum, 9999, is above the maximum, 5000"),
        (FEES, '{"blended": {"basis_points": 290', '{"flat": {"basis_points": 290', 12, "unknown field `flat`"),
        (FEES, '{"EUR": 15}', '{"EURO": 15}', 13, "“EURO” is no currency"),
        (FEES, '"dispute"', '"refund"', 14, "“refund” stands here for the second time"),
        (SETTLEMENT, '"business_days": 5', '"business_days": 61', 2, "“business_days”: expected `int` <= 60"),
        (SETTLEMENT, '"US"', '"UK"', 2, "“calendar”: invalid enum value 'UK'"),
        (SETTLEMENT, '"16:30"', '"24:00"', 2, "“24:00” is no time of day such as 17:00"),
        (SETTLEMENT, '"16:30"', '"16:30:00"', 2, "is no time of day"),
        (SETTLEMENT, "America/New_York", "Mars/Olympus", 2, "“Mars/Olympus” is no time zone such as Europe/Berlin"),
        (SETTLEMENT, "America/New_York", "America", 2, "is no time zone"),
        (SETTLEMENT, "America/New_York", "../etc/passwd", 2, "is no time zone"),
        (SETTLEMENT, "America/New_York", "", 2, "is no time zone"),
        (SETTLEMENT, ', "days": 90', "", 3, "“reserve”: object missing required field `days`"),
        (SETTLEMENT, '"USD": 50000', '"USD": -1', 4, "“USD”: expected `int` >= 0"),
        (SETTLEMENT, "50000}}", '50000}, "beyond_budget": "psp"}', 4, "“beyond_budget”: invalid enum value 'psp'"),
        (CONVERSION, '"*": "EUR"', '"*": "*"', 2, "“*” is no currency"),
        (CONVERSION, '"GBP": "GBP"', '"EUR": "GBP"', 2, "EUR is settled in GBP, so nothing else can be settled in EUR"),
        (CONVERSION, '["ecb"]', "[]", 3, "the list of sources is empty"),
        (CONVERSION, '"original"', '"best"', 3, "“refund_rate”: invalid enum value 'best'"),
        (CONVERSION, "96", "0", 3, "“stale_after_hours”: expected `int` >= 1"),
        (PAYOUTS, '{"weekly": "monday"}', '{"weekly": "sunday"}', 2, "a schedule is “manual”, “daily”, or “weekly” on"),
        (PAYOUTS, '{"weekly": "monday"}', '"hourly"', 2, "a schedule is"),
        (PAYOUTS, '{"weekly": "monday"}', '{"weekly": "monday", "daily": 1}', 2, "a schedule is"),
        (PAYOUTS, '"EUR": 1000,', '"EUR": 0,', 3, "a payout has at least 1 minor unit"),
        (DISPUTES, ', "*": 10', "", 2, "there is no “*”, for the networks that are not named"),
        (DISPUTES, '"visa"', '"vista"', 2, "“vista” is no network, which are visa, mastercard"),
        (DISPUTES, '"visa": 20', '"visa": 0', 2, "“visa”: expected `int` >= 1"),
        (DISPUTES, '"image/png"', '"png"', 3, "“types”: expected `str` matching"),
        (DISPUTES, '"image/png"', '"application/pdf"', 3, "type “application/pdf” is named twice"),
    ],
)
def test_a_mistake_is_refused_with_its_line(kind: TermsKind, was: str, is_: str, line: int, says: str) -> None:
    assert was in TEXTS[kind]
    refusal = refused(kind, TEXTS[kind].replace(was, is_, 1))
    assert refusal.line == line, refusal
    assert says in refusal.reason, refusal
    assert str(refusal).startswith(f"line {line}: ")


def test_two_rules_for_one_payment_are_refused_with_both_names() -> None:
    text = TEXTS[FEES].replace('"methods": ["upi_collect"], "currencies": ["INR"]', '"regions": ["eea", "unknown"]')
    refusal = refused(FEES, text)
    assert isinstance(refusal, FeeRulesOverlap)
    assert (refusal.line, refusal.first, refusal.second) == (9, "eu-cards", "upi")
    assert refusal.reason == "rules “eu-cards” and “upi” are both for card in EUR from eea"


def test_a_payment_that_no_rule_is_for_is_refused() -> None:
    text = TEXTS[FEES].replace(' "default": {"blended"', ' "default": null, "x": {"blended"')
    text = "\n".join(line for line in text.splitlines() if '"x"' not in line)
    refusal = refused(FEES, text)
    assert isinstance(refusal, FeePlanGap)
    assert (refusal.line, refusal.method, refusal.currency) == (5, "bank_transfer", "AED")
    assert refusal.reason == "no rule is for bank_transfer in AED from domestic, and there is no default"


@pytest.mark.parametrize(
    ("was", "is_", "line", "currency", "says"),
    [
        (', "*": 0}', "}", 12, "AED", "“fixed_minor” says nothing of AED, AFN, ALL, AMD, AOA and"),
        ('["EUR"]', '["EUR", "SEK"]', 7, "SEK", "“scheme_fixed_minor” says nothing of SEK, in which this is charged"),
        (', "currencies": ["INR"]', "", 10, "AED", "“minimum_minor” says nothing of AED"),
    ],
)
def test_a_sum_that_is_missing_in_a_currency_is_a_gap(was: str, is_: str, line: int, currency: str, says: str) -> None:
    assert was in TEXTS[FEES]
    refusal = refused(FEES, TEXTS[FEES].replace(was, is_, 1))
    assert isinstance(refusal, FeePlanGap)
    assert (refusal.line, refusal.currency) == (line, currency)
    assert says in refusal.reason


def test_a_plan_that_was_added_is_read_though_it_has_become_a_gap() -> None:
    text = TEXTS[FEES].replace(', "*": 0}', "}")
    assert isinstance(refused(FEES, text), FeePlanGap)
    assert terms_as_added(FEES, text, 3).version == "standard:3"


@pytest.mark.parametrize("kind", TermsKind)
@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "[" * 100_000, "x" * 70_000, '{"name": "\\ud800"}'])
def test_what_is_no_document_at_all_is_refused(kind: TermsKind, text: str) -> None:
    assert refused(kind, text).line == 1


@given(
    st.sampled_from(TermsKind),
    st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps),
)
def test_any_text_is_read_or_refused(kind: TermsKind, text: str) -> None:
    assert refused(kind, text).line >= 1


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(("EUR", "*", "card", "visa")),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(("EUR", "*", "blended", "weekly", "x")) | st.text(), below, max_size=3)
    ),
    max_leaves=6,
)


@given(st.data())
def test_any_member_may_hold_anything_and_is_read_or_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(TermsKind))
    members = json.loads(TEXTS[kind])
    members[data.draw(st.sampled_from(sorted(members)))] = data.draw(values)
    with suppress(TermsInvalid):
        assert read_terms(kind, json.dumps(members)).version.endswith(":0")
