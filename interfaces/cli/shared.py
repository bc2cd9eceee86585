"""What the commands have in common: where the data are, and how a failure is told."""

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import psycopg
from rich.console import Console

from application.store import StoreUnavailable
from domain.errors import DomainError
from domain.history import Cause
from interfaces import composition, ids
from interfaces.composition import Core
from interfaces.http.problems import PROBLEMS, problem_body
from interfaces.settings import SettingInvalid, Settings
from interfaces.stack import NotReady, servers

P = ParamSpec("P")
T = TypeVar("T")

WIDTH_MIN = 120
"""Tables are not cut off when the output goes to a file or a pipe, which have no width of their own."""

_PASSWORD = re.compile(r"(?<=://)[^/@\s]+(?=@)")

console = Console(width=None if sys.stdout.isatty() else WIDTH_MIN, markup=False, emoji=False)
"""Prints text as it is: what a merchant wrote is data, and brackets or colons in it mean nothing."""


def home() -> Path:
    return composition.embedded_home.default_home()


def operator() -> Cause:
    """Who acts where events name an actor: whoever may run commands on this machine."""
    return Cause(actor="operator:cli", request_id=ids.new_id("req"), trace_id=ids.new_uuid().hex)


def told_clearly(command: Callable[P, T]) -> Callable[P, T]:
    """A failure that an operator can do something about becomes one clear line and exit code 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (
            composition.EmbeddedError,
            composition.PortInUse,
            NotReady,
            SettingInvalid,
            StoreUnavailable,
            DomainError,
            composition.MigrationChanged,
            psycopg.Error,
        ) as error:
            raise click.ClickException(_PASSWORD.sub("[redacted]", _sentence(error))) from error

    return run


def _sentence(error: Exception) -> str:
    """What the API would say of a refusal; of any other failure, its own words."""
    if isinstance(error, DomainError) and type(error) in PROBLEMS:
        return problem_body(error, "").detail
    return str(error)


@contextmanager
def migrated_settings() -> Iterator[Settings]:
    """Settings for servers that run, with the schema at this version."""
    with servers(home()) as settings:
        composition.migrate_all(settings)
        yield settings


def with_core(work: Callable[[Core], Coroutine[Any, Any, T]]) -> T:
    """Do `work` with the parts of the system, on servers that run."""

    async def run(settings: Settings) -> T:
        async with Core(settings) as core:
            return await work(core)

    with migrated_settings() as settings:
        return asyncio.run(run(settings))
