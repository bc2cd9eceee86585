"""Commands on operators' keys."""

import click

from application.access.merchant import NewKey
from application.access.operator import Role, create_operator_key
from interfaces import ids
from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core


@click.group()
def operator() -> None:
    """Operators' and auditors' API keys."""


@operator.command("create-key")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(list(map(str, Role))),
    default=Role.OPERATOR.value,
    show_default=True,
    help="An auditor only looks.",
)
@report_failures
def create_key(name: str, role: str) -> None:
    """Make an API key for the operator called NAME. The secret is shown this once; only its digest is kept."""

    async def work(core: Core) -> NewKey:
        return await create_operator_key(core.access.operators, name, Role(role), ids.new_id)

    made = with_core(work)
    console.print(f"key id   {made.key_id}")
    console.print(f"secret   {made.secret}")


@operator.command("revoke-key")
@click.argument("key_id")
@report_failures
def revoke_key(key_id: str) -> None:
    """Revoke KEY_ID: from the next request on it is refused."""

    async def work(core: Core) -> None:
        await core.access.operators.revoke_operator_key(key_id)

    with_core(work)
    console.print(f"{key_id} is revoked.")
