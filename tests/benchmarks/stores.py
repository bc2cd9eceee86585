"""A store filled quickly with any number of payments: rows as the append function would have left them."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from struct import Struct as Packing
from typing import Any
from uuid import UUID

import psycopg

from domain.identifiers import MerchantId, PaymentId
from domain.ledger.entry import entry_id_for
from infrastructure.postgres.locks import APPEND
from tests.benchmarks.templates import BEGUN_AT, WINDOW_DAYS, ClaimTemplate, EventTemplate, Template, minute, templates
from tests.support.store import as_owner

MERCHANTS = tuple(MerchantId(f"mer_bench{number:02}") for number in range(20))
TEMPLATES = 300
AT_ONCE = 64
"""Payments whose appends interleave, all within one minute."""
CHUNK = 50 * AT_ONCE

_LOCK = "SELECT pg_advisory_xact_lock(%s)"
_HEAD = """
SELECT coalesce((SELECT max(notification_id) FROM stored_events), 0),
       coalesce((SELECT max(claimed_at) FROM operation_claim), %s)
"""
_WITHOUT_INDEXES = """
ALTER TABLE stored_events DROP CONSTRAINT stored_events_pkey;
DROP INDEX stored_events_notification_id_idx;
ALTER TABLE operation_claim DROP CONSTRAINT operation_claim_pkey;
DROP INDEX operation_claim_key;
"""
_WITH_INDEXES = """
SET LOCAL maintenance_work_mem = '512MB';
ALTER TABLE stored_events ADD PRIMARY KEY (originator_id, originator_version);
CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id ASC);
ALTER TABLE operation_claim ADD PRIMARY KEY (operation_id);
CREATE UNIQUE INDEX operation_claim_key ON operation_claim (merchant_id, key) WHERE key IS NOT NULL;
"""
_COPY_EVENTS = """
COPY stored_events (originator_id, originator_version, topic, state, notification_id) FROM STDIN (FORMAT binary)
"""
_COPY_CLAIMS = """
COPY operation_claim (
    operation_id, merchant_id, payment_id, verb, key, fingerprint, unresolved, status, body, position, claimed_at
) FROM STDIN (FORMAT binary)
"""
_DRAW_POSITIONS = "SELECT setval('stored_events_notification_id_seq', %s)"
_ADD_TO_BALANCE = """
INSERT INTO account_balance AS b (account, currency, balance_minor) VALUES (%s, %s, %s)
ON CONFLICT (account, currency) DO UPDATE SET balance_minor = b.balance_minor + excluded.balance_minor
"""
_ADD_MERCHANT = "INSERT INTO merchant (merchant_id, name) VALUES (%s, 'Benchmark') ON CONFLICT DO NOTHING"
_SETTLE_DOWN = "VACUUM (ANALYZE) stored_events, operation_claim, account_balance"

# The binary format of COPY: a count of fields, and each with its length before it.
_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_STREAM = Packing("!hi16siq")
_LENGTH = Packing("!i")
_BIGINT = Packing("!iq")
_CLAIM = Packing("!hi16s")
_UUID = Packing("!i16s")
_STATUS = Packing("!i?ih")
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=BEGUN_AT.tzinfo)

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]


def fill(
    database_url: str,
    *,
    payments: int,
    merchants: Sequence[MerchantId] = MERCHANTS,
    count: int = TEMPLATES,
    seed: int = 1,
) -> int:
    """Add `payments` payments, in the mix of `templates`, to a migrated store that nobody else writes to.

    A minute of the books holds AT_ONCE of them. A merchant that stands in `merchants` more often has more of them; of
    `count` different ones, each with its customer, the others are copies. Gives the number of events; their positions
    follow one another.
    """
    chance = random.Random(seed)
    made = templates(merchants, count=count, seed=seed)
    with psycopg.connect(as_owner(database_url), autocommit=True) as connection:
        with connection.transaction():
            connection.execute(_LOCK, (APPEND,))
            [(head, last_at)] = connection.execute(_HEAD, (BEGUN_AT,)).fetchall()
            connection.execute(_WITHOUT_INDEXES)
            filling = _Filling(chance, made, head, last_at)
            chunks = [CHUNK] * (payments // CHUNK) + [payments % CHUNK]
            with ThreadPoolExecutor(1) as ahead:  # Makes the next rows while Postgres takes these in.
                coming = ahead.submit(filling.rows, chunks.pop())
                while True:
                    events, claims = coming.result()
                    more = bool(chunks)
                    if more:
                        coming = ahead.submit(filling.rows, chunks.pop())
                    _copy(connection, _COPY_EVENTS, events)
                    _copy(connection, _COPY_CLAIMS, claims)
                    if not more:
                        break
            connection.execute(_WITH_INDEXES)
            connection.execute(_DRAW_POSITIONS, (filling.position,))
            connection.cursor().executemany(_ADD_TO_BALANCE, filling.balances())
            connection.cursor().executemany(_ADD_MERCHANT, [(merchant,) for merchant in set(merchants)])
        connection.execute(_SETTLE_DOWN)
    return filling.added


class _Filling:
    """Goes on from one chunk of payments to the next, in the books' time and in positions."""

    def __init__(self, chance: random.Random, made: list[Template], position: int, last_at: datetime) -> None:
        self.position = position
        self._head = position
        self._chance = chance
        self._made = made
        self._taken: Counter[int] = Counter()
        self._begun_at = last_at.astimezone(BEGUN_AT.tzinfo)

    @property
    def added(self) -> int:
        return self.position - self._head

    def rows(self, payments: int) -> tuple[list[bytes], list[bytes]]:
        """The events and the claims of so many payments, as COPY takes them."""
        events: list[bytes] = []
        claims: list[bytes] = []
        while payments:
            block = min(AT_ONCE, payments)
            self._block(block, events, claims)
            payments -= block
        return events, claims

    def balances(self) -> Iterator[tuple[str, str, int]]:
        totals: Counter[tuple[str, str]] = Counter()
        for number, times in self._taken.items():
            for change in self._made[number].changes:
                totals[change.key] += change.change_minor * times
        return ((account, currency, minor) for (account, currency), minor in totals.items())

    def _block(self, payments: int, events: list[bytes], claims: list[bytes]) -> None:
        self._begun_at += timedelta(minutes=1)
        ms = int(self._begun_at.timestamp() * 1000)
        claimed_at = _LENGTH.pack(8) + int((self._begun_at - _POSTGRES_EPOCH).total_seconds() * 1_000_000).to_bytes(8)
        times = [minute(at).encode() for at in (self._begun_at, self._begun_at + timedelta(days=WINDOW_DAYS))]
        drawn = [self._chance.randrange(len(self._made)) for _ in range(payments)]
        self._taken.update(drawn)
        own = [_own_values(self._chance, self._made[number], ms + place, times) for place, number in enumerate(drawn)]
        reached: list[list[int]] = [[] for _ in drawn]
        for step in range(max(len(self._made[number].appends) for number in drawn)):
            for place, number in enumerate(drawn):
                template = self._made[number]
                if step < len(template.appends):
                    streams, values = own[place]
                    for event in template.appends[step]:
                        self.position += 1
                        events.append(_event_row(event, streams, values, self.position))
                    reached[place].append(self.position)
        for place, number in enumerate(drawn):
            streams, values = own[place]
            for claim in self._made[number].claims:
                claims.append(_claim_row(claim, streams, values, reached[place][claim.answered]) + claimed_at)


def _own_values(
    chance: random.Random, template: Template, ms: int, times: list[bytes]
) -> tuple[list[bytes], list[bytes]]:
    """A payment's ids, its entries' after all others, and its values in the order of `templates._places`."""
    streams: list[bytes] = []
    values: list[bytes] = []
    payment_id = UUID(int=0)
    for place in range(template.ids):
        random_bits = chance.getrandbits(74)
        number = ms << 80 | 7 << 76 | (random_bits >> 62) << 64 | 2 << 62 | random_bits & (1 << 62) - 1
        if place == _PAYMENT:
            payment_id = UUID(int=number)
        digits = f"{number:032x}"
        streams.append(number.to_bytes(16))
        values += [_hyphenated(digits), digits.encode(), _base32(number) if place in template.told else b""]
    for version in template.entry_versions:
        entry_id = entry_id_for(PaymentId(payment_id), version)
        streams.append(entry_id.bytes)
        values.append(str(entry_id).encode())
    return streams, values + times


_PAYMENT = 2
"""The place of the payment's own id: the request's two ids are drawn before it."""


def _hyphenated(digits: str) -> bytes:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}".encode()


def _base32(number: int) -> bytes:
    """As in a TypeID."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)]).encode()


def _event_row(event: EventTemplate, streams: list[bytes], values: list[bytes], position: int) -> bytes:
    state = event.state.of(values)
    return b"".join(
        (
            _STREAM.pack(5, 16, streams[event.stream], 8, event.version),
            _field(event.topic),
            _LENGTH.pack(len(state)),
            state,
            _BIGINT.pack(8, position),
        )
    )


def _claim_row(claim: ClaimTemplate, streams: list[bytes], values: list[bytes], position: int) -> bytes:
    """All but the last column, `claimed_at`."""
    return b"".join(
        (
            _CLAIM.pack(11, 16, streams[claim.operation]),
            _field(claim.merchant_id),
            _UUID.pack(16, streams[_PAYMENT]),
            _field(claim.verb),
            _field(claim.key.of(values)),
            _field(claim.fingerprint),
            _STATUS.pack(1, False, 2, claim.status),
            _field(claim.body.of(values)),
            _BIGINT.pack(8, position),
        )
    )


def _field(of: bytes) -> bytes:
    return _LENGTH.pack(len(of)) + of


def _copy(connection: psycopg.Connection[Any], statement: str, rows: Iterable[bytes]) -> None:
    with connection.cursor().copy(statement.encode()) as copy:
        copy.write(_BEGIN)
        copy.write(b"".join(rows))
        copy.write(_END)
