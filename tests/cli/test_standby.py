"""What `standby`, `failover` and `database` say to what cannot be, and of an address with several hosts."""

from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from infrastructure.postgres.connection.connecting import to_primary
from interfaces.cli.main import main
from interfaces.cli.shared import _PASSWORD
from interfaces.runtime.settings import VARIABLES
from tests.conftest import in_database
from tests.support.store import execute

SEVERAL = "postgresql://app:secret@one:5432,two:5433/tallystick"


def said(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_standby_has_to_be_told_whom_to_follow(folder: Path) -> None:
    result = said("standby", "--home", folder)
    assert (result.exit_code, "--of is needed" in result.output) == (2, True)
    result = said("standby", "--home", folder, "--of", "nobody at all")
    assert (result.exit_code, "expected a URL such as" in result.output) == (2, True)


def test_a_standby_needs_the_primarys_passwords(folder: Path) -> None:
    result = said("standby", "--home", folder, "--of", "postgresql://127.0.0.1:1")
    assert (result.exit_code, "--passwords copies them" in result.output) == (1, True)
    result = said("standby", "--home", folder / "b", "--of", "postgresql://127.0.0.1:1", "--passwords", folder)
    assert (result.exit_code, "postgres.password is not there" in result.output) == (2, True)


def test_what_is_no_standby_is_not_promoted(folder: Path) -> None:
    result = said("failover", "--home", folder)
    assert (result.exit_code, "no standby was made in" in result.output) == (1, True)


def test_a_promotion_by_somebody_else_raises_the_epoch(
    database_url: str, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLES["database_url"], database_url)
    monkeypatch.setenv(VARIABLES["nats_url"], "nats://127.0.0.1:1")
    assert "TALLYSTICK_OWNER_DATABASE_URL is not set" in said("failover", "--promoted").output
    monkeypatch.setenv(VARIABLES["owner_database_url"], owner_url)
    assert said("failover", "--promoted").output == "Epoch 2 has begun.\n"
    assert execute(database_url, "SELECT epoch FROM store_identity") == [(2,)]


def test_of_several_hosts_the_one_that_takes_writes_is_meant() -> None:
    assert "target_session_attrs=read-write" in to_primary(SEVERAL)
    assert to_primary(in_database(SEVERAL.replace(",two:5433", ""), "tallystick")).startswith("postgresql://")
    assert psycopg.conninfo.conninfo_to_dict(to_primary(SEVERAL))["host"] == "one,two"


def test_the_password_of_an_address_with_several_hosts_is_redacted() -> None:
    assert _PASSWORD.sub("[redacted]", f"no {SEVERAL}") == "no postgresql://[redacted]@one:5432,two:5433/tallystick"
