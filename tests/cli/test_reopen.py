"""`tallystick reopen` asks nobody who is live before somebody has said yes."""

import json
from pathlib import Path

import pytest

from interfaces.runtime.settings import VARIABLES
from tests.cli.conftest import Run
from tests.support.store import execute

LIVE = {
    "name": "acquirer",
    "connector": "stripe",
    "url": "https://stripe.invalid",
    "credentials": {"secret_key": "sk_live_1", "webhook_secret": "whsec_1"},
}


def test_a_live_provider_is_named_and_not_asked_without_a_yes(
    run: Run, database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = folder / "providers.json"
    accounts.write_text(json.dumps([LIVE]))
    monkeypatch.setenv(VARIABLES["providers_file"], str(accounts))
    execute(database_url, "UPDATE store_identity SET closed_at = now(), closed_because = 'the store was restored'")
    result = run("reopen")
    assert result.exit_code == 1
    assert "Provider acquirer (stripe) at https://stripe.invalid" in result.output
    assert "This asks live providers (acquirer): say --yes." in result.output
    assert execute(database_url, "SELECT closed_at IS NULL FROM store_identity") == [(False,)]


def test_an_open_store_is_left_as_it_is(run: Run) -> None:
    result = run("reopen")
    assert (result.exit_code, result.output.strip()) == (0, "The store is open.")
