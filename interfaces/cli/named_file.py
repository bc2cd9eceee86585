"""A file that an operator names is read as UTF-8, and refused with its name and line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import click

from domain.fx.rates_file import RatesInvalid
from domain.routing.document import PolicyInvalid
from domain.settlement.file import SettlementFileInvalid
from domain.terms.documents.document import TermsInvalid

DOCUMENT_BYTES_MAX: Final = 1_000_000
"""More than any policy or terms have, so that a wrong file is refused at once."""
TABLE_BYTES_MAX: Final = 256_000_000
"""More than a file of rates, or a settlement of a million rows, has."""


def text_of(file: BinaryIO, *, bytes_max: int = DOCUMENT_BYTES_MAX) -> str:
    data = file.read(bytes_max + 1)
    if len(data) > bytes_max:
        raise click.ClickException(f"{file.name} has more than {bytes_max:,} bytes, which no such file has.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise click.ClickException(f"{file.name}, line {line}: this is not UTF-8.") from None


@contextmanager
def naming_the_line(file: BinaryIO) -> Iterator[None]:
    """Refusals of the file's content in the block become a click.ClickException that names the file and the line."""
    try:
        yield
    except (PolicyInvalid, TermsInvalid, RatesInvalid, SettlementFileInvalid) as error:
        raise click.ClickException(f"{file.name}, line {error.line}: {error.reason}.") from None
