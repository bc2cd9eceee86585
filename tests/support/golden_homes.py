"""Homes as released versions left them, kept small under tests/data/homes: restored into an empty folder."""

import gzip
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.privileges import data_account
from infrastructure.embedded.roles import Role
from infrastructure.embedded.runtime import postgres_binaries

GOLDEN = Path(__file__).parents[1] / "data" / "homes"
DATABASE, FILES, FACTS = "database.sql.gz", "home.tar.gz", "facts.json"

Facts = dict[str, Any]


def golden_homes() -> list[Path]:
    """The folders of all golden homes."""
    return sorted(path.parent for path in GOLDEN.glob(f"*/{FACTS}"))


def facts_of(golden: Path) -> Facts:
    """What the version that wrote the home said of it."""
    facts: Facts = json.loads((golden / FACTS).read_text())
    return facts


def restore(golden: Path, home: Path, more: bytes = b"") -> Facts:
    """Make `home` a home as that version left it, with no server running; the facts that it was kept with.

    `more` is SQL for what that version could also have left.
    """
    facts = facts_of(golden)
    home.mkdir(mode=0o711, exist_ok=True)
    home.chmod(0o711)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress((golden / FILES).read_bytes()))) as files:
        files.extractall(home, filter="data")
    (home / "log").mkdir(exist_ok=True, mode=0o700)
    postgres = EmbeddedPostgres(home)
    postgres.start()
    try:
        _as_it_was(postgres, home, facts["roles"], facts["database_owner"])
        psql(postgres, gzip.decompress((golden / DATABASE).read_bytes()) + more)
    finally:
        postgres.stop()
    return facts


def _as_it_was(postgres: EmbeddedPostgres, home: Path, roles: Sequence[str], database_owner: str) -> None:
    """Leave an empty database, and of the roles those that there were."""
    with psycopg.connect(postgres.superuser_url, dbname="postgres", autocommit=True) as superuser:
        superuser.execute("DROP DATABASE tallystick")
        for role in Role:
            if role not in roles:
                superuser.execute(SQL("DROP ROLE {}").format(Identifier(role)))
                (home / f"postgres.{role.name.lower()}.password").unlink()
        superuser.execute(SQL("CREATE DATABASE tallystick OWNER {}").format(Identifier(database_owner)))


def psql(postgres: EmbeddedPostgres, script: bytes) -> None:
    program = postgres_binaries(postgres.home, data_account(postgres.home / "postgres")) / "psql"
    options = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", postgres.superuser_url]
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    subprocess.run([program, *options], input=script, check=True, stdout=subprocess.DEVNULL, env=environment)
