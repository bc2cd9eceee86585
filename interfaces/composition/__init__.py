"""Where the objects are wired: the one place that knows which real part stands behind which port."""

from infrastructure import garbage
from infrastructure.embedded import home as embedded_home
from infrastructure.embedded.errors import EmbeddedError, HomeInUse
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.ports import free_port
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.private_files import write_private
from infrastructure.embedded.process import ChildProcess
from infrastructure.observability.condition import Condition, Follower
from infrastructure.observability.logs import configure_logs
from infrastructure.postgres.journal import UnreadableEntry, fold_journal
from infrastructure.postgres.migrate import MigrationChanged
from infrastructure.postgres.posted_entries import posted_entries
from infrastructure.provider.connector import AccountInvalid
from infrastructure.serving import PortInUse
from infrastructure.simulator.delivery import WORDINGS as SIMULATOR_DIALECTS
from infrastructure.simulator.options import Options as SimulatorOptions
from infrastructure.simulator.server import run as serve_simulator
from interfaces.composition.api import serve_api
from interfaces.composition.commands import own_command
from interfaces.composition.core import SIMULATOR, Core, accounts_of, utc_now
from interfaces.composition.schema import migrate_all, view_connection
from interfaces.composition.worker import worker_tasks

__all__ = [
    "SIMULATOR",
    "SIMULATOR_DIALECTS",
    "AccountInvalid",
    "ChildProcess",
    "Condition",
    "Core",
    "EmbeddedError",
    "EmbeddedNats",
    "EmbeddedPostgres",
    "Follower",
    "HomeInUse",
    "MigrationChanged",
    "PortInUse",
    "SimulatorOptions",
    "UnreadableEntry",
    "accounts_of",
    "configure_logs",
    "embedded_home",
    "fold_journal",
    "free_port",
    "garbage",
    "migrate_all",
    "own_command",
    "posted_entries",
    "serve_api",
    "serve_simulator",
    "utc_now",
    "view_connection",
    "worker_tasks",
    "write_private",
]
