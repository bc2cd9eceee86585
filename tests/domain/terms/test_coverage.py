"""A gap and an overlap of a fee plan are always found, and nothing else is taken for one: as by trying everything."""

from collections.abc import Iterator
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from domain.money.currencies import DECIMALS
from domain.payment.method import MethodType
from domain.terms.coverage import (
    Combination,
    find_gap,
    find_overlap,
    met_by_default,
    met_by_rule,
    regions_of,
)
from domain.terms.fee_plan import FeePlan, Match
from tests.support.terms import PRICE, REGIONS, matches, partitions, plan_with


def combinations(plan: FeePlan) -> Iterator[Combination]:
    return (Combination(*each) for each in product(MethodType, DECIMALS, regions_of(plan)))


def matching(plan: FeePlan, each: Combination) -> list[int]:
    return [
        number for number, rule in enumerate(plan.rules) if rule.match.holds(each.method, each.currency, each.region)
    ]


@given(
    st.lists(matches, max_size=5).map(lambda drawn: plan_with(*drawn)) | partitions().map(lambda cut: plan_with(*cut))
)
def test_what_is_found_is_what_trying_everything_finds(plan: FeePlan) -> None:
    counts = {each: len(matching(plan, each)) for each in combinations(plan)}
    overlap, gap = find_overlap(plan), find_gap(plan)
    assert (overlap is None) == all(count <= 1 for count in counts.values())
    assert (gap is None) == all(count >= 1 for count in counts.values())
    if overlap is not None:
        assert overlap.first < overlap.second
        assert {overlap.first, overlap.second} <= set(matching(plan, overlap.both))
    if gap is not None:
        assert counts[gap] == 0


@given(partitions(), st.data())
def test_a_complete_plan_passes_until_a_rule_is_taken_out_or_widened(cut: list[Match], data: st.DataObject) -> None:
    assert find_overlap(plan_with(*cut)) is None
    assert find_gap(plan_with(*cut)) is None
    number = data.draw(st.integers(0, len(cut) - 1))
    without = [match for index, match in enumerate(cut) if index != number]
    assert find_gap(plan_with(*without)) is not None
    assert find_gap(plan_with(*without, default=PRICE)) is None
    if len(cut) > 1:
        assert find_overlap(plan_with(*without, Match())) is not None


@given(st.lists(matches, max_size=4))
def test_a_sum_is_asked_for_in_each_currency_that_is_met(drawn: list[Match]) -> None:
    plan = plan_with(*drawn, default=PRICE)
    left_over = {each for each in combinations(plan) if not matching(plan, each)}
    by_default = list(met_by_default(plan))
    assert {each.currency for each in by_default} == {each.currency for each in left_over}
    assert set(by_default) <= left_over
    for number, rule in enumerate(plan.rules):
        by_rule = list(met_by_rule(plan, rule))
        matched = {each.currency for each in combinations(plan) if number in matching(plan, each)}
        assert {each.currency for each in by_rule} == matched
        assert all(number in matching(plan, each) for each in by_rule)


def test_a_plan_has_its_home_its_regions_and_what_is_left() -> None:
    assert regions_of(plan_with()) == REGIONS
    assert regions_of(FeePlan(version="any:1")) == ("international", "unknown")
