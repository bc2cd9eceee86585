"""Our accounts at providers and at our bank, and the clients that reach them there."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from domain.identifiers import ProviderName
from infrastructure.bank.debtor import Debtor, DebtorInvalid, debtor
from infrastructure.bank.simulated import SimulatedBank
from infrastructure.provider.accounts import read_accounts
from infrastructure.provider.connector import Connector, ProviderAccount
from infrastructure.provider.registry import connect as connect_provider
from interfaces.runtime.settings import SettingInvalid, Settings

SIMULATOR = ProviderName("simulator")


def accounts_of(settings: Settings) -> Sequence[ProviderAccount]:
    """Our accounts at providers: those of the file, or the simulator alone. Raises AccountInvalid."""
    if settings.providers_file:
        return read_accounts(Path(settings.providers_file))
    return [
        ProviderAccount(
            name=SIMULATOR,
            connector="simulator",
            url=settings.simulator_url,
            timeout_s=settings.provider_timeout_s,
        )
    ]


def debtor_of(settings: Settings) -> Debtor:
    """Our own accounts at our bank. Raises SettingInvalid."""
    try:
        return debtor(
            settings.bank_debtor_name,
            settings.bank_debtor_iban,
            settings.bank_debtor_bic,
            settings.bank_debtor_accounts,
        )
    except DebtorInvalid as error:
        raise SettingInvalid(f"TALLYSTICK_BANK_DEBTOR_…: {error}.") from error


class Outside(NamedTuple):
    """The parts of the outside that the system calls."""

    connectors: dict[ProviderName, Connector]
    bank: SimulatedBank


@asynccontextmanager
async def outside(settings: Settings, accounts: Sequence[ProviderAccount]) -> AsyncIterator[Outside]:
    """Our providers and our bank, as the settings describe them. Raises AccountInvalid, SettingInvalid."""
    async with AsyncExitStack() as connecting:
        connectors: dict[ProviderName, Connector] = {}
        for account in accounts:
            connector = connect_provider(account)
            connecting.push_async_callback(connector.aclose)
            connectors[account.name] = connector
        bank = SimulatedBank(
            settings.bank_url or f"{settings.simulator_url}/bank",
            debtor_of(settings),
            timeout_s=settings.provider_timeout_s,
        )
        connecting.push_async_callback(bank.aclose)
        yield Outside(connectors, bank)


async def check_outside(settings: Settings) -> None:
    """Check the settings of providers and of our bank without calling any of them. Raises AccountInvalid,
    SettingInvalid."""
    async with outside(settings, accounts_of(settings)):
        pass
