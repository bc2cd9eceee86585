"""The composition wires the objects: no other package knows which real part stands behind which port.

A part is imported at its first use, so that a process loads the parts that it runs and no others."""
# Imported here for other packages.
# mypy: implicit-reexport
# ruff: noqa: F401

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infrastructure import garbage
    from infrastructure.backup.errors import BackupError
    from infrastructure.embedded import home as embedded_home
    from infrastructure.embedded.errors import EmbeddedError, HomeInUse
    from infrastructure.embedded.failover import promote
    from infrastructure.embedded.log_file import LogLimits
    from infrastructure.embedded.nats import EmbeddedNats
    from infrastructure.embedded.ports import free_port
    from infrastructure.embedded.postgres import EmbeddedPostgres
    from infrastructure.embedded.primary import Address, addresses
    from infrastructure.embedded.private_files import write_private
    from infrastructure.embedded.process import ChildProcess
    from infrastructure.embedded.revival import revived
    from infrastructure.embedded.standby import (
        EmbeddedStandby,
        Standing,
        password_files,
        read_standing,
        stream_at,
        take_off,
    )
    from infrastructure.observability.condition import ARCHIVE, Condition, Follower
    from infrastructure.observability.logs import configure_logs
    from infrastructure.postgres.backups import BackupState
    from infrastructure.postgres.connection.epoch import raise_epoch_at
    from infrastructure.postgres.connection.standbys import Standby
    from infrastructure.postgres.event_store.journal import UnreadableEntry, fold_journal
    from infrastructure.postgres.event_store.posted_entries import posted_entries
    from infrastructure.postgres.migrate import MigrationChanged, OwnerNeeded, StoreNewer
    from infrastructure.provider.connector import AccountInvalid
    from infrastructure.serving import PortInUse, require_free
    from infrastructure.simulator.delivery import WORDINGS as SIMULATOR_DIALECTS
    from infrastructure.simulator.options import Options as SimulatorOptions
    from infrastructure.simulator.server import run as serve_simulator
    from interfaces.composition.api import serve_api
    from interfaces.composition.clock import utc_now
    from interfaces.composition.commands import own_command
    from interfaces.composition.connections import OF_TOOLS, TooFewConnections, connections_of, require_connections
    from interfaces.composition.core import Core
    from interfaces.composition.outside import SIMULATOR, accounts_of, check_outside
    from interfaces.composition.schema import migrate_all, refuse_newer, view_connection
    from interfaces.composition.upgrade import Upgrade, rebuild_outdated, upgrade_due
    from interfaces.composition.worker import worker_tasks
else:
    _PARTS = {
        "ARCHIVE": "infrastructure.observability.condition:ARCHIVE",
        "SIMULATOR": "interfaces.composition.outside:SIMULATOR",
        "SIMULATOR_DIALECTS": "infrastructure.simulator.delivery:WORDINGS",
        "Address": "infrastructure.embedded.primary:Address",
        "EmbeddedStandby": "infrastructure.embedded.standby:EmbeddedStandby",
        "Standing": "infrastructure.embedded.standby:Standing",
        "addresses": "infrastructure.embedded.primary:addresses",
        "password_files": "infrastructure.embedded.standby:password_files",
        "promote": "infrastructure.embedded.failover:promote",
        "raise_epoch_at": "infrastructure.postgres.connection.epoch:raise_epoch_at",
        "read_standing": "infrastructure.embedded.standby:read_standing",
        "stream_at": "infrastructure.embedded.standby:stream_at",
        "take_off": "infrastructure.embedded.standby:take_off",
        "AccountInvalid": "infrastructure.provider.connector:AccountInvalid",
        "BackupError": "infrastructure.backup.errors:BackupError",
        "BackupState": "infrastructure.postgres.backups:BackupState",
        "ChildProcess": "infrastructure.embedded.process:ChildProcess",
        "Condition": "infrastructure.observability.condition:Condition",
        "Core": "interfaces.composition.core:Core",
        "EmbeddedError": "infrastructure.embedded.errors:EmbeddedError",
        "EmbeddedNats": "infrastructure.embedded.nats:EmbeddedNats",
        "EmbeddedPostgres": "infrastructure.embedded.postgres:EmbeddedPostgres",
        "Follower": "infrastructure.observability.condition:Follower",
        "HomeInUse": "infrastructure.embedded.errors:HomeInUse",
        "LogLimits": "infrastructure.embedded.log_file:LogLimits",
        "MigrationChanged": "infrastructure.postgres.migrate:MigrationChanged",
        "OwnerNeeded": "infrastructure.postgres.migrate:OwnerNeeded",
        "OF_TOOLS": "interfaces.composition.connections:OF_TOOLS",
        "PortInUse": "infrastructure.serving:PortInUse",
        "SimulatorOptions": "infrastructure.simulator.options:Options",
        "Standby": "infrastructure.postgres.connection.standbys:Standby",
        "TooFewConnections": "interfaces.composition.connections:TooFewConnections",
        "UnreadableEntry": "infrastructure.postgres.event_store.journal:UnreadableEntry",
        "accounts_of": "interfaces.composition.outside:accounts_of",
        "check_outside": "interfaces.composition.outside:check_outside",
        "configure_logs": "infrastructure.observability.logs:configure_logs",
        "connections_of": "interfaces.composition.connections:connections_of",
        "embedded_home": "infrastructure.embedded.home",
        "fold_journal": "infrastructure.postgres.event_store.journal:fold_journal",
        "free_port": "infrastructure.embedded.ports:free_port",
        "garbage": "infrastructure.garbage",
        "migrate_all": "interfaces.composition.schema:migrate_all",
        "own_command": "interfaces.composition.commands:own_command",
        "posted_entries": "infrastructure.postgres.event_store.posted_entries:posted_entries",
        "require_connections": "interfaces.composition.connections:require_connections",
        "require_free": "infrastructure.serving:require_free",
        "revived": "infrastructure.embedded.revival:revived",
        "serve_api": "interfaces.composition.api:serve_api",
        "serve_simulator": "infrastructure.simulator.server:run",
        "StoreNewer": "infrastructure.postgres.migrate:StoreNewer",
        "refuse_newer": "interfaces.composition.schema:refuse_newer",
        "Upgrade": "interfaces.composition.upgrade:Upgrade",
        "rebuild_outdated": "interfaces.composition.upgrade:rebuild_outdated",
        "upgrade_due": "interfaces.composition.upgrade:upgrade_due",
        "utc_now": "interfaces.composition.clock:utc_now",
        "view_connection": "interfaces.composition.schema:view_connection",
        "worker_tasks": "interfaces.composition.worker:worker_tasks",
        "write_private": "infrastructure.embedded.private_files:write_private",
    }

    def __getattr__(name: str) -> Any:
        """The part of that name (PEP 562)."""
        if name not in _PARTS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        part = globals()[name] = resolve_name(_PARTS[name])
        return part
