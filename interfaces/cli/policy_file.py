"""A policy or terms in a file that an operator names: read as UTF-8, and pointed at when they are refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import click

from domain.routing.document import PolicyInvalid
from domain.terms.documents.document import TermsInvalid

BYTES_MAX = 1_000_000
"""More than any document has: who names the wrong file is told, not kept waiting."""


def text_of(file: BinaryIO) -> str:
    data = file.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise click.ClickException(f"{file.name} has more than {BYTES_MAX:,} bytes, which no document has.")
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
    except (PolicyInvalid, TermsInvalid) as error:
        raise click.ClickException(f"{file.name}, line {error.line}: {error.reason}.") from None
