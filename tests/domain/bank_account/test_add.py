"""An account is added as a bank would take it, or refused with the field that it would not."""

import pytest

from domain.bank_account.add import BankAccountInvalid, Fault, add
from domain.bank_account.details import BankDetails, GbSortCode, Iban, Scheme
from domain.bank_account.events import BankAccountAdded
from domain.card_data import CardDataRefused
from domain.money.currencies import UnknownCurrency
from tests.domain.bank_account.accounts import DETAILS, add_account


def nothing_wrong(_: BankDetails) -> None:
    return None


@pytest.mark.parametrize("scheme", Scheme)
def test_an_account_of_every_scheme_is_added_as_it_was_asked_for(scheme: Scheme) -> None:
    command = add_account(scheme)
    assert add(command, nothing_wrong) == BankAccountAdded(
        merchant_id=command.merchant_id,
        holder_name="Müller & Söhne GmbH",
        currency=command.currency,
        country=command.country,
        details=DETAILS[scheme],
    )


def test_a_number_is_kept_without_the_groups_that_people_write() -> None:
    grouped = Iban(iban=" de89 3704 0044 0532 0130 00", bic="cobadeff xxx")
    assert add(add_account(details=grouped), nothing_wrong).details == DETAILS[Scheme.IBAN]
    hyphens = GbSortCode(sort_code="60-16-13", account_number="3192 6819")
    assert add(add_account(Scheme.GB_SORT_CODE, details=hyphens), nothing_wrong).details == DETAILS[Scheme.GB_SORT_CODE]


def test_what_the_check_finds_is_told_of_the_field_in_which_it_is() -> None:
    with pytest.raises(BankAccountInvalid) as refused:
        add(add_account(), lambda _: Fault("iban", "has wrong check digits"))
    assert (refused.value.field, refused.value.reason) == ("details.iban", "has wrong check digits")


def test_the_check_judges_the_number_without_its_groups() -> None:
    seen: list[BankDetails] = []
    add(add_account(details=Iban(iban="DE89 3704 0044 0532 0130 00")), seen.append)
    assert seen == [Iban(iban="DE89370400440532013000")]


@pytest.mark.parametrize("scheme", Scheme)
def test_the_country_has_to_be_that_of_the_account(scheme: Scheme) -> None:
    with pytest.raises(BankAccountInvalid) as refused:
        add(add_account(scheme, country="FR"), nothing_wrong)
    assert refused.value.field == "country"


@pytest.mark.parametrize("scheme", sorted(set(Scheme) - {Scheme.IBAN}))
def test_a_scheme_of_one_country_moves_its_currency_alone(scheme: Scheme) -> None:
    with pytest.raises(BankAccountInvalid) as refused:
        add(add_account(scheme, currency="CHF"), nothing_wrong)
    assert refused.value.field == "currency"


def test_an_iban_may_name_an_account_in_any_currency_there_is() -> None:
    assert add(add_account(currency="CHF"), nothing_wrong).currency == "CHF"
    with pytest.raises(UnknownCurrency):
        add(add_account(currency="XXX"), nothing_wrong)


@pytest.mark.parametrize("name", ["王小明", "Müller 王", "…", "", "A" * 71, "ß" * 36])
def test_a_name_that_no_file_could_have_is_refused(name: str) -> None:
    with pytest.raises(BankAccountInvalid) as refused:
        add(add_account(holder_name=name), nothing_wrong)
    assert refused.value.field == "holder_name"


@pytest.mark.parametrize("name", ["Иван Щербаков", "Γιώργος Παπαδόπουλος", "A" * 70, "ß" * 35, "Łódź & Søn (EU) Ltd."])
def test_a_name_that_can_be_spelt_is_taken_and_kept_as_it_was_written(name: str) -> None:
    assert add(add_account(holder_name=f"  {name} "), nothing_wrong).holder_name == name


def test_a_card_number_is_no_name() -> None:
    with pytest.raises(CardDataRefused):
        add(add_account(holder_name="Anna 4242 4242 4242 4242"), nothing_wrong)


def test_an_account_for_euros_outside_the_eea_is_added_with_its_banks_bic() -> None:
    british = Iban(iban="GB29NWBK60161331926819")
    with pytest.raises(BankAccountInvalid) as refused:
        add(add_account(details=british, country="GB"), nothing_wrong)
    assert (refused.value.field, refused.value.reason) == ("details.bic", "is needed for an account outside the EEA")
    known = Iban(iban=british.iban, bic="NWBKGB2LXXX")
    assert add(add_account(details=known, country="GB"), nothing_wrong).details == known
    assert add(add_account(details=british, country="GB", currency="GBP"), nothing_wrong).details == british
