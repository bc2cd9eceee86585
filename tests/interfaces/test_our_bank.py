"""Where our bank is and which account is ours there: by default the simulator's, and a wrong one is named at once."""

import pytest

from interfaces.composition import Core
from interfaces.runtime.settings import SettingInvalid, Settings, from_environment, to_environment

NEEDED = {"TALLYSTICK_DATABASE_URL": "postgresql://", "TALLYSTICK_NATS_URL": "nats://"}


def test_the_settings_of_our_bank_are_read_and_handed_on() -> None:
    given = NEEDED | {
        "TALLYSTICK_BANK_URL": "http://bank.example",
        "TALLYSTICK_BANK_DEBTOR_NAME": "Us Ltd",
        "TALLYSTICK_BANK_DEBTOR_IBAN": "NL91ABNA0417164300",
        "TALLYSTICK_BANK_DEBTOR_BIC": "ABNANL2A",
        "TALLYSTICK_BANK_DEBTOR_ACCOUNTS": '{"USD": {"iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}}',
    }
    settings = from_environment(given)
    assert settings.bank_url == "http://bank.example"
    assert (settings.bank_debtor_name, settings.bank_debtor_bic) == ("Us Ltd", "ABNANL2A")
    assert given.items() <= to_environment(settings).items()
    assert from_environment(to_environment(settings)) == settings
    assert from_environment(to_environment(from_environment(NEEDED))) == from_environment(NEEDED)


async def test_an_account_of_ours_that_no_bank_has_is_named_before_anything_is_opened() -> None:
    settings = Settings(database_url="", nats_url="", bank_debtor_iban="DE89370400440532013001")
    with pytest.raises(SettingInvalid, match="iban has wrong check digits"):
        async with Core(settings):
            pass
