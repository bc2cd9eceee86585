"""The file of our accounts at providers: read whole, and refused whole, with the account and the field at fault."""

from pathlib import Path

import pytest

from infrastructure.provider.accounts import read_accounts
from infrastructure.provider.connector import AccountInvalid, Connector, ProviderAccount
from infrastructure.provider.registry import CONNECTORS, connect

ONE = '{"name": "north", "connector": "simulator", "url": "http://127.0.0.1:1"}'


def with_field(field: str) -> str:
    """One account with a further field."""
    return f"[{ONE[:-1]}, {field}}}]"


def written(folder: Path, text: str) -> Path:
    file = folder / "providers.json"
    file.write_text(text)
    return file


def test_the_accounts_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = f'[{ONE}, {{"name": "south", "connector": "stripe", "url": "https://api", "timeout_s": 3}}]'
    north, south = read_accounts(written(tmp_path, text))
    assert (north.name, north.timeout_s, south.name, south.timeout_s) == ("north", 10.0, "south", 3.0)


def test_a_secret_may_be_in_the_environment(tmp_path: Path) -> None:
    text = with_field('"credentials": {"webhook_secret": "env:NORTH", "other": "plain"}')
    [account] = read_accounts(written(tmp_path, text), {"NORTH": "hush"})
    assert (account.credential("webhook_secret"), account.credential("other")) == ("hush", "plain")
    with pytest.raises(AccountInvalid, match=r"north: credentials\.webhook_secret names NORTH, which is not set"):
        read_accounts(written(tmp_path, text), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "names no provider"),
        ("{", "providers.json"),
        ("\x00", "providers.json"),
        (f"[{ONE}, {ONE}]", "provider north is there twice"),
        (f"[{ONE}]".replace("north", "No rth"), "name"),
        (with_field('"timeout_s": 0'), "timeout_s"),
        (with_field('"timout_s": 5'), "timout_s"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AccountInvalid, match=said):
        read_accounts(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AccountInvalid, match=r"gone\.json: No such file"):
        read_accounts(tmp_path / "gone.json")


def test_a_connector_that_nobody_wrote_is_refused_with_those_there_are() -> None:
    account = ProviderAccount(name="north", connector="acme", url="http://127.0.0.1:1")  # type: ignore[arg-type]
    with pytest.raises(AccountInvalid, match="no connector 'acme', only aps, checkout, simulator, stripe"):
        connect(account)


@pytest.mark.parametrize("name", sorted(set(CONNECTORS) - {"simulator"}))
async def test_a_missing_credential_is_named(name: str) -> None:
    account = ProviderAccount(name="north", connector=name, url="http://127.0.0.1:1")  # type: ignore[arg-type]
    with pytest.raises(AccountInvalid, match=r"provider north: credentials\.\w+ is missing"):
        connect(account)


async def test_the_simulator_needs_no_credential() -> None:
    connector = connect(ProviderAccount(name="north", connector="simulator", url="http://127.0.0.1:1"))  # type: ignore[arg-type]
    assert isinstance(connector, Connector)
    await connector.aclose()


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('"url": "http://127.0.0.1:2"', "url"),
        ('"credentials": {"secret_key": "sk_1", "secret_key": "sk_2"}', "secret_key"),
    ],
)
def test_a_member_that_stands_there_twice_is_refused_by_its_name(tmp_path: Path, field: str, name: str) -> None:
    with pytest.raises(AccountInvalid, match=f"'{name}' is there twice"):
        read_accounts(written(tmp_path, with_field(field)))
