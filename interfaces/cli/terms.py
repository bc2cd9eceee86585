"""`tallystick terms`: terms agreed with merchants, stored under numbers, in force for one merchant or for all."""

from collections.abc import Iterator
from typing import BinaryIO

import click
from rich.table import Column, Table

from application.terms.cache import TermsBook
from domain.history import Cause, Positioned
from domain.identifiers import MerchantId
from domain.terms.coverage import rules_of_known_regions
from domain.terms.events import TermsActivated, TermsAdded, TermsKind
from domain.terms.fee_plan import UNKNOWN, FeePlan
from domain.terms.free_captures import free_captures
from domain.terms.terms import MerchantTerms, Terms, name_of
from domain.terms.versions import TermsVersions
from interfaces.cli.named_file import naming_the_line, text_of
from interfaces.cli.shared import MerchantName, console, operator_option, report_failures, with_core
from interfaces.composition import Core

EVERYBODY = "everybody else"


class Kind(click.ParamType[TermsKind]):
    name = "kind"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> TermsKind:
        try:
            return TermsKind(value)
        except ValueError:
            self.fail(f"expected one of {', '.join(TermsKind)}, got {value!r}", param, ctx)


kind_argument = click.argument("kind", type=Kind())


@click.group()
def terms() -> None:
    """What is agreed with merchants: fees, settlement, conversion, payouts, disputes.

    KIND is one of these words. See docs/TERMS.md for the documents.
    """


@terms.command()
@kind_argument
@click.argument("file", type=click.File("rb"))
@report_failures
def check(kind: TermsKind, file: BinaryIO) -> None:
    """Say whether the terms in FILE could be agreed.

    Names the line at fault and exits with 1 if not. Nothing is kept. Warns of captures so small that their fee
    rounds to nothing, and of rules by which nothing is charged yet.
    """
    text = text_of(file)

    async def work(core: Core) -> Terms:
        return core.terms.commands.check(kind, text)

    with naming_the_line(file):
        checked = with_core(work)
    for warning in _warnings(checked) if isinstance(checked, FeePlan) else ():
        console.print(f"Warning: {warning}")
    console.print(f"{name_of(checked)} can be agreed.")


def _warnings(plan: FeePlan) -> Iterator[str]:
    yield from map(str, free_captures(plan))
    for rule in rules_of_known_regions(plan):
        reason = "no provider says where a method was issued"
        yield f"nothing is charged by “{rule.name}” yet: {reason}, and it leaves out “{UNKNOWN}”."


@terms.command()
@kind_argument
@click.argument("file", type=click.File("rb"))
@operator_option
@report_failures
def add(kind: TermsKind, file: BinaryIO, cause: Cause) -> None:
    """Keep the terms in FILE under a number.

    Prints the number, which counts within KIND; the same text has the same number again. They are in force from
    `tallystick terms activate` on.
    """
    text = text_of(file)

    async def work(core: Core) -> int:
        return await core.terms.commands.add(kind, text, cause)

    with naming_the_line(file):
        console.print(with_core(work))


@terms.command()
@kind_argument
@click.argument("number", type=click.IntRange(min=1))
@click.option("--merchant", "merchant_id", type=MerchantName(), help="Only for this merchant, such as mer_01h….")
@operator_option
@report_failures
def activate(kind: TermsKind, number: int, merchant_id: MerchantId | None, cause: Cause) -> None:
    """Put version NUMBER in force from now on.

    For one merchant, or else for every merchant who has none of that KIND of their own. It is checked again first; if
    it is refused, what was in force stays. Every process follows it within about a second.
    """

    async def work(core: Core) -> str:
        if merchant_id is not None:
            await core.access.directory.require_merchant(merchant_id)
        await core.terms.commands.activate(kind, number, merchant_id, cause)
        return (await core.terms.commands.versions()).get(kind, number).name

    console.print(f"{kind.value} {with_core(work)}:{number} is in force for {merchant_id or EVERYBODY}.")


@terms.command("list")
@click.argument("kind", type=Kind(), required=False)
@report_failures
def list_all(kind: TermsKind | None) -> None:
    """List all terms ever added, of KIND or of all, and when each came in force for whom."""

    async def work(core: Core) -> list[Positioned]:
        return list(await core.terms.commands.history())

    table = Table("kind", "version", "what happened", Column("for", no_wrap=True), "when", Column("by", no_wrap=True))
    names: dict[tuple[TermsKind, int], str] = {}
    for positioned in with_core(work):
        event = positioned.event
        match event.data:
            case TermsAdded(kind=of, number=number, name=name):
                names[of, number] = name
                told, whom = "added", ""
            case TermsActivated(kind=of, number=number, merchant_id=merchant_id):
                told, whom = "activated", merchant_id or EVERYBODY
            case _:
                continue
        if kind in (None, of):
            when = event.recorded_at.isoformat(sep=" ", timespec="seconds")
            table.add_row(of.value, f"{names[of, number]}:{number}", told, whom, when, event.actor)
    if table.row_count:
        console.print(table)
    else:
        console.print("No terms were added yet: the defaults are in force for every merchant.")


@terms.command()
@kind_argument
@click.argument("number", type=click.IntRange(min=1), required=False)
@report_failures
def show(kind: TermsKind, number: int | None) -> None:
    """Print version NUMBER as it was added, or what is in force for merchants without terms of their own."""

    async def work(core: Core) -> TermsVersions:
        return await core.terms.commands.versions()

    versions = with_core(work)
    shown = number or versions.active(kind, None)
    if shown is None:
        raise click.ClickException(f"No {kind.value} terms were activated for everybody yet: the default is in force.")
    click.echo(versions.get(kind, shown).document, nl=False)


@terms.command("of")
@click.argument("merchant_id", metavar="MERCHANT", type=MerchantName())
@report_failures
def of_merchant(merchant_id: MerchantId) -> None:
    """Say what is in force for MERCHANT: of each kind the version, and whether it is theirs alone."""

    async def work(core: Core) -> tuple[MerchantTerms, TermsVersions]:
        await core.access.directory.require_merchant(merchant_id)
        book = TermsBook(core.store)
        await book.refresh()
        return book.of(merchant_id), await core.terms.commands.versions()

    in_force, versions = with_core(work)
    table = Table("kind", "version", "agreed with")
    for kind in TermsKind:
        terms: Terms = getattr(in_force, kind.value)
        if (kind, merchant_id) in versions.activated:
            whom = "this merchant"
        elif (kind, None) in versions.activated:
            whom = EVERYBODY
        else:
            whom = "nobody yet: the default"
        table.add_row(kind.value, terms.version, whom)
    console.print(table)
