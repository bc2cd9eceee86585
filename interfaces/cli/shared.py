"""The common parts of the commands: the home folder, the acting operator, failures, and access to the system."""

import asyncio
import os
import pwd
import re
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from uuid import UUID

import click
import psycopg
from rich.console import Console

from application.write.store import StoreUnavailable
from domain.card_data import holds_card_number
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import MerchantId
from interfaces import composition, ids
from interfaces.runtime.settings import SettingInvalid, Settings, as_reader
from interfaces.runtime.supervisor import NotReady, servers

if TYPE_CHECKING:  # not every command needs it
    from interfaces.composition import Core

P = ParamSpec("P")
T = TypeVar("T")

WIDTH_MIN = 120
"""The width of tables in a file or a pipe, which have no width of their own."""

OPERATOR_NAME_MAX = 64

_PASSWORD = re.compile(r"(?<=://)[^/@\s]+(?=@)")

console = Console(width=None if sys.stdout.isatty() else WIDTH_MIN, markup=False, emoji=False)
"""Prints text unchanged: brackets and colons in a merchant's text are no markup."""


def home() -> Path:
    return composition.embedded_home.default_home()


def operator(name: str) -> Cause:
    """The cause of an act of that operator by the command line."""
    return Cause(actor=f"operator:{name}@cli", request_id=ids.new_id("req"), trace_id=ids.new_uuid().hex)


class OperatorName(click.ParamType[Cause]):
    """An operator's name, converted to the cause of the operator's act."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Cause:
        if not value or value != value.strip() or not value.isprintable() or len(value) > OPERATOR_NAME_MAX:
            self.fail(f"expected a name of up to {OPERATOR_NAME_MAX} printable characters", param, ctx)
        if holds_card_number(value):
            self.fail("this looks like a card number", param, ctx)
        return operator(value)


class MerchantName(click.ParamType[MerchantId]):
    """An id such as `mer_01h…`; the merchant's existence is not checked."""

    name = "merchant"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> MerchantId:
        if ids.parse(value, "mer") is None:
            self.fail(f"expected an id such as mer_01h…, got {value!r}", param, ctx)
        return MerchantId(value)


def id_given(text: str, *prefixes: str, called: str) -> UUID:
    """The id in the argument named `called`. Raises click.BadParameter."""
    uuid = ids.parse(text, *prefixes)
    if uuid is None:
        examples = " or ".join(f"{prefix}_01h…" for prefix in prefixes)
        raise click.BadParameter(f"expected an id such as {examples}, got {text!r}", param_hint=called)
    return uuid


def _login_name() -> str:
    """The user in the operating system's records, as the variable USER can be set to anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


operator_option = click.option(
    "--as",
    "cause",
    type=OperatorName(),
    envvar="TALLYSTICK_OPERATOR",
    default=_login_name,
    help="Who does this, as it is recorded; else TALLYSTICK_OPERATOR, else your login name.",
)
"""The option of every command that records an event; the command receives the `cause`."""


def report_failures(command: Callable[P, T]) -> Callable[P, T]:
    """A failure that an operator can mend becomes one line on standard error and exit code 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (
            composition.AccountInvalid,
            composition.BackupError,
            composition.EmbeddedError,
            composition.PortInUse,
            NotReady,
            SettingInvalid,
            StoreUnavailable,
            DomainError,
            composition.MigrationChanged,
            composition.OwnerNeeded,
            composition.StoreNewer,
            composition.TooFewConnections,
            psycopg.Error,
        ) as error:
            raise click.ClickException(_PASSWORD.sub("[redacted]", sentence(error))) from error

    return run


def sentence(error: Exception) -> str:
    """The problem's detail for a refusal, as in the API; the error's own text for any other failure."""
    # Not imported at the top: a command that succeeds does not need the table, and starts sooner.
    from interfaces.resources.problems.table import PROBLEMS, problem_body

    if isinstance(error, DomainError) and type(error) in PROBLEMS:
        return problem_body(error, "").detail
    return str(error)


@contextmanager
def migrated_settings() -> Iterator[Settings]:
    """Settings of running servers, with the schema at this version."""
    with servers(home()) as settings:
        composition.migrate_all(settings)
        yield settings


def with_core(
    work: Callable[["Core"], Coroutine[Any, Any, T]], *, read_only: bool = False, needs_open_store: bool = False
) -> T:
    """Run `work` with the parts of the system on running servers; `read_only` work uses the role that only reads.

    Work that moves money, or calls a provider or a bank, `needs_open_store`: a closed store raises StoreClosed.
    """

    async def run(settings: Settings) -> T:
        async with composition.Core(settings) as core:
            if needs_open_store:
                core.gate.require_open()
            return await work(core)

    with migrated_settings() as settings:
        return asyncio.run(run(as_reader(settings) if read_only else settings))
