"""`python -m tests.support.golden_home_maker NAME`: a golden home of the running version, under tests/data/homes."""

import asyncio
import gzip
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from rich.console import Console

from infrastructure.embedded.privileges import data_account
from infrastructure.embedded.runtime import postgres_binaries
from interfaces.composition import Core
from interfaces.demo.command import EXAMPLE_ORDERS, HURRIED, PROVIDERS
from interfaces.demo.orders import Order, read_orders
from interfaces.demo.run import demonstrate
from interfaces.runtime.supervisor import Stack
from projections.views import VIEWS
from tests.support.golden_homes import DATABASE, FACTS, FILES, GOLDEN, Facts
from tests.support.running import Merchant, eventually, merchant_of
from tests.support.upgraded import SELECT_BALANCES

NO_SECRET: Final = b"golden-home-not-a-secret"
SELECT_OWNER: Final = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'tallystick'"
SELECT_ROLES: Final = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tallystick%' ORDER BY 1"
ORDERS_MAX: Final = 44
MANUAL: Final = {"capture_method": "manual"}
PAYMENTS: Final[dict[str, dict[str, Any]]] = {
    "captured-JPY": {"amount": 1_800, "currency": "JPY"},
    "captured-KWD": {"amount": 12_345, "currency": "KWD"},
    "created": {"amount": 4_200, "confirm": False},
    "authorized": {"amount": 5_000, **MANUAL},
    "voided": {"amount": 6_000, **MANUAL},
    "partly-captured": {"amount": 9_000, **MANUAL},
    "partly-refunded": {"amount": 8_000},
    "declined": {"amount": 1_000, "token": "tok_declined"},
    "requires-action": {"amount": 3_300, "token": "tok_3ds"},
    "to-refund": {"amount": 7_700},
}
STEPS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "voided": ("void", {}),
    "partly-captured": ("capture", {"amount": 4_000, "final": False}),
    "partly-refunded": ("refunds", {"amount": 3_000}),
}


def make(name: str) -> None:
    """Run a small varied load, and keep what came of it as `name`."""
    golden = GOLDEN / name
    golden.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o711)
        with Stack(home, simulators=PROVIDERS, environment=HURRIED) as stack:
            asyncio.run(demonstrate(stack.settings, stack.url, _orders(), Console(stderr=True)))
            facts = asyncio.run(_load(stack))
            stack.worker.terminate(8.0)
            stack.api.terminate(8.0)
            facts |= {"commit": name, "made_at": datetime.now(UTC).isoformat(timespec="seconds")}
            facts |= {"simulators": list(PROVIDERS), **_store(stack)}
            (golden / DATABASE).write_bytes(gzip.compress(_dump(stack), 9, mtime=0))
        (golden / FILES).write_bytes(gzip.compress(_files(home), 9, mtime=0))
    (golden / FACTS).write_text(json.dumps(facts, indent=1) + "\n")


def _orders() -> list[Order]:
    """One for each card, currency and course that there are, as far as there is room."""
    kinds = {(order.card, order.amount.currency, len(order.then)): order for order in read_orders(EXAMPLE_ORDERS)}
    return list(kinds.values())[:ORDERS_MAX]


async def _load(stack: Stack) -> Facts:
    facts: Facts = {"merchants": [], "payments": []}
    for shop in ("Golden Books", "Golden Coffee"):
        async with merchant_of(stack, shop) as merchant:
            facts["merchants"].append({"merchant_id": merchant.merchant_id, "secret": merchant.secret})
            if shop == "Golden Books":
                facts["payments"] = [await _pay(merchant, made_as) for made_as in PAYMENTS]
    async with Core(stack.settings) as core:
        await _until_views_stand_at(core, await core.store.head())
    return facts


async def _pay(merchant: Merchant, made_as: str) -> dict[str, Any]:
    made = (await merchant.pay(**PAYMENTS[made_as])).json
    if made_as in STEPS:
        verb, body = STEPS[made_as]
        await merchant.act(made["payment_id"], verb, **body)
    payment = await merchant.payment(made["payment_id"])
    return {"made_as": made_as, **{key: payment[key] for key in ("payment_id", "status", "amount", "currency")}}


async def _until_views_stand_at(core: Core, head: int) -> None:
    async def there() -> bool:
        return all(
            (each.position or 0) >= head for each in (await core.health.condition()).followers if each.name in VIEWS
        )

    await eventually(there, "the views have taken everything in")


def _store(stack: Stack) -> Facts:
    with psycopg.connect(stack.embedded.postgres.superuser_url) as connection:

        def rows(query: Any) -> list[Any]:
            return connection.execute(query).fetchall()

        return {
            "head": rows("SELECT max(notification_id) FROM stored_events")[0][0],
            "account_balances": [[code, currency, int(minor)] for code, currency, minor in rows(SELECT_BALANCES)],
            "database_owner": rows(SELECT_OWNER)[0][0],
            "roles": [role for (role,) in rows(SELECT_ROLES)],
        }


def _dump(stack: Stack) -> bytes:
    postgres = stack.embedded.postgres
    program = postgres_binaries(postgres.home, data_account(postgres.home / "postgres")) / "pg_dump"
    return subprocess.run([program, "--dbname", postgres.superuser_url], check=True, capture_output=True).stdout


def _files(home: Path) -> bytes:
    """The simulators' books, the accounts, and the password files with no secret in them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(_kept(home)):
            entry = tarfile.TarInfo(str(path.relative_to(home)))
            content = NO_SECRET if path.suffix == ".password" else path.read_bytes()
            entry.mode, entry.size = 0o600, len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _kept(home: Path) -> Iterable[Path]:
    return (*home.glob("*.password"), home / "providers.json", *home.glob("simulators/*/*.sqlite3"))


if __name__ == "__main__":
    make(sys.argv[1])
