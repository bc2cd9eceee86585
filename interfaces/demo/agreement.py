"""The terms of the demonstration's merchant: settled at once, in euros, at the rates in force."""

from datetime import date, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from domain.history import Cause
from domain.identifiers import MerchantId
from domain.terms.events import TermsKind
from interfaces.composition import Core, utc_now

AGREED: Final = Path(__file__).parent / "agreed"
RATES: Final = Path(__file__).parent / "rates.csv"
"""In the form of the ECB's, with invented values."""
IN_ORDER: Final = (TermsKind.FEES, TermsKind.SETTLEMENT, TermsKind.CONVERSION, TermsKind.PAYOUTS)
"""All kinds are one stream: a process that has read the last of these has read all of them."""


class Agreed(Struct, frozen=True, kw_only=True):
    """One document and its version."""

    kind: TermsKind
    version: str
    document: str


async def publish_rates(core: Core, cause: Cause) -> str:
    """Publish rates dated yesterday, as today's may not be out yet. Returns their version."""
    yesterday = utc_now().date() - timedelta(days=1)
    imported = await core.fx.commands.import_ecb(dated(RATES.read_text(encoding="utf-8"), yesterday), cause)
    return f"ecb:{imported.numbers[-1]}"


async def agree(core: Core, merchant_id: MerchantId, cause: Cause) -> list[Agreed]:
    """Put every document in force for the merchant."""
    agreed = []
    for kind in IN_ORDER:
        document = (AGREED / f"{kind.value}.json").read_text(encoding="utf-8")
        number = await core.terms.commands.add(kind, document, cause)
        await core.terms.commands.activate(kind, number, merchant_id, cause)
        name = (await core.terms.commands.versions()).get(kind, number).name
        agreed.append(Agreed(kind=kind, version=f"{name}:{number}", document=document))
    return agreed


def dated(rates: str, day: date) -> str:
    """A file of one day's rates in the ECB's form, dated `day`."""
    header, row = rates.splitlines()
    _, comma, values = row.partition(",")
    return f"{header}\n{day.isoformat()}{comma}{values}\n"
