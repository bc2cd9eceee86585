"""What every benchmark has at hand: how long to take, where to print, and servers of its own on fresh data."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.postgres import EmbeddedPostgres
from interfaces import composition
from interfaces.runtime.settings import Settings
from interfaces.runtime.supervisor import Stack
from tests.benchmarks.machine import postgres_settings


class Bench(Struct, frozen=True, kw_only=True):
    """`quick` asks for the same figures, less exactly, in under 50 seconds. `folder` is the benchmark's own, and is
    removed afterwards. `base` is the commit of the project to run beside this one; empty, there is none."""

    quick: bool
    console: Console
    folder: Path
    base: str = ""

    def say(self, text: str) -> None:
        """Progress, apart from the result: on standard error."""
        Console(stderr=True).print(text, style="dim")

    @contextmanager
    def postgres(self, settings: Mapping[str, str] = {}) -> Iterator[EmbeddedPostgres]:
        """Postgres with our schema and the views' tables, as `tallystick dev` runs it but for `settings`."""
        home = Path(tempfile.mkdtemp(dir=self.folder))
        server = EmbeddedPostgres(home, settings=settings)
        server.start()
        try:
            composition.migrate_all(Settings(database_url=server.superuser_url, nats_url=""))
            with psycopg.connect(server.superuser_url) as connection:
                self.console.print(postgres_settings(connection))
            yield server
        finally:
            server.stop()

    @contextmanager
    def nats(self) -> Iterator[EmbeddedNats]:
        server = EmbeddedNats(Path(tempfile.mkdtemp(dir=self.folder)))
        server.start()
        try:
            yield server
        finally:
            server.stop()

    @contextmanager
    def stack(
        self, environment: Mapping[str, str] = {}, *, simulators: Sequence[str] = ("simulator",)
    ) -> Iterator[Stack]:
        """Postgres, NATS, the simulators, the worker and the API, each in its own process."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        with Stack(folder, simulators=simulators, environment=environment) as stack:
            with psycopg.connect(stack.settings.database_url) as connection:
                self.console.print(postgres_settings(connection))
            yield stack


class Report(NamedTuple):
    """`figures` is the last line's JSON object; `notes` are said under the table, such as a target that was missed."""

    table: Table
    figures: Mapping[str, Any]
    notes: tuple[str, ...] = ()


Benchmark = Callable[[Bench], Report]
