"""`tallystick fx`: rates imported, published, listed and asked for, amounts converted, gain and loss reported."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from domain.identifiers import MerchantId, PaymentId
from domain.ledger.accounts import AccountCode, Side, pending, psp_clearing
from domain.ledger.entry import JournalEntryPosted, Posting
from domain.money.money import Money
from interfaces.cli import fx
from projections.ledger import moments
from tests.cli.conftest import Run
from tests.cli.test_cli import catch_up
from tests.support.domain import ACQUIRER, eur, usd
from tests.support.rates import (
    DAILY_CSV,
    FRIDAY,
    FRIDAY_RATES,
    OPERATOR_TEXT,
    THURSDAY,
    THURSDAY_RATES,
    ecb_xml,
)
from tests.support.store import append_all, open_store, stored

# The tests run now, whenever that is: their days have to be over.
DAYS = {THURSDAY.replace(year=2025): THURSDAY_RATES, FRIDAY.replace(year=2025): FRIDAY_RATES}
HIST, DAILY = ecb_xml(DAYS), DAILY_CSV.replace("2026", "2025")
OWN = OPERATOR_TEXT.replace("2026", "2025")
MERCHANT = MerchantId("mer_acme")


@pytest.fixture
def hist(tmp_path: Path) -> str:
    return written(tmp_path, "hist.xml", HIST)


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


def said(run: Run, *arguments: str) -> str:
    result = run("fx", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(run: Run, *arguments: str) -> str:
    result = run("fx", *arguments)
    assert result.exit_code == 1, result.output
    return result.output


def test_rates_are_imported_published_and_listed(run: Run, hist: str, tmp_path: Path) -> None:
    assert said(run, "list") == "There are none.\n"
    daily = written(tmp_path, "daily.csv", DAILY)
    assert said(run, "import", daily, hist, "--as", "anna").splitlines() == [
        f"{daily}: days that are new: 1 of 1, ecb:1.",
        f"{hist}: days that are new: 1 of 2, ecb:2.",
    ]
    own = written(tmp_path, "own.json", OWN)
    assert [said(run, "publish", own) for _ in range(2)] == ["3\n", "3\n"]
    listed = said(run, "list")
    assert listed.index("operator:3") < listed.index("ecb:2") < listed.index("ecb:1")
    assert "operator:anna@cli" in listed
    assert "2025-11-20T15:00:00+00:00" in listed


def test_a_long_list_begins_with_the_last(run: Run, hist: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fx, "SHOWN_MAX", 1)
    said(run, "import", hist)
    listed = said(run, "list")
    assert "ecb:2" in listed
    assert "ecb:1" not in listed
    assert "1 more before them." in listed


def test_currencies_that_are_none_any_more_are_told(run: Run, tmp_path: Path) -> None:
    old = written(tmp_path, "old.xml", HIST.replace("'GBP'", "'ITL'"))
    assert "Left out, no currencies of ISO 4217 any more: ITL on 2 days." in said(run, "import", old)


def test_a_mistake_is_told_with_its_file_and_line(run: Run, hist: str, tmp_path: Path) -> None:
    wrong = written(tmp_path, "wrong.xml", HIST.replace("1.0850", "1,0850"))
    assert f"{wrong}, line 14: “1,0850” is no rate of USD." in refused(run, "import", hist, wrong)
    assert "ecb:2" in said(run, "list"), "the files before it are kept"
    own = written(tmp_path, "wrong.json", OWN.replace('"1.0842"', "1.0842"))
    assert f"{own}, line 6: the rate of USD has to be a text" in refused(run, "publish", own)
    other = written(tmp_path, "other.xml", HIST.replace("1.0850", "1.0851"))
    told = refused(run, "import", other)
    assert "ecb:2 has another rate of USD, published at 2025-11-20T15:00:00+00:00 as well." in told
    future = written(tmp_path, "future.json", OWN.replace("2025", "2999"))
    assert "which is in the future" in refused(run, "publish", future)


@pytest.mark.parametrize(
    ("data", "says"), [(b"Date,USD\n2025-11-20,\xff", "line 2: this is not UTF-8"), (b" " * 101, "more than 100 bytes")]
)
def test_a_file_that_is_no_text_of_rates_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, says: str
) -> None:
    monkeypatch.setattr(fx, "CHARACTERS_MAX", 100)
    path = tmp_path / "wrong.csv"
    path.write_bytes(data)
    assert says in refused(run, "import", str(path))


def test_a_rate_is_told_with_where_it_comes_from(run: Run, hist: str) -> None:
    assert "No exchange rate from USD to EUR is known." in refused(run, "rate", "USD", "EUR")
    said(run, "import", hist)
    told = "1 USD = 0.921658986175 EUR (ecb:2, published 2025-11-20T15:00:00+00:00)\n"
    assert said(run, "rate", "USD", "EUR") == told
    assert said(run, "rate", "USD", "EUR", "--at", "2025-11-20T15:00:00Z") == told
    assert "(ecb:1, published 2025-11-19" in said(run, "rate", "USD", "EUR", "--at", "2025-11-20T14:59:59Z")
    assert "No exchange rate" in refused(run, "rate", "USD", "EUR", "--at", "2025-11-18T00:00:00Z")
    assert "expected an RFC 3339 time" in refused(run, "rate", "USD", "EUR", "--at", "yesterday")
    assert "no ISO 4217 currency" in refused(run, "rate", "USD", "XXX")


def test_an_amount_is_converted_as_the_documentation_has_it(run: Run, hist: str) -> None:
    said(run, "import", hist)
    lines = said(run, "convert", "100.00", "USD", "EUR", "--mark-up", "100").splitlines()
    assert lines[0].startswith("100.00 USD at 1 USD = 0.921658986175 EUR (ecb:2, ")
    assert [line.split() for line in lines[1:]] == [
        ["value", "92.17", "EUR"],
        ["mark-up", "0.92", "EUR"],
        ["settled", "91.24", "EUR"],
        ["residue", "0.01", "EUR"],
    ]
    assert "'100.001' is no amount of USD" in refused(run, "convert", "100.001", "USD", "EUR")
    assert "from 1 to" in refused(run, "convert", "0.00", "USD", "EUR")
    assert "is the most" in refused(run, "convert", "90000000000000.00", "USD", "CLF")


# gain and loss


@pytest.fixture
async def converted(database_url: str, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """USD 100.00 were converted at the rate of Friday, without a mark-up; when that was."""
    monkeypatch.setattr(moments, "WAIT_S", 0.05)
    value, at = eur("92.17"), datetime.now(UTC) - timedelta(minutes=1)
    postings = (
        Posting(psp_clearing(ACQUIRER), Side.DEBIT, usd("100.00")),
        Posting(AccountCode("fx:USD"), Side.CREDIT, usd("100.00")),
        Posting(AccountCode("fx:EUR"), Side.DEBIT, value),
        Posting(pending(MERCHANT), Side.CREDIT, value),
    )
    payment_id = PaymentId(uuid4())
    entry = JournalEntryPosted(
        cause_id=payment_id,
        payment_id=payment_id,
        merchant_id=MERCHANT,
        cause="payment.captured.v2",
        cause_version=5,
        postings=postings,
    )
    async with open_store(database_url) as store:
        await append_all(store, [stored(uuid4(), 1, entry, recorded_at=at)])
    return at


def test_gain_and_loss_are_reported(run: Run, database_url: str, converted: datetime, tmp_path: Path) -> None:
    for text in (HIST, OWN.replace("1.0842", "1.0000")):
        command = "import" if text is HIST else "publish"
        said(run, command, written(tmp_path, command, text))
    asyncio.run(catch_up(database_url))
    report = msgspec.json.decode(said(run, "report", "--base", "EUR", "--format", "json"))
    assert {line["account"]: (line["amount"], line["rates"], line["value"]) for line in report["lines"]} == {
        "fx:USD": ({"minor": 10_000, "currency": "USD"}, "operator:3", {"minor": 10_000, "currency": "EUR"}),
        "fx:EUR": ({"minor": -9_217, "currency": "EUR"}, None, {"minor": -9_217, "currency": "EUR"}),
    }
    assert report["unrealised"] == msgspec.to_builtins(eur("7.83"))
    assert report["mark_up"] == report["residue"] == msgspec.to_builtins(eur("0.00"))
    table = said(run, "report", "--base", "EUR")
    for told in ("100.00 USD", "operator:3", "-92.17 EUR", "unrealised: open positions", "7.83 EUR"):
        assert told in table
    in_yen = msgspec.json.decode(said(run, "report", "--base", "JPY", "--format", "json"))
    assert {line["rates"] for line in in_yen["lines"]} == {"ecb:2"}


def test_gain_and_loss_are_those_of_any_moment(run: Run, database_url: str, converted: datetime, hist: str) -> None:
    said(run, "import", hist)
    asyncio.run(catch_up(database_url))
    before = (converted - timedelta(seconds=1)).isoformat()
    assert (
        msgspec.json.decode(said(run, "report", "--base", "EUR", "--as-of", before, "--format", "json"))["lines"] == []
    )
    then = msgspec.json.decode(
        said(run, "report", "--base", "EUR", "--as-of", converted.isoformat(), "--format", "json")
    )
    assert then["unrealised"] == msgspec.to_builtins(Money(0, "EUR"))
    assert "is in the future" in refused(run, "report", "--base", "EUR", "--as-of", "2999-01-01T00:00:00Z")
    assert "expected an RFC 3339 time" in refused(run, "report", "--base", "EUR", "--as-of", "7")


def test_a_report_that_cannot_value_everything_is_refused(run: Run, database_url: str, converted: datetime) -> None:
    asyncio.run(catch_up(database_url))
    assert "No exchange rate from EUR to GBP is known." in refused(run, "report", "--base", "GBP")
    assert "no ISO 4217 currency" in refused(run, "report", "--base", "XXX")


def test_a_report_waits_for_the_books_rather_than_tell_less(run: Run, converted: datetime) -> None:
    assert "has not come to position" in refused(run, "report", "--base", "EUR")
