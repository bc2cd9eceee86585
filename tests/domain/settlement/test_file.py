"""A settlement's file is read whole, or refused with the line at fault."""

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.settlement_events import MovementKind, ProviderCost
from domain.settlement.events import ItemKind
from domain.settlement.file import COLUMNS, SettlementFileInvalid, parse_settlement
from domain.settlement.rows import ItemRow, SettlementRow, UnknownRow
from tests.support.domain import eur

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HEAD = [
    "settlement_id,st_2026-11-20",
    "provider,simulator",
    "bank,house",
    "currency,EUR",
    "paid_at,2026-11-21T00:00:00+01:00",
]
FIRST, SECOND = OperationId(UUID(int=7)), "re_77"
ROWS = [
    f"capture,{FIRST},ch_1,100.00,0.20,0.03,0.10,-0.01,99.68",
    f"refund,,{SECOND},-30.00,-0.06,0.01,0,0,-29.95",
]


def text(head: list[str] = HEAD, total: str = "69.73", rows: list[str] = ROWS) -> str:
    return "\n".join([*head, f"total,{total}", ",".join(COLUMNS), *rows])


def refused(wrong: str) -> SettlementFileInvalid:
    with pytest.raises(SettlementFileInvalid) as refusal:
        parse_settlement(wrong, NOW)
    return refusal.value


def test_a_file_says_what_was_paid_for_which_movement_at_what_cost() -> None:
    file = parse_settlement(text(), NOW)
    assert (file.settlement_id, file.provider, file.bank, file.currency) == (
        "st_2026-11-20",
        "simulator",
        "house",
        "EUR",
    )
    assert (file.paid_at, file.total) == (datetime(2026, 11, 20, 23, tzinfo=UTC), eur("69.73"))
    capture, refund = file.rows
    assert capture == SettlementRow(
        line=8,
        movement=MovementKind.CAPTURE,
        operation_id=FIRST,
        reference="ch_1",
        gross=eur("100.00"),
        cost=ProviderCost(interchange_minor=20, scheme_minor=3, markup_minor=10, other_minor=-1),
        net=eur("99.68"),
    )
    assert isinstance(refund, SettlementRow)
    assert (refund.named, refund.gross, refund.line) == (SECOND, eur("-30.00"), 9)


def test_a_settlement_of_nothing_is_one() -> None:
    assert parse_settlement(text(total="0.00", rows=[]), NOW).rows == ()


def test_empty_lines_are_left_out_and_counted() -> None:
    assert [row.line for row in parse_settlement(text(rows=["", *ROWS, ""]), NOW).rows] == [9, 10]


@pytest.mark.parametrize(
    ("line", "said", "wrong"),
    [
        (1, "settlement_id", ""),
        (2, "provider", "\n".join([HEAD[0], HEAD[2]])),
        (2, "provider", text([HEAD[0], "provider,psp:clearing", *HEAD[2:]])),
        (3, "bank", text([*HEAD[:2], "bank,House@Bank", *HEAD[3:]])),
        (1, "card number", text(["settlement_id,4242424242424242", *HEAD[1:]])),
        (4, "ISO 4217", text([*HEAD[:3], "currency,XXX", HEAD[4]])),
        (5, "RFC 3339", text([*HEAD[:4], "paid_at,yesterday"])),
        (5, "RFC 3339", text([*HEAD[:4], "paid_at,2026-11-21T00:00:00"])),
        (6, "comes to 69.73 EUR", text(total="69.74")),
        (6, "no amount", text(total="69.730")),
        (7, "columns", text().replace("net", "paid")),
        (8, "gross less the costs is 99.68 EUR", text(rows=[ROWS[0].replace("99.68", "99.69"), ROWS[1]])),
        (8, "UUID", text(rows=[ROWS[0].replace(str(FIRST), "cap_1"), ROWS[1]])),
        (1, "separated by semicolons", text().replace(",", ";")),
        (1, "separated by tabs", text().replace(",", "\t")),
        (5, "in the future", text([*HEAD[:4], "paid_at,2026-11-27T12:00:01Z"])),
        (6, "a decimal point, and no comma", text(total='"69,73"')),
        (8, "a decimal point, and no comma", text(rows=[ROWS[0].replace("100.00", '"1.100,00"'), ROWS[1]])),
        (8, "no thousands separators", text(rows=[ROWS[0].replace("100.00", '"1,100.00"'), ROWS[1]])),
        (9, "fee without a reference is in it twice", text(rows=["fee,,,-1,0,0,0,0,-1", "fee,,,-2,0,0,0,0,-2"])),
        (9, "neither", text(rows=[ROWS[0], ROWS[1].replace(SECOND, "")])),
        (9, "twice", text(rows=[ROWS[1], ROWS[1]])),
        (9, "9 values", text(rows=[ROWS[0], "refund"])),
        (8, "too large", text(rows=["capture,,x,99999999999999999.00,0,0,0,0,99999999999999999.00"])),
        (8, "no CSV", text(rows=['"capture"x', ROWS[1]])),
    ],
)
def test_what_is_wrong_is_told_with_its_line(line: int, said: str, wrong: str) -> None:
    refusal = refused(wrong)
    assert refusal.line == line
    assert said in refusal.reason


FEE, ADJUSTMENT = "fee,,terminal rent,-25.00,0,0,0,0,-25.00", "adjustment,,,3.10,0,0,0,0.10,3.00"


def test_what_is_no_movement_is_an_item() -> None:
    rows = parse_settlement(text(total="47.73", rows=[*ROWS, FEE, ADJUSTMENT]), NOW).rows
    assert rows[2:] == (
        ItemRow(
            line=10,
            kind=ItemKind.FEE,
            reference="terminal rent",
            gross=eur("-25.00"),
            cost=ProviderCost(),
            net=eur("-25.00"),
        ),
        ItemRow(
            line=11,
            kind=ItemKind.ADJUSTMENT,
            reference=None,
            gross=eur("3.10"),
            cost=ProviderCost(other_minor=10),
            net=eur("3.00"),
        ),
    )


def test_a_row_of_a_kind_that_nobody_knows_leaves_the_others_as_they_are() -> None:
    file = parse_settlement(text(total="64.73", rows=[*ROWS, "topup,,tu_1,-5.00,0,0,0,0,-5.00"]), NOW)
    assert file.rows[:2] == parse_settlement(text(), NOW).rows
    assert file.rows[2] == UnknownRow(line=10, movement="topup", named="tu_1", net=eur("-5.00"))


def padded(line: str) -> str:
    return " , ".join(line.split(","))


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("\ufeff" + text(), id="a byte order mark"),
        pytest.param(text().replace("\n", "\r\n") + "\r\n", id="lines that end as on Windows"),
        pytest.param("\n".join(map(padded, text().split("\n"))), id="padded cells"),
        pytest.param("\n".join(f"{line},,," for line in text().split("\n")), id="empty columns at the end"),
        pytest.param(text() + "\n,,,,,,,,\n , ,\n\n", id="empty rows at the end"),
        pytest.param(re.sub(r"([^,\n]+)", r'"\1"', text()), id="everything quoted"),
        pytest.param(re.sub(r"([^,\n]+)", '" \\1\xa0"', text()), id="quoted and padded"),
    ],
)
def test_a_file_is_read_as_a_spreadsheet_writes_it(written: str) -> None:
    assert parse_settlement(written, NOW) == parse_settlement(text(), NOW)


def test_amounts_have_their_currencys_decimals() -> None:
    rows = ["capture,,ch_1,100,1,0,0,0,99"]
    file = parse_settlement(text([*HEAD[:3], "currency,JPY", HEAD[4]], "99", rows), NOW)
    assert file.total == Money(99, "JPY")


@given(st.text() | st.text(alphabet="capture,\n\r\"'0123456789.-+;=@\t\x00", max_size=300))
def test_any_text_is_read_or_refused_with_a_line(anything: str) -> None:
    for wrong in (anything, text(rows=[anything]), "\n".join([*HEAD, anything])):
        assert line_at_fault(wrong) >= 1


def line_at_fault(wrong: str) -> int:
    """1 for a file that can be read."""
    try:
        parse_settlement(wrong, NOW)
    except SettlementFileInvalid as error:
        return error.line
    return 1
