"""One home, several commands: who holds it shares its servers, and what it keeps is private."""

from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

import msgspec
import pytest

from interfaces import composition
from interfaces.runtime.settings import VARIABLES, Settings
from interfaces.runtime.supervisor import SHARED, Embedded, NotReady, servers
from tests.cli.conftest import Run

THEIRS = Settings(database_url="postgresql://theirs", nats_url="nats://theirs", simulator_url="http://theirs")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting but those that a test names: the suite's own are in the environment."""
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def held(folder: Path) -> Iterator[Path]:
    """A home that another tallystick holds."""
    with composition.embedded_home.Home(folder):
        yield folder


@pytest.mark.parametrize("field", VARIABLES)
def test_what_the_environment_names_goes_before_what_the_holder_shares(
    held: Path, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    ours = {
        "provider_timeout_s": 3.5,
        "in_doubt_after_s": 60,
        "refusal_stands_after_s": 2.5,
        "log_level": "DEBUG",
        "backup_verified_within_h": 24.0,
        "log_bytes_max": 1000000,
        "log_files_max": 3,
        "payout_batch_every_s": 7.5,
    }.get(field, "scheme://ours")
    (held / SHARED).write_bytes(msgspec.json.encode(THEIRS))
    monkeypatch.setenv(VARIABLES[field], str(ours))
    with servers(held) as settings:
        assert settings == msgspec.structs.replace(THEIRS, **{field: ours})


def test_a_holder_that_is_still_starting_is_told(held: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYSTICK_HOME", str(held))
    monkeypatch.delenv(VARIABLES["nats_url"])
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert result.output == f"Error: another tallystick is still starting on {held}; try again\n"


def test_what_a_killed_holder_shared_is_gone_before_the_servers_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / SHARED).write_bytes(msgspec.json.encode(THEIRS))
    seen: list[bool] = []

    def start(_: object) -> None:
        seen.append((folder / SHARED).exists())
        raise NotReady

    monkeypatch.setattr(composition.EmbeddedNats, "start", start)
    monkeypatch.setenv(VARIABLES["database_url"], "postgresql://ours")
    with pytest.raises(NotReady), Embedded(folder):
        pass
    assert seen == [False]


def test_the_settings_are_shared_with_one_account_and_while_the_home_is_held(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLES["database_url"], "postgresql://ours")
    with Embedded(folder) as embedded:
        shared = folder / SHARED
        assert msgspec.json.decode(shared.read_bytes(), type=Settings) == embedded.settings
        assert S_IMODE(shared.stat().st_mode) == 0o600
    assert not shared.exists()


def test_the_simulators_books_are_in_a_folder_of_one_account(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "serve_simulator", lambda *_: None)
    books = tmp_path / "books"
    assert run("simulator", "--data", str(books)).exit_code == 0
    assert S_IMODE(books.stat().st_mode) == 0o700
