"""A policy in a file that an operator names: read as UTF-8, and pointed at when it is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import click

from domain.routing.document import PolicyInvalid

BYTES_MAX = 1_000_000
"""More than any policy has: who names the wrong file is told, not kept waiting."""


def text_of(file: BinaryIO) -> str:
    data = file.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise click.ClickException(f"{file.name} has more than {BYTES_MAX:,} bytes, which no policy has.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise click.ClickException(f"{file.name}, line {line}: this is not UTF-8.") from None


@contextmanager
def pointing_at(file: BinaryIO) -> Iterator[None]:
    """A refusal names the file beside the line."""
    try:
        yield
    except PolicyInvalid as error:
        raise click.ClickException(f"{file.name}, line {error.line}: {error.reason}.") from None
