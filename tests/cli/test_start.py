"""What keeps a process from starting is one sentence, said before anything is printed as ready."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from interfaces.runtime.settings import VARIABLES
from tests.cli.conftest import Run

BAD_PROVIDERS = [
    ("{", "Expected `array`, got `object`"),
    ("", "truncated"),
    ("[]", "names no provider"),
    ('[{"name": "a", "connector": "nobody", "url": "http://127.0.0.1:1", "credentials": {}}]', "nobody"),
    ('[{"name": "a", "connector": "stripe", "url": "http://127.0.0.1:1", "credentials": {}}]', "credentials"),
]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def is_one_sentence(result: Result, *words: str) -> None:
    assert result.exit_code == 1, result.output
    assert result.output.startswith("Error: "), result.output
    assert result.output.count("\n") == 1, result.output
    for word in words:
        assert word in result.output


@pytest.mark.parametrize("command", ["dev", "serve"])
def test_a_taken_port(run: Run, taken_port: int, command: str) -> None:
    result = run(command, "--port", str(taken_port))
    is_one_sentence(result, f"cannot listen on 127.0.0.1:{taken_port}", "--port")


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(("text", "told"), BAD_PROVIDERS)
def test_a_bad_file_of_providers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, text: str, told: str
) -> None:
    file = tmp_path / "providers.json"
    file.write_text(text)
    monkeypatch.setenv(VARIABLES["providers_file"], str(file))
    is_one_sentence(run(command), told)


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_file_of_providers_that_is_not_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv(VARIABLES["providers_file"], str(tmp_path / "nowhere.json"))
    is_one_sentence(run(command), "nowhere.json: No such file or directory")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_an_account_of_ours_that_is_none(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv(VARIABLES["bank_debtor_iban"], "XX00")
    is_one_sentence(run(command), "TALLYSTICK_BANK_DEBTOR_", "iban")


def test_more_processes_than_the_database_has_connections(run: Run) -> None:
    is_one_sentence(
        run("serve", "--workers", "64"), "up to 640 connections", "takes 100", "--workers", "max_connections"
    )
