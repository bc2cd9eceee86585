"""A bank account is usable until it is removed, and what is stored of it is read for ever."""

import msgspec
import pytest

from domain.bank_account.add import add
from domain.bank_account.details import (
    BankDetails,
    Scheme,
    UsAch,
    country_of,
    currency_of,
    masked,
    number_of,
    scheme_of,
)
from domain.bank_account.events import BankAccountRemoved
from domain.bank_account.remove import remove
from domain.bank_account.state import Removed, Usable, fold
from tests.domain.bank_account.accounts import BRITISH, COUNTRY, CURRENCY, DETAILS, add_account

STORED = {
    Scheme.IBAN: b'{"type":"iban","iban":"DE89370400440532013000","bic":"COBADEFFXXX"}',
    Scheme.US_ACH: b'{"type":"us_ach","routing_number":"021000021","account_number":"123456789"}',
    Scheme.IN_IFSC: b'{"type":"in_ifsc","ifsc":"HDFC0000001","account_number":"50100012345678"}',
    Scheme.GB_SORT_CODE: b'{"type":"gb_sort_code","sort_code":"601613","account_number":"31926819"}',
}


def test_an_account_is_usable_from_its_adding_to_its_removal() -> None:
    added = add(add_account(), lambda _: None)
    usable = fold((added,))
    assert isinstance(usable, Usable)
    assert usable.account.details == added.details
    assert remove(usable) == (BankAccountRemoved(),)
    assert fold((added, *remove(usable))) == Removed(usable.account)
    assert fold(()) is None


def test_removing_twice_says_nothing_new() -> None:
    removed = fold((add(add_account(), lambda _: None), BankAccountRemoved()))
    assert isinstance(removed, Removed)
    assert remove(removed) == ()


@pytest.mark.parametrize("scheme", Scheme)
def test_details_are_stored_under_names_that_never_change(scheme: Scheme) -> None:
    assert msgspec.json.encode(DETAILS[scheme]) == STORED[scheme]
    read: BankDetails = msgspec.json.decode(STORED[scheme], type=BankDetails)
    assert read == DETAILS[scheme]
    assert scheme_of(read) is scheme


@pytest.mark.parametrize("scheme", Scheme)
def test_an_account_says_where_it_is_and_what_it_moves(scheme: Scheme) -> None:
    assert country_of(DETAILS[scheme]) == COUNTRY[scheme]
    assert currency_of(DETAILS[scheme]) == (None if scheme is Scheme.IBAN else CURRENCY[scheme])


@pytest.mark.parametrize("scheme", Scheme)
def test_of_a_number_no_more_than_its_end_is_shown(scheme: Scheme) -> None:
    shown, number = masked(DETAILS[scheme]), number_of(DETAILS[scheme])
    assert shown.endswith(number[-4:])
    assert number[-5:] not in shown


def test_of_a_short_number_no_more_than_half_is_shown() -> None:
    assert masked(UsAch(routing_number="021000021", account_number="1234")) == "•••• …34"
    assert masked(UsAch(routing_number="021000021", account_number="")) == "•••• …"


def test_an_iban_also_shows_its_country() -> None:
    assert masked(BRITISH) == "GB•• •••• …6819"
