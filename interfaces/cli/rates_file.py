"""Rates in a file that somebody names: read as UTF-8, and pointed at when they are refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import click

from domain.fx.ecb import CHARACTERS_MAX
from domain.fx.rates_file import RatesInvalid


def text_of(file: BinaryIO) -> str:
    data = file.read(CHARACTERS_MAX + 1)
    if len(data) > CHARACTERS_MAX:
        raise click.ClickException(f"{file.name} has more than {CHARACTERS_MAX:,} bytes, which no rates have.")
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
    except RatesInvalid as error:
        raise click.ClickException(f"{file.name}, line {error.line}: {error.reason}.") from None
