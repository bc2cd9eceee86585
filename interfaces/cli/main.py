"""The command `tallystick`: every part of the system, and the tools that look after it."""

import click

from interfaces.cli.dead_letters import dead_letters
from interfaces.cli.demo import demo
from interfaces.cli.doubts import doubts
from interfaces.cli.events import events
from interfaces.cli.ledger import ledger
from interfaces.cli.merchants import key, merchant
from interfaces.cli.operators import operator
from interfaces.cli.rebuild import rebuild
from interfaces.cli.replay import replay
from interfaces.cli.routing import routing
from interfaces.cli.run import dev, migrate, serve, simulator, worker
from interfaces.cli.status import status
from interfaces.cli.terms import terms


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tallystick")
def main() -> None:
    """Tallystick: an event-sourced payment core.

    Without TALLYSTICK_DATABASE_URL and TALLYSTICK_NATS_URL the commands use an embedded Postgres and NATS, whose data
    lie under TALLYSTICK_HOME; they start them when no other tallystick process has.
    """


COMMANDS = (
    *(dev, serve, worker, simulator, migrate, demo, status),
    *(merchant, key, operator, events, dead_letters, replay, rebuild, ledger, routing, terms, doubts),
)
for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
