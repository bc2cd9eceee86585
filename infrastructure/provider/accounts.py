"""Our accounts at providers, as an operator writes them down: one JSON file, checked whole before any is used."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from infrastructure.provider.connector import AccountInvalid, ProviderAccount
from infrastructure.provider.reading import UNDECODABLE, decode

FROM_ENVIRONMENT = "env:"
"""A credential `env:NAME` is the value of the environment variable NAME, so that the file need hold no secret."""


def read_accounts(file: Path, environment: Mapping[str, str] = os.environ) -> Sequence[ProviderAccount]:
    """The accounts in `file`, in its order. Raises AccountInvalid."""
    try:
        accounts = decode(file.read_bytes(), list[ProviderAccount])
    except OSError as error:
        raise AccountInvalid(f"{file}: {error.strerror}") from error
    except UNDECODABLE as error:
        raise AccountInvalid(f"{file}: {error}") from error
    names = [account.name for account in accounts]
    if not names:
        raise AccountInvalid(f"{file}: names no provider")
    if twice := {name for name in names if names.count(name) > 1}:
        raise AccountInvalid(f"{file}: provider {', '.join(sorted(twice))} is there twice")
    return [replace(account, credentials=_resolved(account, environment)) for account in accounts]


def _resolved(account: ProviderAccount, environment: Mapping[str, str]) -> dict[str, str]:
    resolved = {}
    for name, value in account.credentials.items():
        variable = value.removeprefix(FROM_ENVIRONMENT)
        if variable != value:
            if not environment.get(variable):
                raise AccountInvalid(f"provider {account.name}: credentials.{name} names {variable}, which is not set")
            value = environment[variable]
        resolved[name] = value
    return resolved
