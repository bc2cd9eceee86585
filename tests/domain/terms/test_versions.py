"""Terms keep their number for ever, which counts within a kind, and a merchant's own come before everybody's."""

import pytest

from domain.identifiers import MerchantId
from domain.terms.events import TermsActivated, TermsAdded, TermsKind
from domain.terms.versions import TermsNotFound, TermsVersions, activate, add, fold

FEES, PAYOUTS = TermsKind.FEES, TermsKind.PAYOUTS
ANNA, BERT = MerchantId("mer_anna"), MerchantId("mer_bert")
FIRST = TermsAdded(kind=FEES, number=1, name="standard", document="{1}")
SECOND = TermsAdded(kind=FEES, number=2, name="standard", document="{2}")
PAID = TermsAdded(kind=PAYOUTS, number=1, name="daily", document="{1}")
ALL = fold((FIRST, PAID, SECOND))


def test_numbers_count_within_a_kind() -> None:
    assert add(TermsVersions(), kind=FEES, name="standard", document="{1}") == (1, (FIRST,))
    assert add(fold((FIRST,)), kind=FEES, name="standard", document="{2}") == (2, (SECOND,))
    assert add(fold((FIRST,)), kind=PAYOUTS, name="daily", document="{1}") == (1, (PAID,))
    assert ALL.get(FEES, 2) == SECOND
    assert ALL.get(PAYOUTS, 1) == PAID


def test_the_same_text_has_the_same_number_and_nothing_happens() -> None:
    assert add(ALL, kind=FEES, name="standard", document="{1}") == (1, ())


def test_a_merchants_own_come_before_everybodys() -> None:
    assert ALL.active(FEES, ANNA) is None
    everybodys = fold(activate(ALL, kind=FEES, number=1, merchant_id=None), onto=ALL)
    own = fold(activate(everybodys, kind=FEES, number=2, merchant_id=ANNA), onto=everybodys)
    assert [own.active(FEES, merchant) for merchant in (ANNA, BERT, None)] == [2, 1, 1]
    assert own.active(PAYOUTS, ANNA) is None


def test_what_is_in_force_is_not_put_in_force_again() -> None:
    (event,) = activate(ALL, kind=FEES, number=1, merchant_id=None)
    assert event == TermsActivated(kind=FEES, number=1, merchant_id=None)
    versions = fold((event,), onto=ALL)
    assert activate(versions, kind=FEES, number=1, merchant_id=None) == ()
    # The same number as one's own stays when everybody's changes.
    assert activate(versions, kind=FEES, number=1, merchant_id=ANNA) != ()


@pytest.mark.parametrize(("kind", "number"), [(FEES, -1), (FEES, 0), (FEES, 3), (PAYOUTS, 2), (TermsKind.DISPUTES, 1)])
def test_a_number_that_nothing_was_added_under_is_refused(kind: TermsKind, number: int) -> None:
    with pytest.raises(TermsNotFound) as refusal:
        activate(ALL, kind=kind, number=number, merchant_id=None)
    assert (refusal.value.kind, refusal.value.number) == (kind.value, number)


def test_folding_in_parts_is_folding_at_once() -> None:
    events = (FIRST, TermsActivated(kind=FEES, number=1, merchant_id=None), PAID, SECOND)
    for cut in range(len(events) + 1):
        assert fold(events[cut:], onto=fold(events[:cut])) == fold(events)
