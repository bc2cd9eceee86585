"""Every account has a name that beancount and hledger take, and every such name leads back to its account."""

import re

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.accounts import AccountCode
from interfaces.books.account_names import foreign_name
from tests.support.account_names import own_code

_TAKEN_BY_BEANCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+", re.ASCII)

names = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"])) | st.from_regex(
    r"(mer_|X-|-)?[a-zA-Z0-9_-]{0,12}", fullmatch=True
)
codes = st.builds(
    lambda form, name: AccountCode(form.format(name)),
    st.sampled_from(
        [
            *("psp:{}:clearing", "psp:{}:fees", "holds:{}", "bank:{}", "fx:{}"),
            *(f"merchant:{{}}:{bucket}" for bucket in ("authorized", "pending", "held", "available", "in_transit")),
        ]
    ),
    names,
)


@given(codes)
def test_a_name_is_well_formed_and_leads_back(code: AccountCode) -> None:
    name = foreign_name(code)
    assert _TAKEN_BY_BEANCOUNT.fullmatch(name)
    assert own_code(name) == code


@given(codes, codes)
def test_two_accounts_never_share_a_name(one: AccountCode, other: AccountCode) -> None:
    assert (foreign_name(one) == foreign_name(other)) == (one == other)


def test_names_say_what_kind_of_account_it_is() -> None:
    assert {code: foreign_name(AccountCode(code)) for code in EXPECTED} == EXPECTED


EXPECTED = {
    "psp:simulator:clearing": "Assets:Psp:Simulator:Clearing",
    "psp:simulator:fees": "Expenses:Psp:Simulator:Fees",
    "bank:main": "Assets:Bank:Main",
    "holds:simulator": "Equity:Memorandum:Holds:Simulator",
    "merchant:mer_1:authorized": "Equity:Memorandum:Merchant:Mer-5f1:Authorized",
    "merchant:mer_1:pending": "Liabilities:Merchant:Mer-5f1:Pending",
    "merchant:mer_1:in_transit": "Liabilities:Merchant:Mer-5f1:In-5ftransit",
    "platform:fees": "Income:Platform:Fees",
    "platform:losses": "Expenses:Platform:Losses",
    "platform:provisions": "Liabilities:Platform:Provisions",
    "suspense:psp:simulator": "Assets:Suspense:Psp:Simulator",
    "fx:EUR": "Equity:Fx:X-EUR",
}
