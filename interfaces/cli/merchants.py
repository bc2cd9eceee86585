"""Commands on merchants and their API keys."""

import click

from application.access.merchant import NewKey, create_key, create_merchant
from domain.identifiers import MerchantId
from interfaces import ids
from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core


@click.group()
def merchant() -> None:
    """Merchants."""


@merchant.command("create")
@click.argument("name")
@report_failures
def create(name: str) -> None:
    """Register a merchant called NAME and print its id. It needs a key next: `tallystick key create`."""

    async def work(core: Core) -> MerchantId:
        return await create_merchant(core.access.directory, name, ids.new_id)

    console.print(with_core(work))


@click.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.argument("merchant_id")
@report_failures
def create_one(merchant_id: str) -> None:
    """Make an API key for MERCHANT_ID. The secret is shown this once; only its digest is kept."""

    async def work(core: Core) -> NewKey:
        return await create_key(core.access.directory, MerchantId(merchant_id), ids.new_id)

    made = with_core(work)
    console.print(f"key id   {made.key_id}")
    console.print(f"secret   {made.secret}")


@key.command("revoke")
@click.argument("key_id")
@report_failures
def revoke(key_id: str) -> None:
    """Revoke KEY_ID: within a second it is refused everywhere."""

    async def work(core: Core) -> None:
        await core.access.directory.revoke_key(key_id)

    with_core(work)
    console.print(f"{key_id} is revoked.")
