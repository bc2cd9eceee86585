"""A running system whose database is lost and restored as it was earlier, while its provider goes on."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import psycopg
from psycopg.sql import SQL, Identifier

from infrastructure.embedded.roles import Role
from interfaces.runtime.supervisor import Stack
from tests.crash.system import until_listening

KEPT: Final = "kept"


async def keep(stack: Stack) -> None:
    """Keep the database as it is now."""
    await _alone(stack, KEPT, copied_from=_database(stack))


async def turn_back(stack: Stack) -> None:
    """Lose the database, and go on with the one that was kept: what has happened since is not known here."""
    await _alone(stack, _database(stack), copied_from=KEPT)


async def operations_at(simulator_url: str) -> Mapping[str, int]:
    """How many charges the simulator has made, and how much of them it has captured and given back."""
    async with aiohttp.ClientSession() as http, http.get(f"{simulator_url}/v1/books?limit=1000") as answer:
        charges: list[dict[str, Any]] = (await answer.json())["charges"]
    return {
        "charges": len(charges),
        "captured": sum(charge["captured"] for charge in charges),
        "refunded": sum(charge["refunded"] for charge in charges),
    }


async def _alone(stack: Stack, made: str, *, copied_from: str) -> None:
    """With nobody connected: Postgres copies no database that is in use. The worker stays away: what it makes of the
    past is not asked here."""
    for process in (stack.worker, stack.api):
        await asyncio.to_thread(process.terminate, 8.0)
    maintenance = stack.embedded.postgres.superuser_url.rpartition("/")[0] + "/template1"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        for name in (made, copied_from):
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                (name,),
            )
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(made)))
        copy = SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        connection.execute(copy.format(Identifier(made), Identifier(copied_from), Identifier(Role.OWNER)))
    stack.api.start()
    await until_listening(stack.api, stack.url)


def _database(stack: Stack) -> str:
    return urlsplit(stack.embedded.postgres.url).path.removeprefix("/")
