"""What an account may take is what everybody gives it: recovery does not step in while the first request runs."""

from pathlib import Path

import msgspec

from interfaces.composition import Core
from interfaces.runtime.settings import Settings


def test_an_operation_is_left_alone_for_as_long_as_the_slowest_account_may_take(tmp_path: Path) -> None:
    accounts = [
        {"name": name, "connector": "simulator", "url": "http://127.0.0.1:1", "timeout_s": timeout_s}
        for name, timeout_s in (("quick", 3.0), ("slow", 40.0))
    ]
    file = tmp_path / "accounts.json"
    file.write_bytes(msgspec.json.encode(accounts))
    settings = Settings(database_url="", nats_url="", providers_file=str(file), provider_timeout_s=10.0)
    assert Core(settings).provider_timeout_s == 40.0
