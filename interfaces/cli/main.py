"""The command `tallystick`: the parts of the system, and the operators' tools."""

import gc
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Final

import click

COMMANDS: Final[Mapping[str, str]] = {
    "dev": "interfaces.cli.run:dev",
    "serve": "interfaces.cli.run:serve",
    "worker": "interfaces.cli.run:worker",
    "simulator": "interfaces.cli.run:simulator",
    "upgrade": "interfaces.cli.upgrade:upgrade",
    "database": "interfaces.cli.standby:database",
    "standby": "interfaces.cli.standby:standby",
    "failover": "interfaces.cli.standby:failover",
    "migrate": "interfaces.cli.run:migrate",
    "demo": "interfaces.demo.command:demo",
    "status": "interfaces.cli.status:status",
    "merchant": "interfaces.cli.merchants:merchant",
    "key": "interfaces.cli.merchants:key",
    "operator": "interfaces.cli.operators:operator",
    "events": "interfaces.cli.events:events",
    "orphans": "interfaces.cli.orphans:orphans",
    "payouts": "interfaces.cli.payouts:payouts",
    "dead-letters": "interfaces.cli.dead_letters:dead_letters",
    "disputes": "interfaces.cli.disputes:disputes",
    "replay": "interfaces.cli.replay:replay",
    "backup": "interfaces.cli.backup:backup",
    "restore": "interfaces.cli.restore:restore",
    "rebuild": "interfaces.cli.rebuild:rebuild",
    "ledger": "interfaces.cli.ledger:ledger",
    "reopen": "interfaces.cli.reopen:reopen",
    "routing": "interfaces.cli.routing:routing",
    "doubts": "interfaces.cli.doubts:doubts",
    "record": "interfaces.cli.record:record",
    "terms": "interfaces.cli.terms:terms",
    "fx": "interfaces.cli.fx:fx",
    "funds": "interfaces.cli.funds:funds",
    "settlement": "interfaces.cli.settlement:settlement",
    "accounting": "interfaces.cli.accounting:accounting",
}
"""The place of each command. Only the command that is called is imported, so that commands start quickly."""

# Hundreds of modules are imported and never freed: repeated garbage collections would take a tenth of the start.
# Servers set up the collector themselves.
gc.set_threshold(50_000, 20, 50)


class Commands(click.Group):
    """The group of `COMMANDS`, each imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.add_command(resolve_name(COMMANDS[cmd_name]), cmd_name)
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tallystick")
def main() -> None:
    """Tallystick: an event-sourced payment core.

    Without TALLYSTICK_DATABASE_URL and TALLYSTICK_NATS_URL the commands use an embedded Postgres and NATS, whose data
    lie under TALLYSTICK_HOME; they start them when no other tallystick process has.
    """


if __name__ == "__main__":
    main()
