"""The journal as Parquet: one row a posting, with our own account names; needs the extra `parquet`."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from domain.history import Positioned
from interfaces.books.decimal_text import decimal_text
from interfaces.books.posted import PostedEntry

DECIMALS = 4
"""Of every amount in the file, which has one type for all of them: the most that a currency has."""


class ParquetMissing(Exception):
    """pyarrow is not installed."""


def write_parquet(path: Path, batches: Iterable[Sequence[Positioned]]) -> Iterator[int]:
    """Write the file, and give after each batch how far in the store it has come. Raises ParquetMissing."""
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise ParquetMissing("Parquet needs pyarrow: pip install 'tallystick[parquet]'") from None
    schema = _schema(arrow)
    with parquet.ParquetWriter(path, schema) as writer:
        for batch in batches:
            if batch:
                rows = [row for positioned in batch for row in _rows(PostedEntry.of(positioned))]
                writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
                yield batch[-1].position


def _schema(arrow: Any) -> Any:
    text, code = arrow.string(), arrow.dictionary(arrow.int32(), arrow.string())
    columns = [
        *(("entry", text), ("payment", text), ("merchant", code), ("cause", code), ("cause_version", arrow.int32())),
        *(("position", arrow.int64()), ("recorded_at", arrow.timestamp("us", tz="UTC")), ("line", arrow.int16())),
        *(("account", code), ("currency", code), ("debit", arrow.decimal128(38, DECIMALS))),
        *(("credit", arrow.decimal128(38, DECIMALS)), ("debit_minor", arrow.int64()), ("credit_minor", arrow.int64())),
    ]
    return arrow.schema(columns)


def _rows(entry: PostedEntry) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(entry.postings, start=1):
        debit, credit = max(line.signed_minor, 0), max(-line.signed_minor, 0)
        yield {
            **entry.reference._asdict(),
            "recorded_at": entry.recorded_at,
            "line": number,
            "account": line.account,
            "currency": line.amount.currency,
            "debit": Decimal(decimal_text(debit, line.amount.currency)),
            "credit": Decimal(decimal_text(credit, line.amount.currency)),
            "debit_minor": debit,
            "credit_minor": credit,
        }
